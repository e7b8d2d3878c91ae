import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { afterAll, describe, expect, it } from 'vitest';
import { collect } from '../../src/cli/profile/collect.ts';
import { renderTopology } from '../../src/cli/profile/render-topology.ts';
import { type Suggestion, suggest } from '../../src/cli/profile/suggest.ts';
import { uniform } from '../../src/core/hash.ts';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { run } from '../../src/run.ts';
import { lintTopology, parseTopology } from '../../src/topology/index.ts';
import { describeWithData } from '../data.ts';
import { root, sluice } from '../e2e/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Suggested {
  readonly suggestion: Suggestion;
  readonly topology: string;
}

async function suggested(path: string, format: 'csv' | 'json'): Promise<Suggested> {
  const source = { path, format } as const;
  const { sample, profile } = await collect(source, 50_000);
  const fields = [...profile.fields.keys()];
  const suggestion = await suggest(sample, fields, format === 'csv');
  const names = { name: 'trial', file: 'trial', records: profile.records, source, isCsv: format === 'csv' };
  return { suggestion, topology: renderTopology(suggestion, names) };
}

let runs = 0;

/** Lints and runs a suggested topology over its own file; the records that came through, by `index` or in order. */
async function trial(topology: string, path: string) {
  const parsed = parseTopology(topology, { file: 'trial.yaml', folder });
  const issues = lintTopology(parsed, { operators: operatorRegistry(), formats: createCodec, onePartition: true });
  expect(issues).toEqual([]);
  const local = join(folder, `run-${runs++}`);
  const summary = await run(parsed, { local, topics: { 'trial.raw': path } });
  const lines = readFileSync(join(local, 'trial.curated.ndjson'), 'utf8').trim().split('\n');
  return {
    summary,
    records: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const SETS = [
  ['clean/adult', 'Adult1100_dirty.csv'],
  ['clean/beers', 'dirty.csv'],
  ['clean/airquality', 'AirQualityUCI.csv'],
  ['clean/hospital', 'dirty.csv'],
] as const;

for (const [set, file] of SETS)
  describeWithData(`the topology suggested for ${set}`, set, (data) => {
    it('lints, runs, and passes at least .95 of its own file, as it says', async () => {
      const path = join(data, file);
      const { suggestion, topology } = await suggested(path, 'csv');
      expect(suggestion.rules.length).toBeGreaterThan(10);
      const { summary } = await trial(topology, path);
      const passed = summary.curated / summary.in;
      expect(passed).toBeGreaterThanOrEqual(0.95);
      expect(passed).toBeCloseTo(suggestion.passes, 3);
    }, 60_000);
  });

describeWithData('the cleaning suggested for beers', 'clean/beers', (data) => {
  const cells = (name: string): Record<string, string>[] => parseCsv(readFileSync(join(data, name)), { columns: true });
  const text = (value: unknown) => (value === null || value === undefined ? '' : String(value));

  it('finds at least .95 of the wrong cells with a precision of at least .95, and does the clean file no harm', async () => {
    const [dirty, truth] = [cells('dirty.csv'), cells('clean.csv')];
    const path = join(data, 'dirty.csv');
    const { records } = await trial((await suggested(path, 'csv')).topology, path);
    const score = { wrong: 0, found: 0, changed: 0, repaired: 0 };
    for (const record of records) {
      const i = Number(record.index) - 1;
      for (const [field, was] of Object.entries(dirty[i]!)) {
        const should = truth[i]![field]!;
        const now = text(record[field]);
        if (was !== should) score.wrong++;
        if (was !== now) score.changed++;
        if (was !== now && was !== should) score.found++;
        if (was !== should && now === should) score.repaired++;
      }
    }
    const [precision, recall] = [score.found / score.changed, score.found / score.wrong];
    const f1 = (2 * precision * recall) / (precision + recall);
    console.log(
      `beers, suggested rules: F1 ${f1.toFixed(3)} (P ${precision.toFixed(3)} R ${recall.toFixed(3)}), repaired ${(score.repaired / score.wrong).toFixed(3)}; flag-all F1 ${((2 * score.wrong) / (score.wrong + records.length * 11)).toFixed(3)}`,
    );
    expect(score.wrong).toBeGreaterThan(4000);
    expect(f1).toBeGreaterThanOrEqual(0.95);

    const cleanPath = join(data, 'clean.csv');
    const harm = await trial((await suggested(cleanPath, 'csv')).topology, cleanPath);
    let harmed = 0;
    for (const record of harm.records)
      for (const [field, was] of Object.entries(truth[Number(record.index) - 1]!))
        if (text(record[field]) !== was) harmed++;
    expect(harmed).toBeLessThanOrEqual(5); // doubled blanks in names
  }, 60_000);
});

/** Orders as many systems write them; `truth` is what is meant. */
function mixed(seed: number, n: number) {
  const towns = ['Aarhus', 'Ghent', 'Porto', 'Turin', 'Graz'];
  const lands = ['DK', 'BE', 'PT', 'IT', 'AT'];
  const rows: Record<string, unknown>[] = [];
  const truth: Record<string, unknown>[] = [];
  for (let i = 0; i < n; i++) {
    const draw = (k: number) => uniform(seed, i, k);
    const day = `2024-${String(1 + Math.floor(draw(1) * 12)).padStart(2, '0')}-${String(1 + Math.floor(draw(2) * 28)).padStart(2, '0')}`;
    const [y, m, d] = day.split('-');
    const town = Math.floor(draw(3) * towns.length);
    const price = Math.round(draw(4) * 500_000 + 100_000) / 100;
    const weight = Math.round(draw(5) * 400) / 10;
    const share = Math.round(draw(6) * 60 + 5) / 100;
    const stuck = draw(7) < 0.08;
    const temperature = draw(8) < 0.06 ? null : Math.round(draw(9) * 350) / 10;
    truth.push({
      id: 1000 + i,
      day,
      town: towns[town],
      land: lands[town],
      price,
      weight,
      share,
      temperature,
      state: 'open',
    });
    rows.push({
      id: 1000 + i,
      day: draw(10) < 0.6 ? day : `${d}.${m}.${y}`,
      town: stuck ? `${towns[town]}, ${lands[town]}` : towns[town],
      land: stuck ? null : lands[town],
      price: draw(11) < 0.5 ? price.toLocaleString('en-US', { minimumFractionDigits: 2 }) : `$${price.toFixed(2)}`,
      weight: `${weight} ${['kg', 'kg.', 'KG'][Math.floor(draw(12) * 3)]}`,
      share: draw(13) < 0.7 ? String(share) : `${share}%`,
      temperature: temperature ?? -999,
      state: draw(14) < 0.05 ? ' Open ' : draw(15) < 0.05 ? 'OPEN' : 'open',
    });
  }
  return { rows, truth };
}

describe('cleaning suggested for mixed formats', () => {
  it.each([1, 2, 3])('reads them as they are meant (json, seed %i)', async (seed) => {
    const { rows, truth } = mixed(seed, 800);
    const path = join(folder, `mixed-${seed}.ndjson`);
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { suggestion, topology } = await suggested(path, 'json');
    const { summary, records } = await trial(topology, path);
    expect(summary.curated / summary.in).toBeGreaterThanOrEqual(0.97);
    const wrong = new Map<string, number>();
    for (const record of records)
      for (const [field, should] of Object.entries(truth[Number(record.id) - 1000]!))
        if (record[field] !== should && !(should === null && record[field] === undefined))
          wrong.set(field, (wrong.get(field) ?? 0) + 1);
    expect(Object.fromEntries(wrong)).toEqual({});
    expect(suggestion.keys[0]).toEqual({ fields: ['id'], isLikely: true });
    expect(suggestion.dependencies.map(({ from, to }) => `${from} => ${to}`)).toEqual(['town => land', 'land => town']);
  });

  it('leaves different units, codes with zeros in front and plain words alone', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({
      size: i % 2 === 0 ? `${i} kg` : `${i} lb`,
      zip: String(i * 37).padStart(5, '0'),
      word: ['na', 'none', 'some', 'few'][i % 4],
    }));
    const path = join(folder, 'alone.ndjson');
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { suggestion } = await suggested(path, 'json');
    expect(suggestion.cleaning).toEqual([]);
    expect(suggestion.rules.find(({ rule }) => rule.pattern !== undefined && rule.field === 'zip')?.rule.pattern).toBe(
      '^[0-9]{5}$',
    );
  });

  it('survives names and values that a YAML file or a terminal might obey', async () => {
    const rude = {
      'a: b': 1,
      '# c': 'x',
      'd\ne': 'y',
      '"f\'': 2,
      __proto__x: 3,
      yes: true,
      'g.h': 'k',
      '[i]': 4,
      '': 5,
      'e\u001bs': 6,
    };
    const path = join(folder, 'rude.ndjson');
    const lines = Array.from({ length: 60 }, (_, i) =>
      JSON.stringify({ ...rude, esc: `\u001b[31m${i % 3}`, n: null, id: i }),
    );
    writeFileSync(path, `${lines.join('\n')}\n`);
    const shown = await sluice(['profile', path]);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).not.toContain('\u001b');
    const topology = shown.stdout.slice(shown.stdout.indexOf('# Suggested'));
    const { summary } = await trial(topology.replaceAll('rude', 'trial'), path);
    expect(summary).toMatchObject({ in: 60, curated: 60 });
  });
});

