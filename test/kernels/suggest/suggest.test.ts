import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { readDates } from '../../../src/kernels/suggest/dates.ts';
import { nullMarkers, sentinel } from '../../../src/kernels/suggest/markers.ts';
import { noiseDigits, readNumbers } from '../../../src/kernels/suggest/numbers.ts';
import { readTexts } from '../../../src/kernels/suggest/spellings.ts';
import { suggestDependencies } from '../../../src/kernels/suggest/suggest-dependencies.ts';
import { suggestKeys } from '../../../src/kernels/suggest/suggest-keys.ts';
import { suggestRules } from '../../../src/kernels/suggest/suggest-rules.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const repeat = <T>(values: readonly T[], times: number): T[] => range(times).flatMap(() => values);

describe('sentinels', () => {
  it.each<[string, number[], number | undefined]>([
    ['-200 far below everything', [...range(300), ...Array(20).fill(-200)], -200],
    ['9999 far above everything', [...range(300), ...Array(20).fill(9999)], 9999],
    ['-1 among ages', [...range(300).map((i) => 18 + (i % 60)), ...Array(20).fill(-1)], -1],
    ['0 is a number like others', [...range(300), ...Array(50).fill(0)], undefined],
    ['a balance of -3 is one too', [...range(300).map((i) => i % 40), ...Array(20).fill(-3)], undefined],
    ['one odd value is no marker', [...range(300), -999], undefined],
    ['negative series', range(300).map((i) => -i), undefined],
  ])('%s', (_what, numbers, expected) => {
    expect(sentinel(numbers)).toBe(expected);
  });

  it('are told from words that mean something', () => {
    expect(nullMarkers({ field: 'x', values: ['a', 'N/A', 'none', 'n/a', null] }, 'texts')).toEqual(['N/A']);
    expect(nullMarkers({ field: 'x', values: ['1', 'none', '-', ' ? '] }, 'numbers')).toEqual(['none', '-', '?']);
  });
});

describe('numbers in texts', () => {
  it.each<[string, string[], unknown]>([
    ['plain', ['1', '2.5', '-3e2'], []],
    ['thousands', repeat(['1,200.5', '17', '3,000'], 10), ['to-number']],
    ['decimal commas', repeat(['1.200,5', '17,25', '3,1'], 10), [{ 'to-number': { decimal: ',' } }]],
    ['currency', repeat(['$ 12.50', '€7', '9.99 USD'], 10), ['to-number']],
    ['percents beside shares', repeat(['0.5', '0.25', '40%'], 10), ['to-number']],
    ['percents beside percents', repeat(['50', '25', '40%'], 10), [{ 'to-number': { percent: 'strip' } }]],
  ])('%s', (_what, texts, steps) => {
    expect(readNumbers(texts)?.steps).toEqual(steps);
  });

  it('are taken out of units, of one kind', () => {
    expect(readNumbers(repeat(['3 kg', '4 kg.', '5KG'], 20))?.numbers.slice(0, 3)).toEqual([3, 4, 5]);
    expect(readNumbers(repeat(['3 kg', '4 lb'], 20))).toBeUndefined();
    expect(readNumbers(range(50).map((i) => `${i} street ${i}`))).toBeDefined();
    expect(readNumbers(range(50).map((i) => `${i} ${String.fromCharCode(97 + i)}street`))).toBeUndefined();
    expect(readNumbers(range(50).map((i) => `0${i}`))).toBeUndefined();
    expect(readNumbers(['12:00:00', '13:00:00'])).toBeUndefined();
  });

  it('show the noise of a calculation', () => {
    expect(noiseDigits([0.05, 0.061, 0.055999999999999994, 0.07, 0.08, 0.01])).toBe(3);
    expect(noiseDigits([0.05, 0.061])).toBeUndefined();
    expect(noiseDigits(range(10).map((i) => Math.sqrt(i + 2)))).toBeUndefined();
  });
});

describe('dates in texts', () => {
  const days = range(60).map((i) => new Date(Date.UTC(2024, i % 12, 1 + ((i * 7) % 28))));
  const two = (n: number) => String(n).padStart(2, '0');
  const iso = (d: Date) => d.toISOString().slice(0, 10);
  const us = (d: Date) => `${d.getUTCMonth() + 1}/${d.getUTCDate()}/${d.getUTCFullYear()}`;
  const de = (d: Date) => `${two(d.getUTCDate())}.${two(d.getUTCMonth() + 1)}.${d.getUTCFullYear()}`;

  it.each<[string, string[], unknown]>([
    ['as they should be', days.map(iso), { steps: [], format: 'date' }],
    ['month first', days.map(us), { steps: [{ 'parse-date': ['M/d/yyyy'] }], format: 'date' }],
    [
      'two formats',
      days.map((d, i) => (i % 3 === 0 ? de(d) : iso(d))),
      { steps: [{ 'parse-date': ['yyyy-MM-dd', 'd.M.yyyy'] }] },
    ],
    [
      'with a time',
      days.map((d) => `${de(d)} 14:05`),
      { steps: [{ 'parse-date': ['d.M.yyyy H:mm'] }], format: 'date-time' },
    ],
  ])('%s', (_what, texts, expected) => {
    expect(readDates(texts)).toMatchObject(expected as object);
  });

  it('are not seen in what is none', () => {
    expect(readDates(range(60).map((i) => `v1.${i}.${i + 1}`))).toBeUndefined();
    expect(readDates(range(60).map((i) => `10.0.${i}.1`))).toBeUndefined();
    expect(readDates(range(60).map((i) => `order ${i}`))).toBeUndefined();
  });

  it('say when day and month cannot be told apart', () => {
    expect(readDates(range(60).map((i) => `${1 + (i % 12)}/${1 + (i % 11)}/2024`))?.why.join()).toContain('mixed up');
  });
});

