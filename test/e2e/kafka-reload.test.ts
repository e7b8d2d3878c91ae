import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { topicName } from '../support/kafka/topics.ts';
import { sluice } from './cli.ts';
import { LiveRun } from './live-run.ts';

vi.setConfig({ testTimeout: 120_000 }); // a process is started and waited for

await describeWithKafka('a reload on Kafka', (brokers) => {
  const name = topicName('reload');
  let dir = '';
  let run: LiveRun | undefined;
  const text = (version: number, window = 'all') => `name: ${name}
input: { topic: ${name}.raw, format: json, key: [id] }
steps:
  - { id: once, use: dedup, with: { key: [id], window: ${window} } }
  - { id: mark, use: set, with: { fields: { version: { value: ${version} } } } }
output: { topic: ${name}.out }
`;
  const write = (content: string) => writeFileSync(join(dir, 't.yaml'), content);
  const feed = (from: number, to: number) =>
    deliver(
      brokers,
      `${name}.raw`,
      Array.from({ length: to - from }, (_, i) => ({ key: String(from + i), value: `{"id":${from + i}}` })),
    );
  const reloaded = (result: string, n: number) => `sluice_reloads_total{topology="${name}",result="${result}"} ${n}\n`;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
    write(text(1));
    const made = ['topics', join(dir, 't.yaml'), '--brokers', brokers.join(), '--create', '--partitions', '3'];
    expect(await sluice(made)).toMatchObject({ code: 0 });
  });
  afterAll(() => {
    run?.signal('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  it('gives every worker the version its parent has read, refuses what a restart refuses, and repeats nothing', async () => {
    await feed(0, 300);
    run = new LiveRun([join(dir, 't.yaml'), '--brokers', brokers.join(), '--workers', '2']);
    await run.says(`sluice_input_records_total{topology="${name}"} 300\n`);
    write(text(2));
    run.signal('SIGHUP');
    await run.says(reloaded('applied', 1));
    write(text(3, '1h'));
    run.signal('SIGHUP');
    await run.says(reloaded('refused', 1));
    expect(run.stderr).toContain('step once was configured differently');
    await run.ready();
    await feed(200, 500);
    await run.says(`sluice_input_records_total{topology="${name}"} 600\n`);
    expect(await run.stop()).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ in: 600, curated: 500, duplicate: 100, resumed: false });
    const seen = (await readTopic(brokers, `${name}.out`))
      .map(({ value }) => JSON.parse(String(value)) as { readonly id: number; readonly version: number })
      .sort((a, b) => a.id - b.id);
    expect(seen).toEqual(Array.from({ length: 500 }, (_, id) => ({ id, version: id < 300 ? 1 : 2 })));
  });
});
