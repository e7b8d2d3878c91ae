import { describe, expect, it } from 'vitest';
import { dedupNear } from '../../src/operators/dedup-near.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import { type CollectOut, runOperator } from '../support/collect-out.ts';

const CASES = [
  {
    kind: 'person',
    fields: ['a', 'b'],
    keys: ['c', { fields: ['a', 'd'], first: 2 }],
    compare: [
      { field: 'c', by: 'jaro-winkler', weight: 2 },
      { field: 'd', by: 'number', within: 3 },
    ],
    window: { records: 60 },
    threshold: 0.3,
  },
  {
    kind: 'text',
    fields: ['a'],
    keys: ['b'],
    compare: [
      { field: 'b', by: 'trigrams' },
      { field: 'c', by: 'date', within: '2d' },
    ],
    action: 'merge',
    grace: '10s',
  },
];

for (const [index, config] of CASES.entries()) {
  describe(`dedup-near with keys and comparisons, configuration ${index}`, () => {
    for (const { name, run } of operatorContract(dedupNear as never, { config })) it(name, run);
  });
}

const run = (config: object, rows: readonly object[]): Promise<CollectOut> =>
  runOperator(dedupNear, { kind: 'person', fields: ['name'], ...config } as never, rows);
const near = (out: CollectOut): unknown[] =>
  out
    .port(0)
    .filter(({ findings }) => findings.length > 0)
    .map(({ offset }) => offset);
const scores = (out: CollectOut): number[] => out.findings.map(({ observed }) => (observed as { score: number }).score);

describe('declared keys', () => {
  const rows = [
    { name: 'jonathan smythe', zip: '10115', born: '1970' },
    { name: 'jonathon smithe', zip: '10115', born: '1970' },
  ];

  it('make candidates of records that share no word', async () => {
    expect(near(await run({ threshold: 0.2 }, rows))).toEqual([]);
    expect(near(await run({ threshold: 0.2, keys: ['zip'] }, rows))).toEqual([1]);
  });

  it('take several fields as one key, and of each the first characters', async () => {
    const both = { fields: ['zip', 'name'] };
    expect(near(await run({ threshold: 0.2, keys: [both] }, rows))).toEqual([]);
    expect(near(await run({ threshold: 0.2, keys: [{ ...both, first: 6 }] }, rows))).toEqual([1]);
    expect(near(await run({ threshold: 0.2, keys: [{ ...both, first: 7 }] }, rows))).toEqual([]);
  });

  it('are none where a field is empty, nor the same for two fields', async () => {
    const empty = rows.map((row) => ({ ...row, zip: ' ', other: row.zip }));
    expect(near(await run({ threshold: 0.2, keys: ['zip', { fields: ['zip', 'born'] }] }, empty))).toEqual([]);
    const crossed = [
      { name: rows[0]!.name, a: '7', b: '' },
      { name: rows[1]!.name, a: '', b: '7' },
    ];
    expect(near(await run({ threshold: 0.2, keys: ['a', 'b'] }, crossed))).toEqual([]);
  });

  it('find candidates of texts beside the bands', async () => {
    const texts = [
      { name: 'aaa bbb', zip: '1' },
      { name: 'aab bba', zip: '1' },
    ];
    const text = { kind: 'text', threshold: 0.05 };
    expect(near(await run(text, texts))).toEqual([]);
    expect(near(await run({ ...text, keys: ['zip'] }, texts))).toEqual([1]);
  });
});

describe('comparisons', () => {
  const twins = [
    { name: 'mary ann smith', born: '1970-05-01', height: 170, pet: 'rex' },
    { name: 'mary ann smith', born: '1970-05-11', height: '171', pet: 'bello' },
  ];

  it('are a mean with the words, told field by field', async () => {
    // words 1; dates ten days apart of 20 allowed: .75 alike; numbers 1 apart of 2 allowed: .75; pets nothing
    const compare = [
      { field: 'born', by: 'date', within: '20d' },
      { field: 'height', by: 'number', within: 2 },
      { field: 'pet', by: 'exact', weight: 0.5 },
      { field: 'missing', by: 'edit' },
    ];
    const out = await run({ compare }, twins);
    expect(out.findings).toMatchObject([{ observed: { compared: { born: 0.75, height: 0.75, pet: 0 } } }]);
    // all values are rare, so agreement counts in full: (1 + .75 + .75 + 0) / (1 + 1 + 1 + .5)
    expect(scores(out)[0]).toBeCloseTo(2.5 / 3.5, 3);
  });

  it('leave a record that says nothing as it was judged by its words', async () => {
    const compare = [{ field: 'born', by: 'exact', weight: 50 }];
    for (const born of [undefined, null, '', ' '])
      expect(scores(await run({ compare }, [twins[0]!, { ...twins[1]!, born }]))).toEqual([1]);
    expect(scores(await run({ compare }, twins))).toEqual([]);
    const dates = [{ field: 'born', by: 'date', within: '1d', weight: 50 }];
    expect(scores(await run({ compare: dates }, [twins[0]!, { ...twins[1]!, born: 'last May' }]))).toEqual([1]);
  });

  it('count agreement the less the more records have the value, and a difference in full', async () => {
    const compare = [{ field: 'city', by: 'exact', weight: 3 }];
    const one = { name: 'maria sanchez lopez', city: 'x' };
    const other = { name: 'maria sanchez', city: 'x' };
    const crowd = Array.from({ length: 200 }, (_, i) => ({ name: `p${i * 7919} q${i * 104729}`, city: `c${i}` }));
    const score = async (city: (i: number) => string, last: object = other): Promise<number> => {
      const rows = [...crowd.map((row, i) => ({ ...row, city: city(i) })), one, last];
      return scores(await run({ compare, threshold: 0.1 }, rows)).at(-1)!;
    };
    const rare = await score((i) => `c${i}`);
    const frequent = await score((i) => (i % 2 === 0 ? 'x' : `c${i}`));
    const words = scores(await run({ threshold: 0.1 }, [...crowd, one, other])).at(-1)!;
    expect(rare).toBeGreaterThan(frequent + 0.02);
    expect(frequent).toBeGreaterThan(words);
    const different = { ...other, city: 'elsewhere' };
    expect(await score((i) => (i % 2 === 0 ? 'x' : `c${i}`), different)).toBe(await score((i) => `c${i}`, different));
  });

  it('do not read a megabyte of a value', async () => {
    const long = 'ab'.repeat(500_000);
    const compare = (['edit', 'jaro-winkler', 'trigrams'] as const).map((by) => ({ field: 'pet', by }));
    const rows = [
      { ...twins[0], pet: long },
      { ...twins[1], pet: `${long.slice(0, 100)}x${long.slice(101)}` },
    ];
    const before = performance.now();
    expect(near(await run({ compare }, rows))).toEqual([1]);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('need a distance where there is one, and only there', () => {
    const codes = (comparison: object) =>
      dedupNear.validate!({ kind: 'person', fields: ['a'], compare: [{ field: 'b', ...comparison }] } as never).map(
        ({ code, path }) => [code, ...path],
      );
    for (const bad of [
      { by: 'number' },
      { by: 'date' },
      { by: 'number', within: '3d' },
      { by: 'date', within: 3 },
      { by: 'edit', within: 3 },
    ])
      expect(codes(bad)).toEqual([['near-within', 'compare', 0]]);
    for (const good of [{ by: 'number', within: 0 }, { by: 'date', within: '3d' }, { by: 'edit' }])
      expect(codes(good)).toEqual([]);
  });
});
