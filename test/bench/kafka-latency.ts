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
import { type Latencies, LatencyReader } from './orders/latency.ts';
import { Busy, LEAST_RATE, sendPaced, sendUntilLoad } from './orders/load.ts';
import { cli, writeTopology } from './orders/topic-job.ts';
import type { BenchOptions, Table } from './table.ts';

const PARTITIONS = 4;
const LOAD = 0.7;
/** What was counted at another load than this is counted again, at another rate, so many times at most. */
const LOAD_TOLERANCE = 0.02;
const MOST_COUNTS = 3;
/** Enough to find the rate, and to stay at it for a while. */
const LEAST_RECORDS = 8_000_000;
/** At the rate that was found: before anything is counted, and while it is, which is as long as every task takes a checkpoint in. */
const SETTLING_SECONDS = 1;
const COUNTED_SECONDS = 10;
/** The broker compiles what it does often; it does so in the first ones. */
const ROUNDS = 3;
const QUIET_MS = 2000;

const VARIANTS = [
  { name: 'by default', settings: '' },
  { name: 'commit: { every: 10ms }', settings: 'commit: { every: 10ms }' },
] as const;

/**
 * How long after it fell due at its producer a record is there for readers of committed data, when the machine is busy for 70 % of
 * its time with producer, broker, the job, its transactions and the readers; and how much later than its original was there for
 * readers of the input, which is what the job has added. The rate is found just before, in the same processes, and corrected where
 * the machine turns out to be busier, or less busy, over the longer time that is counted.
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
    columns: ['variant', 'records/s', 'busy %', 'p50 ms', 'added', 'p99 ms', 'added', 'max ms', 'added', 'records'],
    rows,
    notes: [
      `seed ${options.seed}, ${PARTITIONS} partitions; at the rate at which the machine is ${LOAD * 100} % busy, or the least or last tried where it is at none; the last of ${ROUNDS} rounds, in which every committed record was read`,
    ],
  };
}

interface Measuring {
  readonly broker: string;
  readonly settings: string;
  readonly lines: FileLines;
}

interface Measured extends Latencies {
  readonly rate: number;
  /** Share of the time of all cores, while it was counted. */
  readonly busy: number;
}

function rowOf(name: string, { rate, busy, total, added }: Measured): (string | number)[] {
  const at = (sorted: Float64Array, share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  const shares = [0.5, 0.99, 1].flatMap((share) => [at(total, share), at(added, share)]);
  return [name, rate, Math.round(100 * busy), ...shares, total.length];
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
  const reader = await LatencyReader.connect(broker, {
    input,
    output: `${name}.curated`,
    partitions: PARTITIONS,
    records: lines.length,
  });
  const child = spawn(process.execPath, [cli, 'run', topology, '--json', '--quiet'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const summary = text(child.stdout);
  try {
    await sendPaced(producer, lines, { from: 0, to: 1, perSecond: 1 });
    await until('the first output', () => Promise.resolve(reader.seen > 0 || child.exitCode !== null));
    let { perSecond: rate, next } = await sendUntilLoad(producer, lines, { from: 1, to: lines.length, load: LOAD });
    const send = async (seconds: number) => {
      const to = next + Math.round(seconds * rate);
      if (to > lines.length) throw new Error(`the last record was sent, at ${rate} a second`);
      await sendPaced(producer, lines, { from: next, to, perSecond: rate });
      next = to;
    };
    const count = async (): Promise<Measured> => {
      await send(SETTLING_SECONDS);
      await reader.quiet(QUIET_MS);
      reader.take();
      const cores = new Busy();
      await send(COUNTED_SECONDS);
      const busy = cores.share;
      await reader.quiet(QUIET_MS);
      return { rate, busy, ...reader.take() };
    };
    let counted = await count();
    for (let again = 1; again < MOST_COUNTS && Math.abs(counted.busy - LOAD) > LOAD_TOLERANCE; again++) {
      rate = Math.max(LEAST_RATE, Math.round((rate * LOAD) / counted.busy));
      counted = await count();
    }
    child.kill('SIGTERM');
    const committed = JSON.parse(await summary).curated;
    if (committed !== reader.seen) throw new Error(`${reader.seen} records were read, ${committed} committed`);
    return counted;
  } finally {
    child.kill('SIGKILL');
    await Promise.all([producer.close(), reader.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}
