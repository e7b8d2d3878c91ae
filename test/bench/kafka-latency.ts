import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startKafka } from '../support/kafka/cluster.ts';
import { FastProducer } from '../support/kafka/fast-producer.ts';
import { createTopic, topicName, until } from '../support/kafka/topics.ts';
import { FileLines } from './orders/file-lines.ts';
import { benchCache, makeOrders } from './orders/input.ts';
import { LatencyReader, sendPaced, sendRising } from './orders/latency.ts';
import { cli, writeTopology } from './orders/topic-job.ts';
import type { BenchOptions, Table } from './table.ts';

const PARTITIONS = 4;
const LOAD = 0.7;
/** Enough to find the rate, and to stay at it for a while. */
const LEAST_RECORDS = 3_000_000;
/** At the rate that was found: before anything is counted, and while it is. */
const SETTLING_SECONDS = 1;
const COUNTED_SECONDS = 8;
/** The broker compiles what it does often; it does so in the first ones. */
const ROUNDS = 3;
const QUIET_MS = 2000;

const VARIANTS = [
  { name: 'by default', settings: '' },
  { name: 'commit: { every: 10ms }', settings: 'commit: { every: 10ms }' },
] as const;

/**
 * How long after it fell due at its producer a record is there for readers of committed data, when the machine is busy for 70 % of
 * its time with producer, broker, the job, its transactions and the reader. The rate is found just before, in the same processes.
 * A share of the greatest throughput would be no measure of load: batches grow with it, and a record gets cheaper.
 */
export async function run(options: BenchOptions): Promise<Table> {
  const { file } = makeOrders({ ...options, records: Math.max(options.records, LEAST_RECORDS) });
  const lines = new FileLines(file);
  const cluster = await startKafka({ optimized: true });
  const [broker = ''] = cluster.brokers;
  const rows: (string | number)[][] = [];
  try {
    for (let round = 1; round <= ROUNDS; round++)
      for (const { name, settings } of VARIANTS) {
        if (options.only.length > 0 && !options.only.includes(name)) continue;
        const measured = await measure({ broker, settings, lines });
        if (round === ROUNDS) rows.push(rowOf(name, measured));
      }
  } finally {
    await cluster.close();
  }
  return {
    title: 'Latency of the reference job, exactly once',
    columns: ['variant', 'records/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'records'],
    rows,
    notes: [
      `seed ${options.seed}, ${PARTITIONS} partitions; the rate at which the machine is ${LOAD * 100} % busy; the last of ${ROUNDS} rounds, in which every committed record was read`,
    ],
  };
}

interface Measuring {
  readonly broker: string;
  readonly settings: string;
  readonly lines: FileLines;
}

interface Measured {
  readonly rate: number;
  /** Milliseconds, smallest first. */
  readonly delays: Float64Array;
}

function rowOf(name: string, { rate, delays }: Measured): (string | number)[] {
  const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN;
  return [name, rate, at(0.5), at(0.99), at(0.999), at(1), delays.length];
}

async function measure({ broker, settings, lines }: Measuring): Promise<Measured> {
  const input = topicName('orders-raw');
  const name = topicName('orders');
  await createTopic([broker], input, { partitions: PARTITIONS });
  const folder = mkdtempSync(join(benchCache, 'latency-'));
  const topology = writeTopology(folder, { name, input, settings });
  const env = { ...process.env, KAFKA_BROKERS: broker };
  await once(spawn(process.execPath, [cli, 'topics', topology, '--create'], { env, stdio: 'ignore' }), 'exit');
  const producer = await FastProducer.connect(broker, { topic: input, partitions: PARTITIONS });
  const reader = await LatencyReader.connect(broker, `${name}.curated`, PARTITIONS);
  const child = spawn(process.execPath, [cli, 'run', topology, '--json', '--quiet'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const summary = text(child.stdout);
  try {
    await sendPaced(producer, lines, { from: 0, to: 1, perSecond: 1 });
    await until('the first output', () => Promise.resolve(reader.seen > 0 || child.exitCode !== null));
    const { perSecond: rate, next } = await sendRising(producer, lines, { from: 1, to: lines.length, load: LOAD });
    const settled = next + SETTLING_SECONDS * rate;
    await sendPaced(producer, lines, { from: next, to: settled, perSecond: rate });
    await reader.quiet(QUIET_MS);
    reader.take();
    await sendPaced(producer, lines, { from: settled, to: settled + COUNTED_SECONDS * rate, perSecond: rate });
    await reader.quiet(QUIET_MS);
    const delays = reader.take();
    child.kill('SIGTERM');
    const committed = JSON.parse(await summary).curated;
    if (committed !== reader.seen) throw new Error(`${reader.seen} records were read, ${committed} committed`);
    return { rate, delays };
  } finally {
    child.kill('SIGKILL');
    await Promise.all([producer.close(), reader.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}
