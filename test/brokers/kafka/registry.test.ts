import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import type { RunObserver, TaskState } from '../../../src/core/observer.ts';
import { compareSchemas } from '../../../src/formats/avro/compare.ts';
import { createFormats } from '../../../src/formats/index.ts';
import { RegistryClient } from '../../../src/formats/registry/client.ts';
import { register } from '../../../src/formats/registry/register.ts';
import { PAIRS } from '../../formats/avro/evolution-pairs.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { freePort } from '../../support/kafka/ports.ts';
import { TcpProxy } from '../../support/kafka/proxy.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { type Registry, startRegistry } from '../../support/kafka/registry.ts';
import { topicName, until } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

const V1 = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'email', type: 'string' },
  ],
};
const V2 = { ...V1, fields: [...V1.fields, { name: 'note', type: ['null', 'string'], default: null }] };

const TOPOLOGY = `
input: { topic: $.raw, format: avro }
commit: { every: 50ms }
steps:
  - { id: tidy, use: clean, with: { fields: { email: [trim, lower-case] } } }
output: { topic: $.out }
kafka: { timeouts: { session: 6s, heartbeat: 150ms } }
`;

/** Registers both versions; the registry's own client gives the bytes. */
async function serializer(url: string) {
  const registry = new SchemaRegistry({ host: url });
  const idOf = async (schema: object) =>
    (await registry.register({ type: SchemaType.AVRO, schema: JSON.stringify(schema) }, { subject: 'orders-value' }))
      .id;
  const ids = [await idOf(V1), await idOf(V2)] as const;
  return { ids, write: (version: 0 | 1, value: object) => registry.encode(ids[version], value) };
}

await describeWithKafka('Avro on Kafka with a real registry', (brokers) => {
  let registry: Registry;
  let proxy: TcpProxy;
  const port = freePort();
  beforeAll(async () => {
    registry = await startRegistry({ port: await port });
    proxy = await TcpProxy.listen(await port);
  }, 120_000);
  afterAll(async () => {
    await proxy?.close();
    await registry?.close();
  });

  // first: a registry that was restarted counts its ids from 1 again
  it('loses nothing when the registry is killed under load and comes back', async () => {
    const before = await serializer(registry.url);
    const formats = createFormats({
      connection: () => ({ url: `http://127.0.0.1:${proxy.port}/apis/ccompat/v7`, timeoutMs: 2000 }),
      readFile: () => '',
    });
    const job = new KafkaJob(brokers, TOPOLOGY, formats);
    await job.create(1);
    const order = (id: number) => ({ id, email: id % 3 === 0 ? ` A${id}@X.org` : `a${id}@x.org` });
    const clean = (id: number) => ({ id, email: `a${id}@x.org` });
    const values = async (version: 0 | 1, from: number, to: number, make: (id: number) => object) =>
      Promise.all(Array.from({ length: to - from }, (_, i) => before.write(version, make(from + i))));
    const withNote = (make: (id: number) => object) => (id: number) => ({ ...make(id), note: `n${id}` });
    const states: TaskState[] = [];
    const observer: RunObserver = { taskState: (_task, state) => void states.push(state) };
    const feed = async (list: readonly Buffer[]) =>
      job.feed(
        'raw',
        list.map((value) => ({ value, partition: 0 })),
      );
    const count = async () => (await readTopic(brokers, `${job.name}.out`)).length;

    const instance = await job.start({ run: { observer } });
    await feed(await values(0, 0, 500, order));
    await until('the first records', async () => (await count()) === 500);
    proxy.refuse = true;
    proxy.cut();
    await registry.close();
    // ids are known here: the producer goes on, with a schema this job has not seen
    await feed([...(await values(0, 500, 700, order)), ...(await values(1, 700, 1000, withNote(order)))]);
    await until('the task to wait', async () => states.at(-1) === 'waiting');
    registry = await startRegistry({ port: await port });
    expect((await serializer(registry.url)).ids).toStrictEqual(before.ids); // it kept nothing
    await feed([Buffer.from('{}')]);
    proxy.refuse = false;
    await until('the rest', async () => (await count()) === 1000);
    expect(await instance.stop()).toMatchObject({ in: 1001, curated: 1000, quarantined: 1 });
    const expected = [...(await values(0, 0, 700, clean)), ...(await values(1, 700, 1000, withNote(clean)))];
    const seen = (await readTopic(brokers, `${job.name}.out`)).map(({ value }) => value);
    expect(seen).toStrictEqual(expected);
    expect(states).toContain('running');
    const quarantined = await readTopic(brokers, `${job.name}.quarantine`);
    expect(quarantined.map(({ value }) => String(value))).toStrictEqual(['{}']);
  }, 180_000);

  it('says of every pair of versions what the registry says', async () => {
    const client = new RegistryClient({ url: registry.url }, systemClock);
    for (const [i, { name, old, next }] of PAIRS.entries()) {
      const subject = `${topicName('pair')}-${i}`;
      await register(client, 'AVRO', { text: JSON.stringify(old), file: name, subject });
      const ours = compareSchemas(JSON.stringify(old), JSON.stringify(next));
      for (const direction of ['backward', 'forward'] as const) {
        const compatibility = direction.toUpperCase();
        await client.ask({ method: 'PUT', path: `/config/${subject}`, body: { compatibility } });
        const answer = await client.ask({
          method: 'POST',
          path: `/compatibility/subjects/${subject}/versions/latest`,
          body: { schema: JSON.stringify(next) },
        });
        expect(answer, `${name}, ${direction}`).toMatchObject({
          body: { is_compatible: ours[direction].length === 0 },
        });
      }
    }
  });

  it('refuses the schema of an output that the subject does not go with, and says how to mend it', async () => {
    const client = new RegistryClient({ url: registry.url }, systemClock);
    const subject = topicName('subject');
    const output = (schema: object) =>
      ({ text: JSON.stringify(schema), file: 'out.avsc', subject, compatibility: 'backward' }) as const;
    const id = await register(client, 'AVRO', output(V1));
    expect(await register(client, 'AVRO', output(V1))).toBe(id);
    expect(await register(client, 'AVRO', output(V2))).not.toBe(id);
    const needed = { ...V2, fields: [...V2.fields, { name: 'must', type: 'string' }] };
    await expect(register(client, 'AVRO', output(needed))).rejects.toThrow(
      /out\.avsc is not compatible with what the subject .* Give new fields a default/s,
    );
    await expect(register(client, 'AVRO', { ...output(V2), compatibility: 'full' })).rejects.toThrow(
      'is checked for backward compatibility, the output asks for full',
    );
  });
});