describe('sluice profile', () => {
  it('shows a table with bars and sparklines, and the topology', async () => {
    const path = join(folder, 'plain.csv');
    writeFileSync(
      path,
      `id;price;kind\n${Array.from({ length: 50 }, (_, i) => `${i};${(i * i) / 4};${i % 2 === 0 ? 'a' : ''}`).join('\n')}\n`,
    );
    const { code, stdout, stderr } = await sluice(['profile', path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('50 records, 3 fields');
    expect(stdout).toMatch(/kind +text +████░░░░ 50\.0 % +1 +top 50\.0 % +a/);
    expect(stdout).toMatch(/price +number \(text\) +████████ 100 % +\d+ +[▁▂▃▄▅▆▇█ ]+ +0 … 144 … 600\.25/);
    expect(stdout).toContain('delimiter: ";"');
    expect(stdout).toContain('- { field: id, type: integer } # 1.000');
  });

  it('finds the delimiter and the decimal mark of a European csv', async () => {
    const path = join(folder, 'euro.csv');
    const rows = Array.from({ length: 40 }, (_, i) => `${i};${1000 + i},5${i % 10} EUR;0${i + 10}`);
    writeFileSync(path, `nr;price;plz\n${rows.join('\n')}\n`);
    const file = join(folder, 'euro.yaml');
    expect(await sluice(['profile', path, '--suggest', file])).toMatchObject({ code: 0, stderr: '' });
    const { records } = await trial(readFileSync(file, 'utf8').replaceAll('euro', 'trial'), path);
    expect(records[7]).toEqual({ nr: 7, price: 1007.57, plz: '017' });
  });

  it('prints JSON, writes the topology to a file, and reads a topic of a local run', async () => {
    writeFileSync(join(folder, 'orders.raw.ndjson'), Array.from({ length: 30 }, (_, i) => `{"id":${i}}\n`).join(''));
    const file = join(folder, 'orders.yaml');
    const result = await sluice(['profile', 'orders.raw', '--local', folder, '--json', '--suggest', file]);
    const { fields, records, topology } = JSON.parse(result.stdout);
    expect(records).toBe(30);
    expect(fields[0]).toMatchObject({ field: 'id', distinct: 30, inferred: { type: 'integer' } });
    expect(readFileSync(file, 'utf8')).toBe(topology);
    expect((await sluice(['lint', file])).code).toBe(0);
  });

  it('says what is wrong with its arguments, and takes an empty file', async () => {
    expect(await sluice(['profile', 'nowhere.csv'], { cwd: root })).toMatchObject({ code: 2 });
    expect(await sluice(['profile', 'package.json', '--sample', 'x'], { cwd: root })).toMatchObject({ code: 2 });
    const path = join(folder, 'empty.ndjson');
    writeFileSync(path, '');
    const { code, stdout } = await sluice(['profile', path]);
    expect(code).toBe(0);
    expect(stdout).toContain('0 records');
    expect(stdout).toContain('steps: []');
  });
});
