import { readFileSync } from 'node:fs';
import { cp, mkdtemp, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readManifest } from '../brokers/local/manifest.ts';
import { ConfigError } from '../core/errors.ts';
import { createCodec } from '../formats/index.ts';
import { operatorRegistry } from '../operators/index.ts';
import type { FixValues } from '../quarantine/fix.ts';
import { TopologyDriver } from '../testing/topology-driver.ts';
import { defineTopology, planTopology, type TopologySpec } from '../topology/index.ts';
import type { Plan } from '../topology/plan.ts';

const MAX_FIX_BYTES = 1024 * 1024;

/** A fix is a file with `steps:` as a topology has them; they see one JSON value after another and keep no state. */
export function loadFix(path: string): Promise<FixValues> {
  const text = readFileSync(path, 'utf8');
  if (text.length > MAX_FIX_BYTES) throw new ConfigError(`${path} is larger than a fix can be`, { code: 'fix-file' });
  const file: unknown = parse(text, { maxAliasCount: 100, schema: 'core', uniqueKeys: true });
  if (typeof file !== 'object' || file === null || !Array.isArray((file as { steps?: unknown }).steps))
    throw new ConfigError(`${path}: expected \`steps:\` with a list, as in a topology`, { code: 'fix-file' });
  const plan = planTopology(
    defineTopology({
      name: 'fix',
      input: { topic: 'in', format: 'json' },
      steps: (file as { steps: TopologySpec['steps'] }).steps, // judged by the planner
      output: { topic: 'out' },
      quarantine: 'none',
    }),
    { operators: operatorRegistry(), formats: createCodec, onePartition: true },
  );
  return Promise.resolve((values) => runFix(plan, values));
}

async function runFix(plan: Plan, values: readonly string[]): Promise<readonly (string | undefined)[]> {
  const driver = new TopologyDriver(plan);
  driver.feed('in', values);
  await driver.end();
  const fixed: (string | undefined)[] = new Array(values.length).fill(undefined);
  for (const { value, headers } of driver.read('out')) {
    const origin = headers.find(({ name }) => name === 'sluice-origin')?.value;
    if (value === null || origin == null) continue;
    fixed[JSON.parse(Buffer.from(origin).toString()).offset] = Buffer.from(value).toString();
  }
  return fixed;
}

/**
 * A folder in which a replay may be tried: the state of `dir`, and outputs of the same length that take no space. What a
 * replay does there is what it would do here. The caller removes it.
 */
export async function trialFolder(dir: string, topology: string): Promise<string> {
  const trial = await mkdtemp(join(tmpdir(), 'sluice-trial-'));
  const home = join('.sluice', topology);
  const isOurs = (path: string) => !/[\\/](lock|replays)(\.|$)/.test(path);
  await cp(join(dir, home), join(trial, home), { recursive: true, filter: isOurs });
  const manifest = await readManifest(join(trial, home, 'manifest'));
  for (const [file, length] of Object.entries(manifest?.outputs ?? {})) {
    if (file.startsWith('.sluice/')) continue;
    await using output = await open(join(trial, file), 'w');
    await output.truncate(length);
  }
  return trial;
}
