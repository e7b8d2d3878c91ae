import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { topicName } from '../support/kafka/topics.ts';
import { root, sluice, summaryOf } from './cli.ts';
import { films, moviesOracle } from './movies-oracle.ts';

await describeWithKafka('the movies job on Kafka', (brokers) => {
  const name = topicName('movies');
  const all = films();
  const again = all.slice(0, 500);
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(',') };
  let dir = '';
  let topology = '';

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-e2e-kafka-'));
    topology = join(dir, 'movies.yaml');
    const text = readFileSync(join(root, 'topologies', 'movies.yaml'), 'utf8');
    writeFileSync(topology, text.replace('name: movies', `name: ${name}`).replaceAll('movies.', `${name}.`));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const send = (records: readonly unknown[]) =>
    deliver(
      brokers,
      `${name}.raw`,
      records.map((record) => ({ value: JSON.stringify(record) })),
    );

  it('refuses to run without its topics, and names what makes them', async () => {
    const refused = await sluice(['run', topology, '--until-end'], { env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${name}.raw: there is no such topic`);
    expect(refused.stderr).toContain('sluice topics');
    expect((await sluice(['topics', topology, '--check'], { env })).code).toBe(1);
    expect((await sluice(['topics', topology, '--create'], { env })).code).toBe(0);
    expect((await sluice(['topics', topology, '--check'], { env })).code).toBe(0);
  });

  it('gives what a plain loop gives, over two deliveries and a run without anything new', async () => {
    await send(all);
    const first = await sluice(['run', topology, '--until-end', '--json', '--quiet'], { env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const nothing = await sluice(['run', topology, '--until-end', '--json'], { env });
    expect(nothing.stderr).toContain('nothing new');
    expect(summaryOf(nothing)).toMatchObject({ in: all.length, resumed: true });
    await send(again);
    const last = await sluice(['run', topology, '--until-end', '--json', '--quiet'], { env });
    const oracle = moviesOracle([...all, ...again]);
    expect(summaryOf(last)).toMatchObject({
      in: oracle.in,
      curated: oracle.curated,
      quarantined: oracle.quarantined,
      duplicate: oracle.duplicate,
    });
    expect(await readTopic(brokers, `${name}.curated`)).toHaveLength(oracle.curated);
    expect(await readTopic(brokers, `${name}.duplicates`)).toHaveLength(oracle.duplicate);
    expect(await readTopic(brokers, `${name}.quarantine`)).toHaveLength(oracle.quarantined);
  });

  it('writes the bytes that the same run on files writes', async () => {
    const part = join(dir, 'films.json');
    writeFileSync(part, JSON.stringify([...all, ...again]));
    const out = join(dir, 'out');
    await sluice(['run', topology, '--local', out, '--topic', `${name}.raw=${part}`, '--quiet']);
    for (const topic of [`${name}.curated`, `${name}.duplicates`]) {
      const seen = (await readTopic(brokers, topic)).map(({ value }) => String(value));
      expect(seen).toEqual(
        readFileSync(join(out, `${topic}.ndjson`), 'utf8')
          .split('\n')
          .slice(0, -1),
      );
    }
  });
});
