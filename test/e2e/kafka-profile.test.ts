import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { createTopic, topicName } from '../support/kafka/topics.ts';
import { sluice } from './cli.ts';

const START = Date.UTC(2026, 0, 1);

await describeWithKafka('topics of Kafka', (brokers) => {
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(',') };
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-kafka-profile-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('are profiled over all partitions, without a trace in a group', async () => {
    const topic = topicName('profiled');
    await createTopic(brokers, topic, { partitions: 3 });
    const good = Array.from({ length: 300 }, (_, i) => ({
      value: JSON.stringify({ id: i, kind: i % 2 === 0 ? 'a' : 'b' }),
      partition: i % 3,
    }));
    await deliver(brokers, topic, [...good, { value: null, partition: 0 }, { value: '{"broken', partition: 1 }]);
    const result = await sluice(['profile', topic, '--json'], { env });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const found = JSON.parse(result.stdout);
    expect(found).toMatchObject({ records: 300, undecodable: 1 });
    expect(found.fields).toMatchObject([
      { field: 'id', distinct: 300, nulls: 0 },
      { field: 'kind', distinct: 2 },
    ]);
    expect((await sluice(['profile', `${topic}-not`], { env })).code).toBe(1);
  }, 60_000);

  it('get diverted records from an open breaker, and a stop ends with 3', async () => {
    const name = topicName('burst');
    const topology = (action: string) => `
name: ${name}-${action}
input: { topic: ${name}.raw, format: json }
steps: [{ id: sane, use: check, with: { rules: [{ field: qty, min: 1 }] } }]
output: { topic: ${name}.${action} }
breaker: { open: { quarantined: 0.5, over: 1m, minRecords: 20 }, action: ${action} }
`;
    const rows = Array.from({ length: 600 }, (_, i) => ({
      value: JSON.stringify({ id: i, qty: i >= 200 && i < 300 ? 0 : 1 }),
      timestamp: String(START + i * 1000),
    }));
    const files = (['divert', 'stop'] as const).map((action) => {
      const file = join(dir, `${action}.yaml`);
      writeFileSync(file, topology(action));
      return file;
    });
    for (const file of files) expect(await sluice(['topics', file, '--create'], { env })).toMatchObject({ code: 0 });
    await deliver(brokers, `${name}.raw`, rows);
    expect(await sluice(['run', files[0]!, '--until-end', '--quiet'], { env })).toMatchObject({ code: 0, stderr: '' });
    const ids = async (topic: string) =>
      (await readTopic(brokers, topic)).map(({ value }) => JSON.parse(String(value)).id as number);
    const [curated, diverted, bad] = [
      await ids(`${name}.divert`),
      await ids(`${name}-divert.diverted`),
      await ids(`${name}-divert.quarantine`),
    ];
    expect([...curated, ...diverted, ...bad].sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
    expect(diverted).toContain(250);
    expect(curated).toContain(599);
    const stopped = await sluice(['run', files[1]!, '--until-end', '--quiet'], { env });
    expect([stopped.code, stopped.stderr]).toEqual([3, expect.stringContaining('--reset-state breaker')]);
    const left = [...(await ids(`${name}.stop`)), ...(await ids(`${name}-stop.quarantine`))].sort((a, b) => a - b);
    expect(left).toEqual(Array.from({ length: left.length }, (_, i) => i));
    expect(left.length).toBeGreaterThan(200);
    expect(left.length).toBeLessThan(300);
  }, 90_000);
});
