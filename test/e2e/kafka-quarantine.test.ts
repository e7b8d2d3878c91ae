import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { topicName } from '../support/kafka/topics.ts';
import { sluice } from './cli.ts';

const START = Date.UTC(2026, 0, 1);
const PARTITIONS = 2;
const RECORDS = 60;

/** Record i, alternating between the partitions; every third has no number, every tenth is not even JSON. */
const values = Array.from({ length: RECORDS }, (_, i) =>
  i % 10 === 7 ? `{"n": ${i}` : `{"n":${i % 3 === 0 ? `"${i}"` : i}, "big":12345678901234567890}`,
);
const broken = values.filter((_, i) => i % 10 === 7);
const textual = values.filter((_, i) => i % 3 === 0 && i % 10 !== 7);

await describeWithKafka('the quarantine of a topology on Kafka', (brokers) => {
  const name = topicName('sick');
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(',') };
  let dir = '';
  let topology = '';

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-kafka-quarantine-'));
    topology = join(dir, 'sick.yaml');
    writeFileSync(
      topology,
      [
        `name: ${name}`,
        `input: { topic: ${name}.raw, format: json }`,
        'steps:',
        '  - { id: sane, use: check, with: { rules: [{ field: n, type: number }] } }',
        `output: { topic: ${name}.out }`,
      ].join('\n'),
    );
    const made = await sluice(['topics', topology, '--create', '--partitions', String(PARTITIONS)], { env });
    expect(made).toMatchObject({ code: 0 });
    const messages = values.map((value, i) => ({
      value,
      key: Buffer.from([0xff, i]),
      partition: i % PARTITIONS,
      timestamp: String(START + i * 1000),
      headers: { from: 'test' },
    }));
    await deliver(brokers, `${name}.raw`, messages);
    expect(await sluice(['run', topology, '--until-end', '--quiet'], { env })).toMatchObject({ code: 0 });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const quarantine = (...args: string[]) => sluice(['quarantine', topology, ...args], { env });

  it('is counted by rule, field and step over all partitions', async () => {
    const counted = await quarantine('count', '--json');
    expect(counted).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(counted.stdout)).toMatchObject({
      entries: broken.length + textual.length,
      steps: { sane: textual.length, input: broken.length },
      fields: { n: textual.length },
    });
  });

  it('is filtered by finding and by the time of the record', async () => {
    const from = new Date(START + 30_000).toISOString();
    const counted = await quarantine('count', '--json', '--where', 'step=input', '--since', from);
    expect(JSON.parse(counted.stdout).entries).toBe(values.filter((_, i) => i % 10 === 7 && i >= 30).length);
    expect(JSON.parse((await quarantine('count', '--json', '--field', 'other')).stdout).entries).toBe(0);
  });

  it('shows the newest of all partitions, and exports the very bytes that came', async () => {
    const { stdout } = await quarantine('show', '--limit', '3');
    const shown = values
      .map((value, i) => ({ value, i }))
      .filter(({ value }) => broken.includes(value) || textual.includes(value))
      .slice(-3);
    for (const { value, i } of shown) {
      expect(stdout).toContain(`${name}.raw/${i % PARTITIONS} offset ${Math.floor(i / PARTITIONS)}  step`);
      expect(stdout).toContain(`    ${value}\n`);
    }
    expect(stdout).toContain(`3 of ${broken.length + textual.length} entries`);
    const exported = (await quarantine('export', '--values', '--where', 'step=sane')).stdout.split('\n').slice(0, -1);
    expect(exported.toSorted()).toEqual(textual.toSorted());
    const lines = (await quarantine('export')).stdout.split('\n').slice(0, -1);
    const first = lines.map((line) => JSON.parse(line)).find(({ origin }) => origin.partition === 0);
    expect(first).toMatchObject({ valueText: values[0], timestamp: START, attempt: 1, partition: 0, at: 0 });
    expect(Buffer.from(first.keyBase64, 'base64')).toEqual(Buffer.from([0xff, 0]));
  });

  it('leaves out, and counts, what the topology has not written', async () => {
    await deliver(brokers, `${name}.quarantine`, [
      { value: '{"n":1}' },
      { value: '{}', headers: { 'sluice-origin': '{}' } },
    ]);
    const counted = await quarantine('count', '--json');
    expect(JSON.parse(counted.stdout).entries).toBe(broken.length + textual.length);
    expect(counted.stderr).toBe(`2 left out: not written by ${name}\n`);
  });

  it('asks for a broker or a folder, not both', async () => {
    const { KAFKA_BROKERS: _, ...nowhere } = env;
    expect(await sluice(['quarantine', topology, 'count'], { env: nowhere })).toMatchObject({ code: 2 });
    const both = await quarantine('count', '--local', dir, '--brokers', brokers.join(','));
    expect(both).toMatchObject({ code: 2 });
    expect(both.stderr).toContain('--brokers works on Kafka');
  });
});
