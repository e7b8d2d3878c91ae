import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Evidence } from '../../src/core/finding.ts';
import type { DataRecord } from '../../src/core/record.ts';
import { clean } from '../../src/operators/clean.ts';
import { runOperator, type TestDeps } from '../support/collect-out.ts';

type Config = Parameters<typeof clean.create>[0];

const EXAMPLES = join(import.meta.dirname, '..', '..', '..', 'shared', 'examples');

/** What the steps make of one value, and the rules of the findings. */
async function cleaned(steps: unknown, value: unknown, options: TestDeps = {}) {
  const config = { fields: { v: steps } } as Config;
  expect([...Value.Errors(clean.config, Value.Default(clean.config, structuredClone(config)))]).toEqual([]);
  expect(clean.validate!(config)).toEqual([]);
  const out = await runOperator(clean, config, [value === undefined ? {} : { v: value }], options);
  const record = out.emissions[0]!.record;
  return [(record.data as { v: unknown }).v, ...record.findings.map((f) => f.rule)];
}

describe('clean', () => {
  it.each([
    ['to-number', '78,953.96', [78953.96]],
    ['to-number', '1,234,567', [1234567]],
    ['to-number', ' 12 ', [12]],
    ['to-number', '-0', [0]],
    ['to-number', '+5.50', [5.5]],
    ['to-number', '.5', [0.5]],
    ['to-number', '$1,200.50', [1200.5]],
    ['to-number', '1 200,50 €', ['1 200,50 €', 'v.to-number']],
    ['to-number', 'USD 12', [12]],
    ['to-number', '-$5', [-5]],
    ['to-number', '12%', [0.12]],
    ['to-number', '0.07%', [0.0007]],
    ['to-number', '1e3', [1000]],
    ['to-number', "1'234.5", [1234.5]],
    ['to-number', '1,5', ['1,5', 'v.to-number']],
    ['to-number', '12,34,567', ['12,34,567', 'v.to-number']],
    ['to-number', '1.2.3', ['1.2.3', 'v.to-number']],
    ['to-number', '0x10', ['0x10', 'v.to-number']],
    ['to-number', '', ['', 'v.to-number']],
    ['to-number', 'NaN', ['NaN', 'v.to-number']],
    ['to-number', [1], [[1], 'v.to-number']],
    ['to-number', 7, [7]],
    ['to-number', '12345678901234567890', ['12345678901234567890', 'lossy-number']],
    ['to-number', '9007199254740993', ['9007199254740993', 'lossy-number']],
    ['to-number', '9007199254740992', [9007199254740992]],
    ['to-number', '0.1000000000000000055', ['0.1000000000000000055', 'lossy-number']],
    ['to-number', '1e400', ['1e400', 'lossy-number']],
    ['to-number', '1e-400', ['1e-400', 'lossy-number']],
    [{ 'to-number': { decimal: ',' } }, '1.234,5', [1234.5]],
    [{ 'to-number': { decimal: ',' } }, '1 200,50 €', [1200.5]],
    [{ 'to-number': { percent: 'strip' } }, '12 %', [12]],
    ['to-integer', '12.0', [12]],
    ['to-integer', '12.5', ['12.5', 'v.to-integer']],
    ['to-integer', 12.5, [12.5, 'v.to-integer']],
    ['to-boolean', 'Yes', [true]],
    ['to-boolean', 0, [false]],
    ['to-boolean', 'maybe', ['maybe', 'v.to-boolean']],
    ['to-string', 12, ['12']],
    ['to-string', null, [null]],
    ['trim', '\u00a0 a \t', ['a']],
    ['collapse-whitespace', 'a \n b\u00a0c', ['a b c']],
    ['lower-case', 'ÄB', ['äb']],
    ['upper-case', 'äß', ['ÄSS']],
    ['title-case', "o'neil VAN der-berg", ["O'neil Van Der-Berg"]],
    ['unicode', 'e\u0301', ['é']],
    [{ unicode: 'NFKC' }, 'ﬁ', ['fi']],
    ['strip-control', 'a\u0000\u200bb\tc', ['ab\tc']],
    [{ nulls: [0, 'N/A'] }, ' n/a ', [null]],
    [{ nulls: [0] }, 0, [null]],
    [{ nulls: [0] }, '0', ['0']],
    ['nulls', 'NULL', [null]],
    [{ default: 'x' }, undefined, ['x']],
    [{ default: 'x' }, null, ['x']],
    [{ default: 'x' }, '', ['']],
    [{ 'parse-date': ['MMM dd yyyy'] }, 'Jun 12 1998', ['1998-06-12']],
    [{ 'parse-date': ['MMM dd yyyy'] }, 'June 2 1998', ['1998-06-02']],
    [{ 'parse-date': ['MMM dd yyyy'] }, '1998-06-12', ['1998-06-12']],
    [{ 'parse-date': ['MMM dd yyyy'] }, 'Feb 30 1998', ['Feb 30 1998', 'v.parse-date']],
    [{ 'parse-date': ['dd.MM.yyyy HH:mm'] }, '1.2.2020 03:04', ['2020-02-01T03:04:00Z']],
    [
      { 'parse-date': { patterns: ['dd.MM.yyyy HH:mm'], zone: 'Europe/Berlin' } },
      '01.07.2026 12:00',
      ['2026-07-01T10:00:00Z'],
    ],
    [
      { 'parse-date': { patterns: ['dd.MM.yyyy HH:mm'], zone: 'Europe/Berlin' } },
      '29.03.2026 02:30',
      ['2026-03-29T01:30:00Z'],
    ],
    [
      { 'parse-date': { patterns: ['dd.MM.yyyy HH:mm'], zone: 'Europe/Berlin' } },
      '25.10.2026 02:30',
      ['2026-10-25T00:30:00Z'],
    ],
    [{ 'parse-date': ['dd/MM/yy'] }, '05/06/69', ['2069-06-05']],
    [{ 'parse-date': ['dd/MM/yy'] }, '05/06/70', ['1970-06-05']],
    [{ 'parse-date': { patterns: ['dd/MM/yy'], pivot: 30 } }, '05/06/30', ['1930-06-05']],
    [{ 'parse-date': ['yyyyMMdd'] }, '20200131', ['2020-01-31']],
    [{ 'parse-date': ["d 'de' MMM yyyy h:mm a"] }, '3 de Jan 2020 12:05 a.m.', ['2020-01-03T00:05:00Z']],
    [{ 'parse-date': ["yyyy-MM-dd'T'HH:mm:ssXXX"] }, '2020-01-01T01:00:00+02:00', ['2019-12-31T23:00:00Z']],
    [{ 'parse-date': ['EEE, d MMM yyyy HH:mm:ss Z'] }, 'Tue, 3 Mar 2020 10:00:00 +0100', ['2020-03-03T09:00:00Z']],
    ['parse-time', '7:10 p.m.', ['19:10:00']],
    ['parse-time', '12:00 AM', ['00:00:00']],
    ['parse-time', '25:00', ['25:00', 'v.parse-time']],
    ['parse-duration', '1h 30m', [5400]],
    ['parse-duration', 'PT1H30M', [5400]],
    [{ 'parse-duration': 'm' }, '90 minutes', [90]],
    [{ 'parse-duration': 'm' }, '1:30:00', [90]],
    ['parse-duration', 'a while', ['a while', 'v.parse-duration']],
    [{ convert: { from: 'F', to: 'C' } }, 212, [100]],
    [{ convert: { from: 'lb', to: 'kg' } }, 10, [4.5359237]],
    [{ convert: { factor: 2, offset: 1 } }, 3, [7]],
    [
      {
        convert: {
          from: 'crate',
          to: 'kg',
          units: { box: { of: 'kg', factor: 2.5 }, crate: { of: 'box', factor: 4 } },
        },
      },
      3,
      [30],
    ],
    [{ convert: { from: 'Ré', to: 'C', units: { Ré: { of: 'C', factor: 1.25 } } } }, 80, [100]],
    [{ map: { Germany: 'DE' } }, 'Germany', ['DE']],
    [{ map: { Germany: 'DE' } }, 'constructor', ['constructor']],
    [{ replace: { pattern: '\\s*(?:oz\\.?|ounces?)(?:.*)$', with: '' } }, '12.0 oz. Alumi-Tek', ['12.0']],
    [{ replace: { pattern: '(\\w+) (\\w+)', with: '$2-$1' } }, 'a b', ['b-a']],
    [{ replace: { pattern: '€', with: '$$' } }, '5€', ['5$']],
    [{ round: 2 }, 1.005, [1.01]],
    [{ round: 3 }, 0.055999999999999994, [0.056]],
    [{ round: -2 }, 1250, [1300]],
    [{ clamp: [0, 10] }, 11, [10]],
    [{ mask: { keep: 4 } }, '4111111111111111', ['************1111']],
    [{ split: ',' }, 'a,b', [['a', 'b']]],
    [{ join: '-' }, ['a', null, 1], ['a-1']],
    [{ derive: 'record.v + 1' }, 2, [3]],
    [{ derive: 'record.w + 1' }, 2, [2]],
  ])('%j makes %j into %j', async (step, value, expected) => {
    expect(await cleaned([step], value)).toEqual(expected);
  });

  it('takes units of a file', async () => {
    const step = { convert: { from: 'smoot', to: 'cm', units: 'units.yaml' } };
    const files = { 'units.yaml': 'smoot: { of: m, factor: 1.7018 }\n' };
    expect(await cleaned([step], 2, { files })).toEqual([340.36]);
    await expect(cleaned([step], 2, { files: { 'units.yaml': 'smoot: 3\n' } })).rejects.toThrow(
      "units.yaml: 'smoot' needs of: and factor:",
    );
  });

  it('hashes with a key, the same text for the same value', async () => {
    const step = { hash: { secret: 'a secret of enough bytes' } };
    const [first] = await cleaned([step], 'a@example.com');
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await cleaned([step], 'a@example.com')).toEqual([first]);
    expect(await cleaned([{ hash: { secret: 'another secret, long too' } }], 'a@example.com')).not.toEqual([first]);
  });

  it('passes an unchanged record on as the same object', async () => {
    const out = await runOperator(clean, { fields: { v: ['trim', 'lower-case', 'to-string'] }, rename: { x: 'y' } }, [
      { v: 'a' },
    ]);
    expect(out.emissions[0]!.record.root).toBe(out.emissions[0]!.record);
    expect(out.emissions[0]!.record.patches).toBeUndefined();
  });

  it('renames before the steps, even two fields that change places', async () => {
    const out = await runOperator(clean, { rename: { a: 'b', b: 'a', 'Long Name': 'n' }, fields: { n: ['trim'] } }, [
      { a: 1, b: 2, 'Long Name': ' x ' },
    ]);
    expect(out.emissions[0]!.record.data).toEqual({ a: 2, b: 1, n: 'x' });
  });

  it('does not rename onto a value that is there', async () => {
    const out = await runOperator(clean, { rename: { a: 'b' } }, [{ a: 1, b: 2 }]);
    expect(out.emissions[0]!.record.data).toEqual({ a: 1, b: 2 });
    expect(out.findings).toMatchObject([{ rule: 'a.rename', severity: 'warn' }]);
  });

  it('reaches into maps and lists', async () => {
    const out = await runOperator(
      clean,
      { fields: { 'items[].price': ['to-number'], 'a.b': ['trim'] }, drop: ['a.c'] },
      [{ items: [{ price: '1' }, { price: 'x' }, {}], a: { b: ' b', c: 1 } }],
    );
    expect(out.emissions[0]!.record.data).toEqual({ items: [{ price: 1 }, { price: 'x' }, {}], a: { b: 'b' } });
    expect(out.findings).toMatchObject([{ rule: 'items[].price.to-number', field: 'items[1].price' }]);
  });

  it('flags, or only observes, what it would change', async () => {
    const config: Config = {
      fields: { a: ['trim'], b: { steps: ['trim'], mode: 'repair' }, c: [{ use: 'trim', mode: 'observe' }] },
      mode: 'flag',
    };
    const out = await runOperator(clean, config, [{ a: ' a', b: ' b', c: ' c' }]);
    expect(out.emissions[0]!.record.data).toEqual({ a: ' a', b: 'b', c: ' c' });
    expect(out.emissions[0]!.record.findings).toMatchObject([{ rule: 'a.trim', observed: ' a', suggestion: 'a' }]);
    expect(out.findings.map((f) => f.rule)).toEqual(['a.trim', 'c.trim']);
  });

  it('counts changes by method once a batch, without evidence unless asked', async () => {
    const out = await runOperator(clean, { fields: { a: ['trim', 'lower-case'] } }, [
      { a: ' A' },
      { a: ' b' },
      { a: 'c' },
    ]);
    expect([...out.counted]).toEqual([
      ['trim', 2],
      ['lower-case', 1],
    ]);
    expect(out.evidences).toEqual([]);
    expect(out.emissions[0]!.record.evidence).toEqual([]);
  });

  it('keeps masked, hashed and redacted values out of evidence and findings', async () => {
    const config: Config = { fields: { card: [{ mask: { keep: 2 } }], pin: ['to-number'] }, trace: true };
    const out = await runOperator(clean, config, [{ card: '12345678', pin: 'secret' }], { redact: ['pin'] });
    expect(JSON.stringify([out.evidences, out.findings])).not.toMatch(/345|secret/);
  });

  it('says which fields it hides, by old and new name', () => {
    const config: Config = { rename: { Card: 'card' }, fields: { card: ['mask'], a: ['trim'] } };
    expect(clean.fields!(config).hides).toEqual(['card', 'Card']);
  });

  it('restores the input when evidence is applied backwards', async () => {
    const config: Config = {
      rename: { 'Full Name': 'name', a: 'b', b: 'a' },
      drop: ['junk'],
      fields: {
        name: ['trim', 'collapse-whitespace', 'upper-case'],
        a: ['to-number', { round: 1 }],
        b: ['nulls', { default: 'none' }],
        'list[].x': ['trim', 'to-integer'],
        extra: [{ derive: 'record.a + 1' }],
      },
      trace: true,
    };
    const value = fc.oneof(
      fc.constantFrom(' a  b ', '1,234.56', 'n/a', '', ' 7 ', 'x'),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constant(null),
    );
    const input = fc.record(
      {
        'Full Name': value,
        name: fc.constant(null),
        a: value,
        b: value,
        junk: value,
        list: fc.array(fc.record({ x: value })),
        other: value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(input, async (data) => {
        const before = JSON.parse(JSON.stringify(data));
        const out = await runOperator(clean, config, [data]);
        expect(undo(out.emissions[0]!.record)).toEqual(before);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('changes nothing the second time', async () => {
    const steps = [
      'trim',
      'collapse-whitespace',
      'lower-case',
      'title-case',
      'unicode',
      'strip-control',
      'nulls',
      'to-number',
      'parse-time',
      'parse-duration',
      'to-boolean',
    ];
    const more = [
      { 'parse-date': ['MMM d yyyy', 'dd.MM.yy HH:mm'] },
      { round: 2 },
      { clamp: [0, 5] },
      { mask: { keep: 2 } },
      { split: ',' },
    ];
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom(' 1,000 ', 'Jan 3 2020', '03.04.21 10:00', '7:05 pm', '1h', 'yes', 'ǆ ß', '1e-7', 'a , b'),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...steps, ...more), text, async (step, value) => {
        const config = { fields: { v: [step] } } as Config;
        const once = (await runOperator(clean, config, [{ v: value }])).emissions[0]!.record.data;
        const twice = (await runOperator(clean, config, [once])).emissions[0]!.record.data;
        expect(twice).toEqual(once);
      }),
      { seed: 13, numRuns: 1000 },
    );
  });

  it.each([
    [{}, 'clean-nothing'],
    [{ rename: { a: 'c', b: 'c' } }, 'rename-twice'],
    [{ rename: { a: 'b' }, fields: { a: ['trim'] } }, 'renamed-field'],
    [{ drop: ['a'], fields: { a: ['trim'] } }, 'dropped-field'],
    [{ fields: { a: [{ mode: 'flag' }] } }, 'step-without-name'],
    [{ fields: { a: [{ round: 1, clamp: [0, 1] }] } }, 'step-twice'],
    [{ fields: { a: [{ 'parse-date': ['dd.MM'] }] } }, 'clean-step'],
    [{ fields: { a: [{ 'parse-date': ['yyyy-MM-dd q'] }] } }, 'clean-step'],
    [{ fields: { a: [{ 'parse-date': { patterns: ['yyyy-MM-dd'], zone: 'Mars/Base' } }] } }, 'time-zone'],
    [{ fields: { a: [{ convert: { from: 'kg', to: 'm' } }] } }, 'clean-step'],
    [{ fields: { a: [{ convert: { from: 'x', to: 'm', units: { x: { of: 'y', factor: 1 } } } }] } }, 'clean-step'],
    [{ fields: { a: [{ convert: { from: 'x', to: 'm', units: { x: { of: 'm', factor: 0 } } } }] } }, 'clean-step'],
    [{ fields: { a: [{ replace: { pattern: '(?=x)', with: '' } }] } }, 'clean-step'],
    [{ fields: { a: [{ hash: { secret: 'short' } }] } }, 'short-secret'],
    [{ fields: { a: [{ derive: 'record.' }] } }, 'cel'],
    [{ fields: { a: [{ clamp: [5, 1] }] } }, 'clean-step'],
  ])('explains what is wrong with %j', (config, code) => {
    const issues = clean.validate!(config as Config);
    expect(issues.map((issue) => issue.code)).toEqual([code]);
    expect(issues[0]!.message).toMatch(/;/);
  });

  it.skipIf(!existsSync(EXAMPLES)).each(['movies', 'orders'])('accepts the steps of %s as they stand', (name) => {
    const topology = parse(readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8'));
    const config = topology.steps.find((s: { use: string }) => s.use === 'clean').with;
    expect([...Value.Errors(clean.config, Value.Default(clean.config, config))]).toEqual([]);
    expect(clean.validate!(config)).toEqual([]);
  });
});

/** The input a record came from, by its evidence alone. */
function undo(record: DataRecord): unknown {
  const draft = record.edit();
  for (const { field, old } of [...record.evidence].reverse() as Evidence[])
    draft.patch(
      field
        .split(/[.[\]]+/)
        .filter((part) => part !== '')
        .map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
      old,
    );
  return draft.data;
}
