import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, readManifest } from '../brokers/local/manifest.ts';
import { StateFiles } from '../brokers/local/state-files.ts';
import { systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import type { CommitSamples, Counts, EventSample, RecordSample } from '../core/observer.ts';
import type { QuarantineEntry } from '../quarantine/entry.ts';
import { localQuarantine } from '../quarantine/local-quarantine.ts';
import { savedTotals } from '../runtime/task-state.ts';
import { LiveView } from '../telemetry/live-view.ts';
import type { RuleSpec } from '../telemetry/rule-book.ts';
import { describe, type PlanDescription } from '../topology/describe.ts';
import type { Plan } from '../topology/plan.ts';
import { graphOf, rulesOf } from './console-source.ts';

/** What a folder keeps of the plan that wrote it, so that a report needs no topology file. */
interface SavedPlan {
  readonly description: PlanDescription;
  readonly rules: readonly RuleSpec[];
  /** Values of these must not show: the report then leaves whole values out. */
  readonly hidden: readonly string[];
}

const MAX_ENTRIES = 200;
const MAX_EVENTS = 500;
/** Events are read from so far before the end of their file. */
const EVENT_BYTES = 4 * 1024 * 1024;

export async function savePlan(dir: string, plan: Plan): Promise<void> {
  const saved: SavedPlan = { description: describe(plan), rules: rulesOf(plan), hidden: plan.redact };
  const home = join(dir, '.sluice', plan.name);
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'plan.json'), JSON.stringify(saved));
}

/** Names of the topologies that have written to a folder. */
export async function topologiesIn(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(join(dir, '.sluice'))).sort();
  } catch (cause) {
    throw new ConfigError(`no run has written to ${dir}: give the folder of its outputs`, { code: 'no-run', cause });
  }
}

/** A view of everything a topology has written to a folder, since its first record. */
export async function folderView(dir: string, topology: string): Promise<LiveView> {
  const home = join(dir, '.sluice', topology);
  const manifest = await readManifest(join(home, 'manifest'));
  const saved = await readFile(join(home, 'plan.json'), 'utf8').catch(() => undefined); // an older run kept none
  if (manifest === undefined || saved === undefined)
    throw new ConfigError(`${dir} holds no finished commit of ${topology}`, { code: 'no-run' });
  const plan = JSON.parse(saved) as SavedPlan; // our own file
  const { description, rules } = plan;
  const live = new LiveView({
    clock: systemClock,
    topology,
    description: description.description,
    graph: graphOf(description),
    rules,
  });
  const samples: CommitSamples = {
    records: await records(dir, plan),
    events: await events(dir, description.events, manifest),
    inspections: [], // a kernel's looks are not kept
  };
  await report(live, manifest, { home, samples });
  return live;
}

/** Each task as one commit of all it ever did; the samples come with the first. */
async function report(
  live: LiveView,
  manifest: Manifest,
  { home, samples }: { readonly home: string; readonly samples: CommitSamples },
): Promise<void> {
  let rest: CommitSamples | undefined = samples;
  for (const [name, entry] of Object.entries(manifest.tasks)) {
    const [topology = '', stage = '', topic = '', partition = '0'] = name.split('/');
    const task = { topology, stage, topic, partition: Number(partition) };
    live.taskState(task, entry.ended ? 'ended' : 'closed');
    live.commit({
      topology,
      task,
      counts: await totals(home, entry.state),
      seconds: Number.NaN,
      position: entry.at.position,
      end: -1,
      streamTime: Number.NaN,
      stats: [],
      ...(rest === undefined ? {} : { samples: rest }),
    });
    rest = undefined;
  }
}

async function totals(home: string, refs: Manifest['tasks'][string]['state']): Promise<Counts> {
  const own = refs.filter(({ name }) => name.startsWith('~'));
  for await (const part of new StateFiles(join(home, 'state')).read(own, () => {})) {
    const found = savedTotals(part);
    if (found !== undefined) return found;
  }
  throw new ConfigError(`${home} holds no checkpoint of this version`, { code: 'no-run' });
}

async function records(dir: string, { description, hidden }: SavedPlan): Promise<readonly RecordSample[]> {
  if (description.quarantine === null) return [];
  const newest: QuarantineEntry[] = [];
  for await (const entry of localQuarantine({ dir, topology: description.name, topic: description.quarantine })) {
    newest.push(entry);
    if (newest.length > MAX_ENTRIES) newest.shift();
  }
  return newest.map(({ step, origin, time, findings, value }) => ({
    fate: 'quarantined',
    step,
    origin,
    time,
    findings,
    ...(typeof value !== 'string' || hidden.length > 0 ? {} : { value }),
  }));
}

async function events(dir: string, topic: string | null, { outputs }: Manifest): Promise<readonly EventSample[]> {
  const length = topic === null ? 0 : (outputs[`${topic}.ndjson`] ?? 0);
  if (length === 0) return [];
  const start = Math.max(0, length - EVENT_BYTES);
  await using file = await open(join(dir, `${topic}.ndjson`), 'r');
  const bytes = Buffer.alloc(length - start);
  await file.read(bytes, 0, bytes.length, start);
  const lines = bytes
    .toString()
    .split('\n')
    .slice(start === 0 ? 0 : 1, -1);
  return lines.slice(-MAX_EVENTS).map((line) => {
    const { type, source, time, data } = JSON.parse(line);
    return { type, step: String(source).split('/').at(-1) ?? '', data, ...(time === undefined ? {} : { time }) };
  });
}
