import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { load } from '../../src/cli/load.ts';
import { readCases } from '../../src/cli/test-cases.ts';
import { timeParser } from '../../src/cli/time-parser.ts';
import { createCodec } from '../../src/formats/index.ts';
import { kafkaBroker, openKafka } from '../../src/run-kafka.ts';
import { runPlan } from '../../src/runtime/run.ts';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import { planTopics, planTopology } from '../../src/topology/index.ts';
import type { Plan } from '../../src/topology/plan.ts';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithCluster } from '../support/kafka/describe-kafka.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { until, withAdmin } from '../support/kafka/topics.ts';
import { root } from './cli.ts';

const folder = join(root, 'topologies');
const topologies = readdirSync(folder).filter((name) => /\.(yaml|ts)$/.test(name) && !name.endsWith('.test.yaml'));
const START = Date.UTC(2026, 0, 1);

vi.setConfig({ testTimeout: 60_000 });

/** As `sluice test` plans it: cases give values, not their spelling. */
async function plan(path: string): Promise<Plan> {
  const { topology, operators } = await load(path);
  const formats = (format: string, options: Readonly<Record<string, unknown>>) =>
    format === 'bytes' ? createCodec(format, options) : createCodec('json');
  return planTopology(topology, { operators, formats, env: process.env, onePartition: true });
}

interface Given {
  readonly key: Buffer | null;
  readonly value: string;
  readonly timestamp: number;
}

/** All cases one after the other, a record a second, each with the key that its input declares. */
function given(path: string, { stages }: Plan): ReadonlyMap<string, readonly Given[]> {
  const keys = new Map(
    stages.flatMap(({ inputs }) => inputs.flatMap(({ topics, key }) => topics.map((t) => [t, key]))),
  );
  const records = new Map<string, Given[]>();
  for (const { input } of readCases(path))
    for (const [topic, values] of Object.entries(input)) {
      const list = records.get(topic) ?? [];
      records.set(topic, list);
      for (const value of values)
        list.push({
          key: keyOf(value, keys.get(topic)),
          value: typeof value === 'string' ? value : JSON.stringify(value),
          timestamp: START + 1000 * list.length,
        });
    }
  return records;
}

function keyOf(value: unknown, fields: readonly string[] | undefined): Buffer | null {
  if (fields === undefined || typeof value !== 'object' || value === null) return null;
  const parts = fields.map((field) => (value as Record<string, unknown>)[field] ?? null);
  if (parts.every((part) => part === null)) return null;
  const [first] = parts;
  return Buffer.from(
    parts.length === 1 && typeof first === 'string' ? first : JSON.stringify(parts.length === 1 ? first : parts),
  );
}

await describeWithCluster('the gallery on Kafka', {}, (cluster) => {
  /** Some topologies of the gallery read the same topics. */
  beforeEach(() =>
    withAdmin(cluster().brokers, async (admin) => {
      const own = async () => (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
      const topics = await own();
      if (topics.length === 0) return;
      await admin.deleteTopics({ topics });
      await until('they are gone', async () => (await own()).length === 0);
    }),
  );

  it.each(topologies)('%s gives what the driver gives', async (name) => {
    const path = join(folder, name);
    const records = given(path, await plan(path));
    const driver = new TopologyDriver(await plan(path), { run: { timeParser } });
    for (const [topic, list] of records) driver.feed(topic, list);
    const expected = await driver.end();

    const { brokers } = cluster();
    const onKafka = await plan(path);
    const options = { brokers: brokers.join(','), inputPartitions: 1 };
    const topics = kafkaBroker(onKafka, options);
    await topics.topics(planTopics(onKafka), 'create').finally(() => topics.close());
    for (const [topic, list] of records)
      await deliver(
        brokers,
        topic,
        list.map(({ key, value, timestamp }) => ({ key, value, timestamp: String(timestamp), partition: 0 })),
      );
    const broker = await openKafka(onKafka, { ...options, untilEnd: true });
    const summary = await runPlan({ plan: onKafka, broker, untilEnd: true, timeParser }).finally(() => broker.close());

    const { seconds: _a, recordsPerSecond: _b, resumed: _c, ...counts } = summary;
    expect(expected).toMatchObject(counts);
    // between several inputs there is no order but that of arrival: what is learned on the way, and told, may differ
    const inputs = onKafka.stages.flatMap((stage) => stage.inputs.filter(({ internal }) => !internal));
    if (inputs.length > 1) return;
    const written = Object.keys(summary.outputs);
    expect(written.length).toBeGreaterThan(0);
    for (const topic of written) {
      const seen = await readTopic(brokers, topic);
      const line = (key: Uint8Array | null, value: Uint8Array | string | null) =>
        `${key === null ? '' : Buffer.from(key)} ${value === null ? null : Buffer.from(value)}`;
      expect(
        seen.map(({ key, value }) => line(key, value)),
        topic,
      ).toEqual(driver.read(topic).map(({ key, value }) => line(key, value)));
    }
  });
});
