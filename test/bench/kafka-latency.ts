import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startKafka } from '../support/kafka/cluster.ts';
import { FastProducer } from '../support/kafka/fast-producer.ts';
import { createTopic, topicName, until } from '../support/kafka/topics.ts';
import { fillTopic } from './orders/fill-topic.ts';
import { benchCache, makeOrders } from './orders/input.ts';
import { LatencyReader, sendPaced } from './orders/latency.ts';
import { cli, runTopicJob, writeTopology } from './orders/topic-job.ts';
import type { BenchOptions, Table } from './table.ts';

const PARTITIONS = 4;
const LOAD_RATIO = 0.7;
/** Sent first, so that the task is there and its code compiled: not counted. */
const WARM_UP_RATIO = 0.3;
const MOST_SECONDS = 20;
const QUIET_MS = 2000;

const VARIANTS = [
  { name: 'by default', settings: '' },
  { name: 'commit: { every: 10ms }', settings: 'commit: { every: 10ms }' },
] as const;

/**
 * How long after it fell due at its producer a record is there for readers of committed data, at 70 % of the rate at which the
 * same job has just read its whole input: producer, two brokers' hops, the job, its transaction and the reader together.
 * Everything shares one machine.
 */
export async function run(options: BenchOptions): Promise<Table> {
  const { file } = makeOrders(options);
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const cluster = await startKafka({ optimized: true });
  const [broker = ''] = cluster.brokers;
  const rows: (string | number)[][] = [];
  try {
    for (const variant of VARIANTS) {
      if (options.only.length > 0 && !options.only.includes(variant.name)) continue;
      const most = await mostPerSecond(cluster.brokers, { file, records: lines.length, settings: variant.settings });
      const rate = Math.round(most * LOAD_RATIO);
      const delays = await delaysAt(rate, { broker, settings: variant.settings, lines });
      const at = (share: number) =>
        delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN;
      rows.push([variant.name, rate, at(0.5), at(0.99), at(0.999), at(1), delays.length]);
    }
  } finally {
    await cluster.close();
  }
  return {
    title: 'Latency of the reference job, exactly once',
    columns: ['variant', 'records/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'records'],
    rows,
    notes: [
      `seed ${options.seed}, ${PARTITIONS} partitions, ${LOAD_RATIO * 100} % of the rate of a run of ${lines.length} records just before; counted after a warm-up, and every committed record was read`,
    ],
  };
}

interface Sought {
  readonly file: string;
  readonly records: number;
  readonly settings: string;
}

async function mostPerSecond(brokers: readonly string[], { file, records, settings }: Sought): Promise<number> {
  const topic = topicName('orders-raw');
  await createTopic(brokers, topic, { partitions: PARTITIONS });
  await fillTopic(file, { brokers, topic, partitions: PARTITIONS });
  const { seconds } = runTopicJob({ brokers, name: topicName('orders'), input: topic, settings, cache: benchCache });
  return records / seconds;
}

interface Paced {
  readonly broker: string;
  readonly settings: string;
  readonly lines: readonly string[];
}

/** Milliseconds, smallest first. */
async function delaysAt(rate: number, { broker, settings, lines }: Paced): Promise<Float64Array> {
  const input = topicName('orders-raw');
  const name = topicName('orders');
  const output = `${name}.curated`;
  await createTopic([broker], input, { partitions: PARTITIONS });
  const folder = mkdtempSync(join(benchCache, 'latency-'));
  const topology = writeTopology(folder, { name, input, settings });
  const env = { ...process.env, KAFKA_BROKERS: broker };
  await once(spawn(process.execPath, [cli, 'topics', topology, '--create'], { env, stdio: 'ignore' }), 'exit');
  const producer = await FastProducer.connect(broker, { topic: input, partitions: PARTITIONS });
  const reader = await LatencyReader.connect(broker, output, PARTITIONS);
  const child = spawn(process.execPath, [cli, 'run', topology, '--json', '--quiet'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const summary = text(child.stdout);
  try {
    const warmUp = Math.floor(Math.min(lines.length, rate * MOST_SECONDS) * WARM_UP_RATIO);
    await sendPaced(producer, lines.slice(0, 1), rate);
    await until('the first output', () => Promise.resolve(reader.seen > 0 || child.exitCode !== null));
    await sendPaced(producer, lines.slice(1, warmUp), rate);
    await reader.quiet(QUIET_MS);
    reader.take();
    await sendPaced(producer, lines.slice(warmUp, rate * MOST_SECONDS), rate);
    await reader.quiet(QUIET_MS);
    child.kill('SIGTERM');
    const { curated } = JSON.parse(await summary);
    if (curated !== reader.seen) throw new Error(`${reader.seen} records were read, ${curated} committed`);
    return reader.take();
  } finally {
    child.kill('SIGKILL');
    await Promise.all([producer.close(), reader.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}
