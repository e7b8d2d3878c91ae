import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { topicName, until } from '../support/kafka/topics.ts';
import { root, sluice } from './cli.ts';

vi.setConfig({ testTimeout: 60_000 }); // a process is started and waited for

await describeWithKafka('two topologies in one process', (brokers) => {
  const name = topicName('several');
  let dir = '';
  const file = (which: string) => join(dir, `${which}.yaml`);
  const topology = (which: string, input: string, output: string) => `name: ${name}-${which}
input: { topic: ${name}.${input}, format: json }
steps:
  - { id: once, use: dedup, with: { key: [id], window: all } }
output: { topic: ${name}.${output} }
`;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-several-'));
    writeFileSync(file('first'), topology('first', 'raw', 'middle'));
    writeFileSync(file('second'), topology('second', 'middle', 'last'));
    for (const which of ['first', 'second'])
      expect(await sluice(['topics', file(which), '--brokers', brokers.join(), '--create'])).toMatchObject({ code: 0 });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('hand records from one to the other, and stop cleanly together', async () => {
    await deliver(
      brokers,
      `${name}.raw`,
      Array.from({ length: 300 }, (_, i) => ({ value: `{"id":${i % 200}}` })),
    );
    const args = ['run', file('first'), file('second'), '--brokers', brokers.join(), '--quiet', '--json'];
    const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await until('all went through both', async () => (await readTopic(brokers, `${name}.last`)).length === 200);
    } finally {
      child.kill('SIGTERM');
    }
    expect([await ended, stderr]).toEqual([0, '']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { topology: `${name}-first`, in: 300, curated: 200, duplicate: 100 },
      { topology: `${name}-second`, in: 200, curated: 200, duplicate: 0 },
    ]);
  });
});
