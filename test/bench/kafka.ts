import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startKafka } from '../support/kafka/cluster.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { createTopic, topicName, withAdmin } from '../support/kafka/topics.ts';
import { fillTopic } from './orders/fill-topic.ts';
import { benchCache, makeOrders } from './orders/input.ts';
import { NoKafkaStreams, runKafkaStreams } from './orders/kafka-streams.ts';
import type { Sample } from './orders/sample.ts';
import { runTopicJob } from './orders/topic-job.ts';
import { type Truth, verify } from './orders/verify.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const INPUT = 'orders.raw';
const PARTITIONS = 4;

interface Variant {
  readonly name: string;
  /** `name`: of the group and, with `.curated` and `.quarantine`, of the outputs. */
  run(brokers: readonly string[], name: string): Sample | Promise<Sample>;
}

const VARIANTS: readonly Variant[] = [
  sluice('exactly-once', ''),
  streams('kafka-streams exactly_once_v2', 'exactly_once_v2'),
  sluice('at-least-once', 'guarantee: at-least-once'),
  streams('kafka-streams at_least_once', 'at_least_once'),
];

function sluice(name: string, settings: string): Variant {
  return {
    name,
    run: (brokers, job) => runTopicJob({ brokers, name: job, input: INPUT, settings, cache: benchCache }),
  };
}

function streams(name: string, guarantee: 'exactly_once_v2' | 'at_least_once'): Variant {
  return {
    name,
    run: (brokers, job) => runKafkaStreams({ brokers, name: job, input: INPUT, partitions: PARTITIONS, guarantee }),
  };
}

interface Outcome {
  readonly samples: Sample[];
  verdict: string;
}

/**
 * The reference job from topic to topic: four partitions, broker from jars on the same machine, every run a process of its own
 * that reads to the end; the same job on Kafka Streams beside it. CPU is the client's, all threads, start included.
 * Outputs of the first run of each variant are read by kcat and held against the truth.
 */
export async function run(options: BenchOptions): Promise<Table> {
  const { file, truth } = makeOrders(options);
  const cluster = await startKafka({ optimized: true });
  const { brokers } = cluster;
  const variants = VARIANTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const outcomes = new Map(variants.map(({ name }): [string, Outcome] => [name, { samples: [], verdict: '' }]));
  try {
    await createTopic(brokers, INPUT, { partitions: PARTITIONS });
    await fillTopic(file, { brokers, topic: INPUT, partitions: PARTITIONS });
    for (let i = 0; i < options.runs; i++)
      for (const variant of variants) await measure(variant, brokers, outcomes.get(variant.name)!, truth);
  } finally {
    await cluster.close();
  }
  return {
    title: 'The reference job, topic to topic',
    columns: ['variant', 'client CPU µs/record', 'records/s', 'peak MiB', 'outputs'],
    rows: [...outcomes].map(([name, outcome]) => row(name, outcome, truth)),
    notes: [
      `seed ${truth.seed}, ${truth.records} records, ${PARTITIONS} partitions, ${options.runs} interleaved runs, median`,
      'records/s: Sluice by its own clock, joining the group included; Kafka Streams from its first to its last output by the broker’s clock, start left out',
    ],
  };
}

async function measure(variant: Variant, brokers: readonly string[], outcome: Outcome, truth: Truth): Promise<void> {
  const name = topicName('orders');
  try {
    const sample = await variant.run(brokers, name);
    if (outcome.samples.push(sample) === 1) outcome.verdict = await verdict(brokers, name, truth);
  } catch (error) {
    if (!(error instanceof NoKafkaStreams)) throw error;
    outcome.verdict = 'NOT RUN';
    console.error(`${variant.name} COULD NOT BE RUN: ${error.message}`);
  }
  await removeTopics(brokers, name);
}

function row(name: string, { samples, verdict }: Outcome, truth: Truth): (string | number)[] {
  if (samples.length === 0) return [name, '-', '-', '-', verdict];
  const of = (field: keyof Sample) => median(samples.map((sample) => sample[field]));
  const cpuUs = (of('cpuSeconds') * 1e6) / truth.records;
  return [name, cpuUs, Math.round(truth.records / of('seconds')), of('peakMiB'), verdict];
}

async function verdict(brokers: readonly string[], name: string, truth: Truth): Promise<string> {
  const folder = mkdtempSync(join(benchCache, 'verify-'));
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

/** A broker that keeps everything of earlier runs has less memory for the next. */
async function removeTopics(brokers: readonly string[], name: string): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(name));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  });
}
