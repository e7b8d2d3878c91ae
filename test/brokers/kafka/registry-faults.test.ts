import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunObserver, TaskState } from '../../../src/core/observer.ts';
import { createFormats } from '../../../src/formats/index.ts';
import { type FakeRegistry, fakeRegistry, type Mood } from '../../support/fake-registry.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { until } from '../../support/kafka/topics.ts';
import { registryValue } from '../../support/registry-value.ts';
import { KafkaJob } from './job.ts';

const PARTITIONS = 2;
const TIMEOUT_MS = 1500;
/** Longer than a session: members go on telling that they are there. */
const OUT_MS = 7000;
const TOPOLOGY = `
input: { topic: $.raw, format: avro }
commit: { every: 50ms }
steps:
  - { id: tidy, use: clean, with: { fields: { email: [lower-case] } } }
output: { topic: $.out }
kafka: { timeouts: { session: 6s, heartbeat: 150ms } }
`;
const V1 = schemaOf('id', 'email');
const V2 = schemaOf('id', 'email', 'note');

function schemaOf(...names: readonly string[]) {
  const fields = names.map((name) => ({ name, type: name === 'id' ? 'long' : 'string' }));
  return { type: 'record', name: 'Order', namespace: 'shop', fields } as const;
}

const order = (id: number, email: string) => ({ id, email, note: `n${id}` });

/** A registry that can do what no real one does on demand; that one is in registry.test.ts. */
await describeWithKafka('Avro on Kafka with a registry that fails', (brokers) => {
  let registry: FakeRegistry;
  beforeAll(async () => {
    registry = await fakeRegistry();
  });
  afterAll(() => registry?.close());

  async function begin() {
    registry.schemas.clear();
    const formats = createFormats({
      connection: () => ({ url: registry.url, timeoutMs: TIMEOUT_MS }),
      readFile: () => '',
    });
    const job = new KafkaJob(brokers, TOPOLOGY, formats);
    await job.create(PARTITIONS);
    const states: TaskState[] = [];
    const observer: RunObserver = { taskState: (_task, state) => void states.push(state) };
    const instance = await job.start({ run: { observer } });
    const feed = (values: readonly Buffer[]) =>
      job.feed(
        'raw',
        values.map((value, i) => ({ value, partition: i % PARTITIONS })),
      );
    const seen = async (topic = 'out') =>
      (await readTopic(brokers, `${job.name}.${topic}`)).map(({ value }) => String(value?.toString('hex'))).sort();
    return { instance, states, feed, seen };
  }

  const outages: readonly (readonly [what: string, mood: Mood, delayMs: number, waits: boolean])[] = [
    ['answers 503', 'unavailable', 0, true],
    ['is silent', 'silent', 0, true],
    ['closes connections', 'reset', 0, true],
    ['is slow', 'up', TIMEOUT_MS * 0.6, false],
  ];
  for (const [what, mood, delayMs, waits] of outages)
    it(`loses and doubles nothing while it ${what}`, async () => {
      const { instance, states, feed, seen } = await begin();
      const one = registry.add(V1);
      await feed(Array.from({ length: 100 }, (_, id) => registryValue(one, V1, order(id, `A${id}`))));
      await until('the first records', async () => (await seen()).length === 100);
      const before = states.length;
      registry.mood = () => mood;
      registry.delayMs = delayMs;
      const two = registry.add(V2);
      await feed(Array.from({ length: 200 }, (_, i) => registryValue(two, V2, order(100 + i, `A${100 + i}`))));
      if (waits) {
        await until('tasks to wait', () => Promise.resolve(states.filter((state) => state === 'waiting').length >= 2));
        await new Promise((resolve) => setTimeout(resolve, OUT_MS));
        expect(await seen()).toHaveLength(100);
      }
      registry.mood = () => 'up';
      await until('the rest', async () => (await seen()).length >= 300);
      registry.delayMs = 0;
      expect(states.slice(before).includes('waiting')).toBe(waits);
      expect(states.slice(before)).not.toContain('opening'); // nobody took it for dead
      expect(await instance.stop()).toMatchObject({ in: 300, curated: 300 });
      const expected = Array.from({ length: 300 }, (_, id) =>
        (id < 100 ? registryValue(one, V1, order(id, `a${id}`)) : registryValue(two, V2, order(id, `a${id}`))).toString(
          'hex',
        ),
      );
      expect(await seen()).toStrictEqual(expected.sort());
    }, 90_000);

  it('with wrong schemas, unknown ids and damaged values quarantines those, whole, and goes on', async () => {
    const { instance, feed, seen } = await begin();
    const id = registry.add(V1);
    const [noSchema, other, protobuf] = [50, 51, 52];
    registry.schemas.set(noSchema, { schema: 'this is no schema' });
    registry.schemas.set(other, { schema: JSON.stringify({ ...V1, fields: [{ name: 'x', type: 'boolean' }] }) });
    registry.schemas.set(protobuf, { schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' });
    const good = Array.from({ length: 40 }, (_, n) => registryValue(id, V1, order(n, `a${n}`)));
    const bad = [noSchema, other, protobuf, 99].map((wrong) => registryValue(wrong, V1, order(1, 'A')));
    bad.push(good[0]!.subarray(0, 7), Buffer.from('{"id":1}'));
    await feed([...good.slice(0, 20), ...bad, ...good.slice(20)]);
    await until('all of them', async () => (await seen()).length + (await seen('quarantine')).length >= 46);
    const summary = await instance.stop();
    expect(summary).toMatchObject({ in: 46, curated: 40, quarantined: 6 });
    expect(summary.rules).toMatchObject({ 'bad-schema': 2, 'unknown-schema': 1, 'bad-magic': 1, undecodable: 2 });
    const hex = (values: readonly Buffer[]) => values.map((value) => value.toString('hex')).sort();
    expect(await seen()).toStrictEqual(hex(good));
    expect(await seen('quarantine')).toStrictEqual(hex(bad));
  }, 60_000);
});
