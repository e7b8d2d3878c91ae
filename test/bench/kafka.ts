import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { partitionOf } from '../../src/core/murmur2.ts';
import { dataPath } from '../data.ts';
import { startKafka } from '../support/kafka/cluster.ts';
import { deliver } from '../support/kafka/deliver.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { createTopic, topicName } from '../support/kafka/topics.ts';
import { readTruth, type Truth, verify } from './orders/verify.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache', 'bench');
const cli = join(root, 'src', 'cli', 'main.ts');
const report = join(import.meta.dirname, 'orders', 'cpu-report.ts');
const PARTITIONS = 4;

interface Variant {
  readonly name: string;
  /** Lines added to orders.yaml. */
  readonly settings: string;
}

const VARIANTS: readonly Variant[] = [
  { name: 'exactly-once', settings: '' },
  { name: 'at-least-once', settings: 'guarantee: at-least-once' },
];

interface Sample {
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly peakMiB: number;
}

/**
 * The reference job from topic to topic: four partitions, broker from jars on the same machine, every run a process of its own
 * that reads to the end. CPU is the client's, all threads, start included; records/s from the run's own clock.
 * Outputs of the first run of each variant are read by kcat and held against the truth.
 */
export async function run(options: BenchOptions): Promise<Table> {
  const { file, truth } = orders(options);
  const cluster = await startKafka({ optimized: true });
  const input = 'orders.raw';
  const samples = new Map<string, Sample[]>();
  const verdicts = new Map<string, string>();
  const variants = VARIANTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  try {
    await createTopic(cluster.brokers, input, { partitions: PARTITIONS });
    await fill(cluster.brokers, input, file);
    for (let i = 0; i < options.runs; i++) {
      for (const variant of variants) {
        const { sample, name } = job(variant, cluster.brokers);
        samples.set(variant.name, [...(samples.get(variant.name) ?? []), sample]);
        if (i === 0) verdicts.set(variant.name, await verdict(cluster.brokers, name, truth));
      }
    }
  } finally {
    await cluster.close();
  }
  const rows = variants.map(({ name }) => {
    const of = (field: keyof Sample) => median((samples.get(name) ?? []).map((sample) => sample[field]));
    const perSecond = Math.round(truth.records / of('seconds'));
    return [name, (of('cpuSeconds') * 1e6) / truth.records, perSecond, of('peakMiB'), verdicts.get(name) ?? ''];
  });
  return {
    title: 'The reference job, topic to topic',
    columns: ['variant', 'client CPU µs/record', 'records/s', 'peak MiB', 'outputs'],
    rows,
    notes: [
      `seed ${truth.seed}, ${truth.records} records, ${PARTITIONS} partitions, ${options.runs} interleaved runs, median`,
    ],
  };
}

function orders(options: BenchOptions): { file: string; truth: Truth } {
  mkdirSync(cache, { recursive: true });
  const name = join(cache, `orders-${options.records}-${options.seed}`);
  if (!existsSync(`${name}.truth.json`)) {
    const args = [
      join(dataPath('../bench'), 'gen.py'),
      `${name}.ndjson`,
      String(options.records),
      String(options.seed),
    ];
    const made = spawnSync('python3', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (made.status !== 0) throw new Error(`the generator failed: ${args.join(' ')}`);
  }
  return { file: `${name}.ndjson`, truth: readTruth(`${name}.truth.json`) };
}

/** Key = id, partition as Java chooses it. */
async function fill(brokers: readonly string[], topic: string, file: string): Promise<void> {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const messages = lines.map((value) => {
    const key = /"id": ?"([^"]*)"/.exec(value)?.[1] ?? '';
    return { value, key, partition: partitionOf(Buffer.from(key), PARTITIONS) };
  });
  await deliver(brokers, topic, messages);
}

function job(variant: Variant, brokers: readonly string[]): { sample: Sample; name: string } {
  const name = topicName('orders');
  const folder = mkdtempSync(join(cache, 'kafka-'));
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), SLUICE_BENCH_REPORT: join(folder, 'cpu.json') };
  const topology = join(folder, 'orders.yaml');
  const text = readFileSync(join(dataPath('../examples'), 'orders.yaml'), 'utf8');
  const renamed = text.replace('name: orders', `name: ${name}`).replace('orders.curated', `${name}.curated`);
  writeFileSync(topology, `${renamed}\n${variant.settings}\n`);
  const sluice = (...args: readonly string[]) => {
    const child = spawnSync(process.execPath, ['--import', report, cli, ...args], { encoding: 'utf8', env });
    if (child.status !== 0) throw new Error(`${args.join(' ')} ended with ${child.status}: ${child.stderr}`);
    return child.stdout;
  };
  try {
    sluice('topics', topology, '--create');
    const summary = JSON.parse(sluice('run', topology, '--until-end', '--json', '--quiet'));
    const { cpuSeconds, peakMiB } = JSON.parse(readFileSync(join(folder, 'cpu.json'), 'utf8'));
    return { sample: { cpuSeconds, peakMiB, seconds: summary.seconds }, name };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function verdict(brokers: readonly string[], name: string, truth: Truth): Promise<string> {
  const folder = mkdtempSync(join(cache, 'verify-'));
  const dump = async (topic: string) => {
    const file = join(folder, `${topic}.ndjson`);
    const seen = await readTopic(brokers, `${name}.${topic}`);
    writeFileSync(file, seen.map(({ value }) => `${value}\n`).join(''));
    return file;
  };
  try {
    const problems = await verify({ curated: await dump('curated'), quarantine: await dump('quarantine') }, truth);
    return problems.length === 0 ? 'right' : `WRONG: ${problems.join('; ')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
