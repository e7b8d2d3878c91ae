import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchWriter,
  CODECS,
  type Codec,
  fetchRecords,
  headerName,
  kafkajsModule,
  produce,
  RecordReader,
  replaceRequestQueueTimer,
} from '../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { NO_HEADERS } from '../../src/core/record.ts';
import { type KafkaCluster, startKafka } from '../support/kafka/cluster.ts';
import { createTopic, plainClient, topicName } from '../support/kafka/topics.ts';
import { connectNode, type TestNode } from '../support/kafka/wire-node.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const BATCH = 3000;
const VALUE_BYTES = 240;
const ORIGIN = headerName('sluice-origin');
const TIME = 1_700_000_000_000;

/** CPU and wall time of one job. */
interface Sample {
  readonly cpuUs: number;
  readonly perSecond: number;
}

interface Job {
  readonly name: string;
  /** Handles `records` records and says how many it verified. */
  run(records: number): Promise<number>;
}

/**
 * The wire layer beside stock kafkajs in one sitting: encoding and decoding in memory (client CPU only), producing to and
 * consuming from a broker of its own beside it. Records of 240 bytes, one partition, 3,000 a batch.
 */
export async function run(options: BenchOptions): Promise<Table> {
  const records = Math.min(options.records, 1_000_000);
  const cluster = await startKafka({ optimized: true });
  const node = await connectNode(cluster.brokers[0]!);
  const rows: (string | number)[][] = [];
  try {
    const jobs = await makeJobs(cluster, node);
    for (const job of jobs) {
      if (options.only.length > 0 && !options.only.includes(job.name)) continue;
      const count = job.name.startsWith('kafkajs') ? Math.ceil(records / 4) : records;
      await job.run(BATCH * 10);
      const samples: Sample[] = [];
      for (let i = 0; i < options.runs; i++) samples.push(await measure(job, count));
      rows.push([job.name, median(samples.map((s) => s.cpuUs)), Math.round(median(samples.map((s) => s.perSecond)))]);
    }
  } finally {
    await node.disconnect();
    await cluster.close();
  }
  return {
    title: 'Kafka wire layer',
    columns: ['job', 'client CPU µs a record', 'records/s'],
    rows,
    notes: [
      `${records.toLocaleString('en-US')} records (a quarter for kafkajs) of ${VALUE_BYTES} bytes, ${BATCH} a batch, broker on the same machine, ${options.runs} runs, median; every consumer's count is verified`,
    ],
  };
}

async function measure(job: Job, records: number): Promise<Sample> {
  await sleep(50); // what the last one left to do
  const cpu = process.cpuUsage();
  const start = performance.now();
  const verified = await job.run(records);
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  if (verified !== records) throw new Error(`${job.name}: ${verified} of ${records} records`);
  return { cpuUs: (used.user + used.system) / records, perSecond: records / seconds };
}

const values = Array.from({ length: BATCH }, (_, i) =>
  JSON.stringify({ id: `order-${i}`, amount: (i * 7919) % 1000, country: ['DE', 'FR', 'US'][i % 3], note: 'x' }).padEnd(
    VALUE_BYTES,
  ),
);
const keys = values.map((_, i) => Buffer.from(`order-${i}`));
const buffers = values.map((value) => Buffer.from(value));

function writeBatch(codec: Codec, count: number): Buffer[] {
  const writer = new BatchWriter({ maxBytes: 1_000_000, codec });
  for (let i = 0; i < count; i++) {
    writer.begin(TIME + i, keys[i]!, buffers[i]!);
    writer.header(ORIGIN, '{"topic":"orders.raw","partition":0,"offset":1234}');
    writer.end();
  }
  return writer.finish().map((batch) => batch.seal());
}

async function makeJobs(cluster: KafkaCluster, node: TestNode): Promise<readonly Job[]> {
  const stockBatch = stockEncoder();
  const stockDecode = stockDecoder();
  const full = topicName('full');
  await createTopic(cluster.brokers, full);
  let filled = 0;
  const fill = async (records: number) => {
    for (; filled < records; filled += BATCH)
      for (const batch of writeBatch('none', BATCH)) await send(node, full, batch);
  };
  return [
    ...CODECS.map((codec) => ({
      name: `encode, ${codec}`,
      run: (n: number) => inBatches(n, async (k) => void writeBatch(codec, k)),
    })),
    { name: 'kafkajs: encode, none', run: (n) => inBatches(n, (k) => stockBatch(k)) },
    ...CODECS.map((codec) => ({ name: `decode, ${codec}`, run: (n: number) => decodeJob(n, codec) })),
    { name: 'kafkajs: decode, none', run: (n) => inBatches(n, (k) => stockDecode(writeBatch('none', k)[0]!)) },
    { name: 'produce', run: (n) => produceJob(n, node, cluster) },
    { name: 'kafkajs: produce', run: (n) => stockProduce(n, cluster) },
    { name: 'consume', run: (n) => fill(n).then(() => consumeJob(n, node, full)) },
    { name: 'kafkajs: consume', run: (n) => fill(n).then(() => stockConsume(n, cluster, full)) },
  ];
}