describe('spellings', () => {
  it('are brought together in lists of names, and left alone in prose', () => {
    expect(readTexts(repeat(['Open', 'Open', 'open', 'Closed'], 10)).steps).toEqual([{ map: { open: 'Open' } }]);
    expect(readTexts(range(50).map((i) => (i === 7 ? 'Text 6' : `text ${i}`))).steps).toEqual([]);
    expect(readTexts([' a', 'b']).steps).toEqual(['trim']);
  });
});

describe('keys', () => {
  const column = (field: string, values: unknown[]) => ({ field, values });

  it('are single fields, the likely ones first, else pairs', () => {
    const text = column(
      'title',
      range(50).map((i) => `A tale of ${i}`),
    );
    const id = column(
      'order_id',
      range(50).map((i) => i * 3),
    );
    expect(suggestKeys([text, id])).toEqual([
      { fields: ['order_id'], isLikely: true },
      { fields: ['title'], isLikely: false },
    ]);
    const [a, b] = [
      column(
        'a',
        range(50).map((i) => i % 10),
      ),
      column(
        'b',
        range(50).map((i) => Math.floor(i / 10)),
      ),
    ];
    expect(suggestKeys([a, b])).toEqual([{ fields: ['a', 'b'], isLikely: true }]);
    expect(suggestKeys([column('n', [...range(49), null])])).toEqual([]);
  });
});

describe('dependencies', () => {
  it('are found through a few errors, and not by chance', () => {
    const n = 1000;
    const zip = range(n).map((i) => Math.floor(uniform(1, i) * 40));
    const city = zip.map((z, i) => (uniform(2, i) < 0.01 ? 'typo' : `city ${z % 20}`));
    const flag = range(n).map((i) => uniform(3, i) < 0.01);
    const noise = range(n).map((i) => Math.floor(uniform(4, i) * 5));
    const columns = Object.entries({ zip, city, flag, noise }).map(([field, values]) => ({ field, values }));
    const found = suggestDependencies(columns);
    expect(found.map(({ from, to }) => `${from} => ${to}`)).toEqual(['zip => city']);
    expect(found[0]!.confidence).toBeGreaterThan(0.98);
    expect(found[0]!.confidence).toBeLessThan(1);
  });
});

describe('rules', () => {
  const of = (values: unknown[]) => suggestRules([{ field: 'x', values }]).map(({ field: _field, ...rule }) => rule);

  it('bound numbers with some room, and leave out what lies far outside', () => {
    const values = range(1000).map((i) => 20 + (i % 80));
    expect(of(values)).toEqual([{ required: true }, { type: 'integer' }, { min: 0 }, { max: 120 }]);
    expect(of([...values, 1e9])).toEqual([{ required: true }, { type: 'integer' }, { min: 0 }, { max: 120 }]);
    expect(of(values.map((v) => v - 60))).toEqual([{ required: true }, { type: 'integer' }, { min: -60 }, { max: 60 }]);
  });

  it('list names, name forms, and ask for what is almost always there', () => {
    expect(of(repeat(['a', 'b'], 50))).toEqual([{ required: true }, { type: 'string' }, { in: ['a', 'b'] }]);
    expect(of(range(100).map((i) => `AB-${100 + i}`))).toContainEqual({ pattern: '^\\p{Lu}{2}-[0-9]{3}$' });
    expect(of(range(100).map((i) => `user${i}@example.org`))).toContainEqual({ format: 'email' });
    expect(of([...range(99), null])).toContainEqual({ required: true });
    expect(of([...range(90), ...Array(10).fill(null)])).not.toContainEqual({ required: true });
  });

  it('say nothing of a constant number, of nothing at all, or of a handful', () => {
    expect(of(Array(100).fill(7))).toEqual([{ required: true }, { type: 'integer' }]);
    expect(of(Array(100).fill(null))).toEqual([]);
    expect(of(['a', 'b'])).toEqual([]);
  });
});
