import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sluice } from '../e2e/cli.ts';

let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-near-'));
  const places = ['mill', 'north', 'river', 'castle', 'garden', 'station', 'harbor', 'market'];
  const rows = places.map((place, i) => ({
    id: i,
    name: `Cafe ${place} house`,
    street: `${i * 13 + 7} ${place} road`,
  }));
  const lines = (list: readonly object[]): string => list.map((row) => `${JSON.stringify(row)}\n`).join('');
  writeFileSync(path('a.ndjson'), lines(rows));
  const other = rows
    .toReversed()
    .map(({ id, name, street }) => ({ id, name: name.toUpperCase(), street: `${street}.` }));
  writeFileSync(path('b.ndjson'), lines(other));
  writeFileSync(path('both.ndjson'), lines([...rows, ...other]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FLAGS = ['--kind', 'place', '--fields', 'name,street'];

describe('sluice link and sluice dedup-near', () => {
  it('link gives each record its one partner', async () => {
    const { code, stdout } = await sluice(['link', path('a.ndjson'), path('b.ndjson'), ...FLAGS, '--json']);
    expect(code).toBe(0);
    const { pairs } = JSON.parse(stdout) as { pairs: { a: number; b: number }[] };
    expect(pairs.map(({ a, b }) => [a, b]).sort()).toEqual(Array.from({ length: 8 }, (_, i) => [i, 7 - i]));
  });

  it('dedup-near finds the same pairs in one file, shows those at the threshold and writes them', async () => {
    const out = path('pairs.ndjson');
    const { code, stdout } = await sluice([
      'dedup-near',
      path('both.ndjson'),
      ...FLAGS,
      '--out',
      out,
      '--preview',
      '1',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^16 records, 8 pairs at or above 0\.55\n/);
    expect(stdout.match(/\{"a": /g)!.length).toBeLessThanOrEqual(2);
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(8);
  });

  it('judgements move the threshold, with the precision and recall to expect', async () => {
    const judgements = path('judged.ndjson');
    const wide = await sluice(['dedup-near', path('both.ndjson'), ...FLAGS, '--threshold', '0.1', '--json']);
    const { pairs } = JSON.parse(wide.stdout) as { pairs: { a: number; b: number; score: number }[] };
    const isSame = ({ a, b }: { a: number; b: number }): boolean => a + b === 15;
    expect(pairs.some((pair) => !isSame(pair))).toBe(true);
    writeFileSync(
      judgements,
      pairs.map((pair) => `${JSON.stringify({ a: pair.a, b: pair.b, same: isSame(pair) })}\n`).join(''),
    );
    const args = [
      'dedup-near',
      path('both.ndjson'),
      ...FLAGS,
      '--threshold',
      '0.1',
      '--json',
      '--judgements',
      judgements,
    ];
    const report = JSON.parse((await sluice(args)).stdout);
    expect(report.expected).toEqual({ precision: 1, recall: 1 });
    expect(report.pairs.every(isSame)).toBe(true);
    expect(report.pairs).toHaveLength(8);
  });

  it('says which line of the judgements is wrong', async () => {
    writeFileSync(path('bad.ndjson'), '{"a": 0, "b": 15, "same": true}\n{"a": 1}\n');
    const { code, stderr } = await sluice([
      'dedup-near',
      path('both.ndjson'),
      ...FLAGS,
      '--judgements',
      path('bad.ndjson'),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('line 2 of the judgements');
  });
});
