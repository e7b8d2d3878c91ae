import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  CODECS,
  CommittedFilter,
  type Fetched,
  fetchRecords,
  produce,
  RecordReader,
  replaceRequestQueueTimer,
} from '../../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { describeWithKafka } from '../../../support/kafka/describe-kafka.ts';
import { readTopic } from '../../../support/kafka/read-topic.ts';
import { createTopic, topicName, until } from '../../../support/kafka/topics.ts';
import { connectNode, type TestNode } from '../../../support/kafka/wire-node.ts';
import { asText, readSome, type WireRecord, writeAll } from './records.ts';

const ALONE = { transactionalId: null, acks: -1, timeoutMs: 10_000 } as const;
const LIMITS = { maxWaitMs: 100, minBytes: 1, maxBytes: 20_000_000 };

const entry = (value: string, key: string | null = null) => ({
  timestamp: 1_700_000_000_000,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(value),
  headers: [],
});

async function fetchOne(node: TestNode, topic: string, offset: number, maxBytes = 1_000_000): Promise<Fetched> {
  const positions = [{ topic, partition: 0, offset, maxBytes }];
  const [fetched] = await fetchRecords(node, positions, { ...LIMITS, isolation: 'read_committed' });
  return fetched!;
}

/** Everything committed, read with many small fetches. */
async function readCommitted(node: TestNode, topic: string, maxBytes?: number): Promise<WireRecord[]> {
  const records: WireRecord[] = [];
  for (let from = 0; ; ) {
    const fetched = await fetchOne(node, topic, from, maxBytes);
    expect(fetched.code).toBe(0);
    const committed = new CommittedFilter(fetched.aborted);
    const reader = new RecordReader(fetched.records, { where: `${topic}/0`, from, committed });
    readSome(reader, records);
    from = reader.next;
    if (from >= fetched.lastStable) return records;
  }
}

async function rejection(promise: Promise<unknown>): Promise<{ readonly code?: unknown; readonly message: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not reject');
}

await describeWithKafka('produce and fetch', (brokers) => {
  let node: TestNode;
  const newTopic = async (config: Record<string, string> = {}) => {
    const topic = topicName('wire');
    await createTopic(brokers, topic, { config });
    return topic;
  };

  beforeAll(async () => {
    replaceRequestQueueTimer(systemClock);
    node = await connectNode(brokers[0]!);
  });
  afterAll(() => node?.disconnect());

  it.each(CODECS)(
    'records packed with %s are taken by the broker, and read the same by kcat and by us',
    async (codec) => {
      const topic = await newTopic();
      const records = Array.from({ length: 3000 }, (_, i) => ({
        timestamp: 1_700_000_000_000 + (i % 7) * 1000,
        key: i % 3 === 0 ? null : Buffer.from(`k${i}`),
        value: i % 11 === 0 ? null : Buffer.from(`välue ${i} `.repeat(i % 40)),
        headers: [],
      }));
      for (const batch of writeAll(records, { codec, maxBytes: 200_000 }))
        await produce(node, [{ topic, partition: 0, batch: batch.seal() }], ALONE);
      const expected = records.map((record, offset) => ({ offset, ...record }));
      expect((await readCommitted(node, topic, 150_000)).map(asText)).toEqual(expected.map(asText));
      const seen = await readTopic(brokers, topic);
      expect(seen.map(asText)).toEqual(
        expected.map(({ headers: _, ...record }) => asText({ partition: 0, ...record })),
      );
    },
  );

  it('shows no aborted record of four interleaved transactional producers, and every committed one', async () => {
    const topic = await newTopic();
    const committed = await interleave(node, topic);
    // the coordinator answers before it has written the markers of the last transaction
    await until('every transaction to be over', async () => {
      const { lastStable, highWatermark } = await fetchOne(node, topic, 0);
      return lastStable === highWatermark;
    });
    const values = (records: readonly { readonly value: Buffer | null }[]) => records.map(({ value }) => String(value));
    expect(values(await readCommitted(node, topic))).toEqual(committed);
    expect(values(await readCommitted(node, topic, 300))).toEqual(committed);
    expect(values(await readTopic(brokers, topic))).toEqual(committed);
    expect(values(await readTopic(brokers, topic, { isolation: 'read_uncommitted' })).length).toBeGreaterThan(
      committed.length,
    );
  });

  it('says where, why and with which code a batch was refused', async () => {
    const topic = await newTopic({ 'max.message.bytes': '2000' });
    const send = (batch: Buffer) => produce(node, [{ topic, partition: 0, batch }], ALONE);
    const tooLarge = await rejection(send(writeAll([entry('x'.repeat(3000))])[0]!.seal()));
    expect(tooLarge.code).toBe(10);
    expect(tooLarge.message).toContain(`${topic}/0`);
    const damaged = Buffer.from(writeAll([entry('x')])[0]!.seal());
    damaged[damaged.length - 2]! ^= 1;
    expect((await rejection(send(damaged))).code).toBe(2);
    expect(
      (await rejection(produce(node, [{ topic: `${topic}-none`, partition: 0, batch: damaged }], ALONE))).code,
    ).toBe(3);
    const [produced] = await send(writeAll([entry('fine')])[0]!.seal());
    expect(produced).toEqual({ topic, partition: 0, baseOffset: 0 });
  });

  it('a fenced producer is refused with code 47', async () => {
    const topic = await newTopic();
    const old = await begin(node, topic, `${topic}-zombie`);
    await begin(node, topic, `${topic}-zombie`);
    const batch = writeAll([entry('late')])[0]!.seal(old.producer, 0);
    const error = await rejection(
      produce(node, [{ topic, partition: 0, batch }], { ...ALONE, transactionalId: `${topic}-zombie` }),
    );
    expect(error.code).toBe(47);
  });

  it('an offset that is out of range shows as code 1 with the log as it is', async () => {
    const topic = await newTopic();
    await produce(node, [{ topic, partition: 0, batch: writeAll([entry('a'), entry('b')])[0]!.seal() }], ALONE);
    expect((await fetchOne(node, topic, 7)).code).toBe(1);
    expect(await fetchOne(node, topic, 2)).toMatchObject({
      code: 0,
      highWatermark: 2,
      lastStable: 2,
      logStart: 0,
      aborted: [],
    });
  });

  it('gives the first batch whole when it is larger than the limit of the fetch', async () => {
    const topic = await newTopic();
    await produce(node, [{ topic, partition: 0, batch: writeAll([entry('x'.repeat(500_000))])[0]!.seal() }], ALONE);
    expect((await readCommitted(node, topic, 1000))[0]!.value).toHaveLength(500_000);
  });
});

