import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineTopology, run } from '../../src/index.ts';
import { describeWithData } from '../data.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-time-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('one record dated 100 years ahead', () => {
  const topology = defineTopology({
    name: 'ahead',
    input: { topic: 'in', format: 'json', eventTime: 'ts', maxAhead: '1d' },
    steps: [{ id: 'once', use: 'dedup', with: { key: ['id'], window: '1h' } }],
    output: { topic: 'out' },
    outputs: { 'once.duplicates': 'duplicates' },
  });
  const start = Date.UTC(2026, 0, 1);
  // an id comes back after 50 minutes (a duplicate) and after 100 (no longer one)
  const records = Array.from({ length: 300 }, (_, i) => ({
    id: `k${i % 100}`,
    n: i,
    ts: new Date(start + i * 30_000).toISOString(),
  }));
  const stranger = { id: 'stranger', n: -1, ts: '2126-01-01T00:00:00Z' };

  async function outputs(name: string, input: readonly unknown[]): Promise<string[]> {
    const file = join(dir, `${name}.ndjson`);
    writeFileSync(file, input.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const out = join(dir, name);
    await run(topology, { local: out, topics: { in: file } });
    const read = (topic: string) => readFileSync(join(out, `${topic}.ndjson`), 'utf8').split('\n');
    return [...read('out'), '--', ...read('duplicates')].filter((line) => !line.includes('stranger'));
  }

  it.each([
    ['first', 0],
    ['in the middle', 150],
    ['last', 300],
  ])('changes nothing for the others when it comes %s', async (name, at) => {
    const alone = await outputs(`alone-${at}`, records);
    const joined = await outputs(`joined-${at}`, records.toSpliced(at, 0, stranger));
    expect(alone.filter((line) => line !== '')).toHaveLength(301);
    expect(alone.indexOf('--')).toBeLessThan(300);
    expect([name, joined]).toEqual([name, alone]);
  });
});

describeWithData('C6: wikipedia edits', 'clean/wikipedia-edits', (folder) => {
  it('20,000 events pass, few of them late or early', async () => {
    const topology = defineTopology({
      name: 'wiki',
      input: { topic: 'in', format: 'json', eventTime: 'time', maxAhead: '1d', lateness: '1h' },
      steps: [{ id: 'sane', use: 'check', with: { rules: [{ field: 'page', required: true, severity: 'warn' }] } }],
      output: { topic: 'out' },
    });
    const summary = await run(topology, {
      local: join(dir, 'wiki'),
      topics: { in: join(folder, 'wikiticker-sampled-20k.jsonl.gz') },
    });
    console.info(`wikipedia: ${JSON.stringify(summary.rules)}`);
    expect(summary).toMatchObject({ in: 20_000, curated: 20_000, quarantined: 0 });
    expect(summary.rules['late-event'] ?? 0).toBeLessThanOrEqual(60);
    expect(summary.rules['early-event'] ?? 0).toBeLessThanOrEqual(60);
  });
});
