import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sluice, summaryOf } from './cli.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-replay-dedup-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('a record that a dedup above the check has let through is no duplicate of itself when it comes back', async () => {
  const topology = join(dir, 'shop.yaml');
  writeFileSync(
    topology,
    [
      'name: shop',
      'input: { topic: in, format: json }',
      'steps:',
      '  - { id: once, use: dedup, with: { key: [id], window: all } }',
      '  - { id: sane, use: check, with: { rules: [{ field: n, type: number }] } }',
      'output: { topic: out }',
    ].join('\n'),
  );
  writeFileSync(join(dir, 'in.ndjson'), '{"id":"a","n":"1"}\n{"id":"b","n":2}\n{"id":"a","n":3}\n{"id":"c","n":"x"}\n');
  const local = join(dir, 'out');
  const run = await sluice(['run', topology, '--local', local, '--topic', `in=${join(dir, 'in.ndjson')}`, '--quiet']);
  expect(run).toMatchObject({ code: 0 });
  const fix = join(dir, 'fix.yaml');
  writeFileSync(fix, 'steps:\n  - { id: n, use: clean, with: { fields: { n: [to-number] } } }\n');
  const replayed = await sluice(['replay', topology, '--local', local, '--fix', fix, '--json']);
  expect(summaryOf(replayed)).toMatchObject({ records: 2, curated: 1, quarantined: 1 });
  expect(readFileSync(join(local, 'out.ndjson'), 'utf8')).toBe('{"id":"b","n":2}\n{"id":"a","n":1}\n');
});
