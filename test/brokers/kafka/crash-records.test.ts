import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { CompressionTypes } from 'kafkajs';
import { afterEach, expect, it, vi } from 'vitest';
import { describeWithCluster, describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { Job, orders } from '../../support/kafka/job.ts';
import { plainClient, until, withAdmin } from '../../support/kafka/topics.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

interface Full {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Everything of a topic that is not ours alone, by the stock client: kcat shows no binary headers. */
async function readFull(brokers: readonly string[], topic: string, count: number): Promise<readonly Full[]> {
  const consumer = plainClient(brokers).consumer({ groupId: `${topic}-reader` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen: Full[] = [];
  const hex = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(hex) : Buffer.from(value as Buffer).toString('hex'); // kafkajs gives Buffers
  const all = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage: async ({ message }) => {
      const foreign = Object.entries(message.headers ?? {}).filter(([name]) => !name.startsWith('sluice-'));
      seen.push({
        key: message.key?.toString('hex') ?? null,
        value: message.value?.toString() ?? null,
        timestamp: message.timestamp,
        headers: Object.fromEntries(foreign.map(([name, value]) => [name, hex(value)])),
      });
      if (seen.length === count) all.resolve();
    },
  });
  await all.promise;
  await consumer.disconnect();
  return seen;
}

await describeWithKafka('records out of the ordinary', (brokers) => {
  let job: Job;
  afterEach(() => job?.dispose());

  it('tombstones, null keys, timestamps, repeated and binary headers come out byte for byte', async () => {
    job = await Job.make({
      brokers,
      partitions: 1,
      body: '\nsteps:\n  - { id: sane, use: check, with: { rules: [{ field: v, between: [0, 9] }] } }\noutput: { topic: {name}.out }\n',
      input: '',
      kafka: 'compression: none', // lz4, the default, is more than the stock client reads
    });
    const value = '{"v":1,  "spaced": "ünïcode"}';
    await job.send([
      {
        key: 'a',
        value,
        timestamp: '1',
        headers: { one: Buffer.from([0, 255, 10]), twice: ['x', 'y', 'x'], 'sluice-origin': 'forged' },
      },
      { key: null, value, timestamp: '1700000000000' },
      { key: 'gone', value: null, timestamp: '1600000000000', headers: { why: '' } },
      { key: '', value, timestamp: '1700000000001' },
    ]);
    await job.finish();
    expect(await readFull(brokers, `${job.name}.out`, 4)).toEqual([
      { key: '61', value, timestamp: '1', headers: { one: '00ff0a', twice: ['78', '79', '78'] } },
      { key: null, value, timestamp: '1700000000000', headers: {} },
      { key: '676f6e65', value: null, timestamp: '1600000000000', headers: { why: '' } },
      { key: '', value, timestamp: '1700000000001', headers: {} },
    ]);
  });

  it('a tenth that cannot be decoded goes to quarantine as it came, and stops nothing', async () => {
    job = await Job.make({ brokers, partitions: 2 });
    const values = orders(1000, 41);
    const poison = ['{', '\u0000', '[1', 'nul', '{"id":'];
    const messages = values.map((value, i) => ({
      key: value.id,
      partition: i % 2,
      value: i % 10 === 0 ? poison[(i / 10) % poison.length]! : JSON.stringify({ ...value, id: `k${i}`, v: 1 }),
    }));
    await job.send(messages.map((message, i) => ({ ...message, key: `k${i}` })));
    const { summary } = await job.finish();
    expect(summary).toMatchObject({ in: 1000, curated: 900, quarantined: 100 });
    const { quarantine } = await job.outputs();
    expect(quarantine!.flat().sort()).toEqual(
      messages
        .filter((_, i) => i % 10 === 0)
        .map(({ value }) => value)
        .sort(),
    );
  });

  it('a record that fits its input but not its own quarantine goes there as a stub: size, hash, origin', async () => {
    // taken by its input in a compressed batch, while the quarantine's are not compressed
    job = await Job.make({ brokers, partitions: 1, kafka: 'compression: none' });
    const large = JSON.stringify({ id: 'large', v: -1, n: 0, pad: 'x'.repeat(3_000_000) });
    const values = [JSON.stringify({ id: 'a', v: -1, n: 1 }), large, JSON.stringify({ id: 'b', v: 1, n: 2 })];
    const producer = plainClient(brokers).producer();
    await producer.connect();
    const messages = values.map((value) => ({ key: JSON.parse(value).id, value }));
    await producer.send({ topic: job.input, compression: CompressionTypes.GZIP, messages });
    await producer.disconnect();
    const { summary } = await job.finish();
    expect(summary).toMatchObject({ in: 3, curated: 1, quarantined: 2 });
    const [first, stub] = (await job.outputs()).quarantine![0]!;
    expect(JSON.parse(first!)).toMatchObject({ id: 'a' });
    expect(stub!.length).toBeLessThan(1000);
    expect(JSON.parse(stub!)).toMatchObject({
      bytes: large.length,
      sha256: createHash('sha256').update(large).digest('hex'),
      origin: { topic: job.input, partition: 0, offset: 1 },
    });
  });

  it('a commit of many megabytes goes out in batches that the topic takes', async () => {
    job = await Job.make({ brokers, partitions: 1, commit: '{ every: 5s, records: 20000 }' });
    const values = Array.from({ length: 3000 }, (_, n) => ({
      id: `k${n}`,
      v: 1,
      n,
      pad: String(n).padEnd(1500, 'abcdefgh'),
    }));
    await job.deliver(values);
    await job.finish();
    expect((await job.outputs()).out![0]).toEqual(values.map((value) => JSON.stringify(value)));
  });
});

await describeWithCluster('a batch changed on the disk of the broker', {}, (cluster) => {
  let job: Job;
  afterEach(() => job.dispose());

  it.each([
    ['is damaged', flipByte, /corrupt-batch.*offset 100 of .*\/1 is damaged/],
    ['is of a codec that nobody knows', setCodec, /unknown-codec.*offset 100 of .*\/1 is compressed by codec 5/],
  ] as const)(
    'and %s: ends the process with topic, partition and offset; everything before it is committed, and the other partition loses nothing',
    async (_, change, says) => {
      const { brokers, nodes } = cluster();
      job = await Job.make({ brokers, partitions: 2 });
      const values = orders(400, 42).map((order, n) => ({ ...order, id: `k${n}`, v: 1 }));
      const send = (some: typeof values) =>
        job.send(some.map((value, i) => ({ key: value.id, value: JSON.stringify(value), partition: i % 2 })));
      await send(values.slice(0, 200));
      await job.finish();
      await send(values.slice(200));
      await nodes[0]!.stop();
      changeSegment(join(nodes[0]!.dataFolder, `${job.input}-1`), (bytes) => change(bytes, `"${values[201]!.id}"`));
      await nodes[0]!.start();
      await until('a leader', () => withAdmin(brokers, (admin) => admin.fetchTopicOffsets(job.input)).then(() => true));
      expect(await job.refusal()).toMatch(says);
      const { out } = await job.outputs();
      // how far the other partition came by then is a matter of luck; what it committed is a beginning of its input
      const other = values.filter((_, i) => i % 2 === 0).map((value) => JSON.stringify(value));
      expect(out![0]!.length).toBeGreaterThanOrEqual(100);
      expect(out![0]).toEqual(other.slice(0, out![0]!.length));
      expect(out![1]!.length).toBe(100);
    },
  );
});

function changeSegment(folder: string, change: (bytes: Buffer) => void): void {
  const path = join(folder, readdirSync(folder).find((file) => file.endsWith('.log'))!);
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

/** Changes one bit of the record that holds `text`. */
function flipByte(bytes: Buffer, text: string): void {
  const at = bytes.indexOf(text);
  bytes.writeUInt8(bytes.readUInt8(at + 1) ^ 1, at + 1);
}

/** A batch: base offset i64 | length i32 | leader epoch i32 | magic i8 | crc-32c u32 over what follows | attributes i16, codec in the last 3 bits | … */
function setCodec(bytes: Buffer, text: string): void {
  const wanted = bytes.indexOf(text);
  let at = 0;
  while (at + 12 + bytes.readInt32BE(at + 8) <= wanted) at += 12 + bytes.readInt32BE(at + 8);
  const end = at + 12 + bytes.readInt32BE(at + 8);
  bytes.writeInt16BE((bytes.readInt16BE(at + 21) & ~7) | 5, at + 21);
  bytes.writeUInt32BE(crc32c(bytes.subarray(at + 21, end)), at + 17);
}