async function begin(node: TestNode, topic: string, transactionalId: string) {
  const { producerId, producerEpoch } = await persist(() =>
    node.initProducerId({ transactionalId, transactionTimeout: 30_000 }),
  );
  const owner = { transactionalId, producerId, producerEpoch };
  await persist(() => node.addPartitionsToTxn({ ...owner, topics: [{ topic, partitions: [0] }] }));
  return { owner, producer: { id: Number(producerId), epoch: producerEpoch, transactional: true } };
}

/** 51 CONCURRENT_TRANSACTIONS: the last transaction's markers are being written; 14, 15, 16: the coordinator is moving in. */
async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { code } = error as { readonly code?: number };
      if (![3, 6, 14, 15, 16, 51].includes(code ?? 0) || attempt > 500) throw error;
      await systemClock.sleep(10);
    }
  }
}

/** Rounds of four producers writing in turn, half of their transactions aborted; the values that count, in order of offsets. */
async function interleave(node: TestNode, topic: string): Promise<string[]> {
  const ids = ['a', 'b', 'c', 'd'];
  const committed: { readonly offset: number; readonly value: string }[] = [];
  const sequences = new Map<string, number>();
  for (let round = 0; round < 6; round++) {
    const written = new Map<string, { readonly offset: number; readonly value: string }[]>();
    const open = [];
    for (const id of ids) open.push({ id, ...(await begin(node, topic, `${topic}-${id}`)) });
    for (let step = 0; step < 3; step++) {
      for (const { id, producer, owner } of open) {
        const values = Array.from({ length: 1 + (step % 2) }, (_, i) => `${round}.${id}.${step}.${i}`);
        // the key of an abort marker, as data: kafkajs takes it for one
        const records = values.map((value) => ({ ...entry(value), key: Buffer.from([0, 0, 0, 0]) }));
        const sequence = step === 0 ? 0 : (sequences.get(id) ?? 0); // a new epoch begins at 0
        const batch = writeAll(records)[0]!.seal(producer, sequence);
        sequences.set(id, sequence + records.length);
        const options = { ...ALONE, transactionalId: owner.transactionalId };
        const [produced] = await produce(node, [{ topic, partition: 0, batch }], options);
        const places = values.map((value, i) => ({ offset: produced!.baseOffset + i, value }));
        written.set(id, [...(written.get(id) ?? []), ...places]);
      }
    }
    // ended in another order than begun, so that markers and first offsets cross
    for (const { id, owner } of open.reverse()) {
      const commits = (round + ids.indexOf(id)) % 2 === 0;
      await persist(() => node.endTxn({ ...owner, transactionResult: commits }));
      if (commits) committed.push(...written.get(id)!);
    }
  }
  return committed.sort((a, b) => a.offset - b.offset).map(({ value }) => value);
}
