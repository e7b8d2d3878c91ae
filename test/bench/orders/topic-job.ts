import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { dataPath } from '../../data.ts';
import type { Sample } from './sample.ts';

const root = resolve(import.meta.dirname, '../../..');
export const cli = join(root, 'src', 'cli', 'main.ts');
const report = join(import.meta.dirname, 'cpu-report.ts');

export interface TopicJob {
  readonly brokers: readonly string[];
  /** Of the topology, the group and, with `.curated` and `.quarantine`, of the outputs. */
  readonly name: string;
  readonly input: string;
  /** Lines added to orders.yaml. */
  readonly settings: string;
  /** For what the run leaves behind. */
  readonly cache: string;
}

/**
 * orders.yaml from topic to topic, to the end of the input, by the command line. CPU is the process's, start included; seconds
 * are the run's own, from its start to its last commit, joining the group included.
 */
export function runTopicJob({ brokers, name, input, settings, cache }: TopicJob): Sample {
  const folder = mkdtempSync(join(cache, 'kafka-'));
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), SLUICE_BENCH_REPORT: join(folder, 'cpu.json') };
  const topology = writeTopology(folder, { name, input, settings });
  const sluice = (...args: readonly string[]) => {
    const child = spawnSync(process.execPath, ['--import', report, cli, ...args], { encoding: 'utf8', env });
    if (child.status !== 0) throw new Error(`${args.join(' ')} ended with ${child.status}: ${child.stderr}`);
    return child.stdout;
  };
  try {
    sluice('topics', topology, '--create');
    const summary = JSON.parse(sluice('run', topology, '--until-end', '--json', '--quiet'));
    const { cpuSeconds, peakMiB } = JSON.parse(readFileSync(join(folder, 'cpu.json'), 'utf8'));
    return { cpuSeconds, peakMiB, seconds: summary.seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** orders.yaml under another name and on another topic, with lines added. Gives the path. */
export function writeTopology(folder: string, job: Pick<TopicJob, 'name' | 'input' | 'settings'>): string {
  const { name, input, settings } = job;
  const topology = join(folder, 'orders.yaml');
  const text = readFileSync(join(dataPath('../examples'), 'orders.yaml'), 'utf8');
  const renamed = text
    .replace('name: orders', `name: ${name}`)
    .replace('orders.raw', input)
    .replace('orders.curated', `${name}.curated`);
  writeFileSync(topology, `${renamed}\n${settings}\n`);
  return topology;
}