async function inBatches(records: number, one: (count: number) => Promise<unknown>): Promise<number> {
  let done = 0;
  for (; done < records; done += Math.min(BATCH, records - done)) await one(Math.min(BATCH, records - done));
  return done;
}

const cached = new Map<Codec, Buffer>();

/** One batch, decoded again and again. */
async function decodeJob(records: number, codec: Codec): Promise<number> {
  const batch = cached.get(codec) ?? writeBatch(codec, BATCH)[0]!;
  cached.set(codec, batch);
  let bytes = 0;
  let seen = 0;
  const sink = {
    record: (_o: number, _t: number, _k: unknown, value: Buffer | null) => {
      bytes += value?.length ?? 0;
    },
  };
  while (seen < records) seen += new RecordReader(batch, { where: 'bench', from: 0 }).read(sink, records - seen);
  return bytes === seen * VALUE_BYTES ? seen : -1;
}

function send(node: TestNode, topic: string, batch: Buffer): Promise<unknown> {
  return produce(node, [{ topic, partition: 0, batch }], { transactionalId: null, acks: -1, timeoutMs: 30_000 });
}

/** One batch in flight while the next is written. */
async function produceJob(records: number, node: TestNode, cluster: KafkaCluster): Promise<number> {
  replaceRequestQueueTimer(systemClock);
  const topic = topicName('bench');
  await createTopic(cluster.brokers, topic);
  let flying: Promise<unknown> = Promise.resolve();
  const done = await inBatches(records, async (count) => {
    const batches = writeBatch('none', count);
    await flying;
    flying = Promise.all(batches.map((batch) => send(node, topic, batch)));
  });
  await flying;
  return done;
}

async function consumeJob(records: number, node: TestNode, topic: string): Promise<number> {
  const limits = { maxWaitMs: 100, minBytes: 1, maxBytes: 4_000_000, isolation: 'read_committed' } as const;
  const ask = (offset: number) => fetchRecords(node, [{ topic, partition: 0, offset, maxBytes: 2_000_000 }], limits);
  let seen = 0;
  let bytes = 0;
  const sink = {
    record: (_o: number, _t: number, _k: unknown, value: Buffer | null, headers: { readonly size: number }) => {
      if (headers !== NO_HEADERS) bytes += value?.length ?? 0;
    },
  };
  for (let from = 0; seen < records; ) {
    const [fetched] = await ask(from);
    const reader = new RecordReader(fetched!.records, { where: topic, from });
    seen += reader.read(sink, records - seen);
    from = reader.next;
  }
  return bytes === seen * VALUE_BYTES ? seen : -1;
}

const stockMessages = keys.map((key, i) => ({
  key,
  value: buffers[i]!,
  timestamp: String(TIME + i),
  headers: { 'sluice-origin': '{"topic":"orders.raw","partition":0,"offset":1234}' },
}));

async function stockProduce(records: number, cluster: KafkaCluster): Promise<number> {
  const topic = topicName('bench');
  await createTopic(cluster.brokers, topic);
  const producer = plainClient(cluster.brokers).producer();
  await producer.connect();
  const done = await inBatches(records, (count) => producer.send({ topic, messages: stockMessages.slice(0, count) }));
  await producer.disconnect();
  return done;
}

async function stockConsume(records: number, cluster: KafkaCluster, topic: string): Promise<number> {
  const consumer = plainClient(cluster.brokers).consumer({
    groupId: topicName('bench'),
    maxBytesPerPartition: 2_000_000,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          seen += batch.messages.length;
          if (seen >= records) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return Math.min(seen, records);
}

function stockEncoder(): (count: number) => Promise<unknown> {
  const encodeRecord = kafkajsModule('protocol/recordBatch/record/v0/index.js') as (message: object) => unknown;
  const { RecordBatch } = kafkajsModule('protocol/recordBatch/v0/index.js') as {
    RecordBatch(batch: object): Promise<unknown>;
  };
  return (count) => {
    const records = stockMessages
      .slice(0, count)
      .map((message, i) => encodeRecord({ ...message, offsetDelta: i, timestampDelta: i }));
    return RecordBatch({ records, firstTimestamp: TIME, maxTimestamp: TIME + count, lastOffsetDelta: count - 1 });
  };
}

function stockDecoder(): (batch: Buffer) => Promise<unknown> {
  const Decoder = kafkajsModule('protocol/decoder.js') as new (bytes: Buffer) => object;
  const decode = kafkajsModule('protocol/recordBatch/v0/decoder.js') as (decoder: object) => Promise<unknown>;
  return (batch) => decode(new Decoder(batch));
}
