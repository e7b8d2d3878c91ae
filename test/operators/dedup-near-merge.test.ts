import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/core/operator.ts';
import { dedupNear } from '../../src/operators/dedup-near.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import { CollectOut, recordOf, testDeps } from '../support/collect-out.ts';
import { namesOfFewWords } from '../support/few-words.ts';

const MERGE = { kind: 'place', fields: ['name', 'street'], action: 'merge', into: 'id' } as const;

const CASES = [
  { kind: 'person', fields: ['a', 'b', 'c'], action: 'merge', grace: '5s', threshold: 0.2, into: 'id' },
  { kind: 'place', fields: ['a', 'b'], action: 'merge', window: { records: 40 }, survivorship: { default: 'newest' } },
  {
    kind: 'text',
    fields: ['a'],
    action: 'merge',
    window: '30s',
    link: { source: 'd', oneToOne: false },
    survivorship: { default: 'source-priority', sources: ['x'], fields: { b: 'newest' } },
  },
  { kind: 'text', fields: ['name'], action: 'merge', grace: '3s', threshold: 0.4, window: { records: 60 } },
];

for (const [index, config] of CASES.entries()) {
  describe(`dedup-near that merges, with configuration ${index}`, () => {
    for (const { name, run } of operatorContract(dedupNear as never, {
      config,
      ...(config.fields.includes('name') ? { rows: namesOfFewWords() } : {}),
    }))
      it(name, run);
  });
}

interface Row {
  readonly data: object | string;
  /** Stream time and event time, milliseconds. */
  readonly at?: number;
}

/** What leaves while the rows are read, and then at the end. */
function merge(config: object, rows: readonly Row[]): { readonly out: CollectOut; readonly early: number } {
  const kernel = dedupNear.create({ ...MERGE, ...config } as never, testDeps());
  if (kernel instanceof Promise) throw new Error('made at once');
  const out = new CollectOut();
  const records = rows.map(({ data, at }, i) => {
    const record = recordOf(data, i);
    record.eventTime = at ?? Number.NaN;
    record.time = at ?? Number.NaN;
    return record;
  });
  kernel.process(
    records,
    Float64Array.from(rows, ({ at }) => at ?? Number.NaN),
    out,
  );
  const early = out.emissions.length;
  kernel.onTick?.({ kind: 'end', time: Number.NaN }, out);
  return { out, early };
}

const merged = (out: CollectOut) => out.findings.filter(({ rule }) => rule === 'merged');
const data = (out: CollectOut): unknown[] => out.port(0).map((record) => record.data);

const MILL = { name: 'Cafe Mill House', street: '7 Mill Road' };
const MILL_AGAIN = { name: 'CAFE MILL-HOUSE', street: '7 Mill Rd.' };

describe('merge', () => {
  it('gives one golden record of each cluster, of the filled values of all', () => {
    const rows = [
      { data: { ...MILL, phone: null, hours: ' ' } },
      { data: { name: 'Harbor Books', street: '12 Quay Street', phone: '1' } },
      { data: { ...MILL_AGAIN, phone: '0113 496', seats: 40, hours: '9-5' } },
    ];
    const { out, early } = merge({}, rows);
    expect(early).toBe(0);
    expect(out.absorbed.map(({ at, how }) => [at, how])).toEqual([
      [0, 'merged'],
      [1, 'merged'],
      [2, 'merged'],
    ]);
    expect(data(out)).toEqual([
      { name: 'CAFE MILL-HOUSE', street: '7 Mill Rd.', phone: '0113 496', hours: '9-5', seats: 40, id: 'test/0/0' },
      { name: 'Harbor Books', street: '12 Quay Street', phone: '1', id: 'test/0/1' },
    ]);
    // the record that repeats another counts, though it does not leave
    expect(out.findings.map(({ rule }) => rule)).toEqual(['near-duplicate', 'merged']);
    expect(out.port(0).map(({ key }) => new TextDecoder().decode(key!))).toEqual(['test/0/0', 'test/0/1']);
    expect(merged(out)).toEqual([
      {
        rule: 'merged',
        severity: 'info',
        dimension: 'uniqueness',
        observed: {
          cluster: 'test/0/0',
          records: 2,
          revision: 1,
          from: { name: 'test/0/2', street: 'test/0/2', phone: 'test/0/2', hours: 'test/0/2', seats: 'test/0/2' },
        },
      },
    ]);
  });

  it('takes of equally filled records the one that says most, whole, and the earlier of equals', () => {
    const names = [
      { ...MILL, first: 'Noah', last: 'Watson', more: null },
      { ...MILL, first: 'Watson', last: 'Noah', more: null },
      { ...MILL, first: '', last: 'Watsonia', more: [1] },
    ];
    const rows = names.map((row) => ({ data: row }));
    expect(data(merge({}, rows).out)).toEqual([{ ...names[0], more: [1], id: 'test/0/0' }]);
    const longer = [...rows, { data: { ...MILL, first: 'Noah J.', last: 'Watso', more: null } }];
    expect(data(merge({}, longer).out)).toMatchObject([{ first: 'Noah J.', last: 'Watso', more: [1] }]);
  });

  it('takes the newest value by the time of the records, whatever the order they come in', () => {
    const rows = [
      { data: { ...MILL, price: 2 }, at: 2000 },
      { data: { ...MILL, price: 3 }, at: 3000 },
      { data: { ...MILL, price: 1 }, at: 1000 },
      { data: { ...MILL, price: null }, at: 4000 },
    ];
    for (const order of [rows, [...rows].reverse(), [rows[2]!, rows[3]!, rows[0]!, rows[1]!]]) {
      const { out } = merge({ survivorship: { default: 'newest' }, grace: '1h' }, order);
      expect(data(out)).toMatchObject([{ price: 3 }]);
    }
    const { out } = merge({ survivorship: { default: 'newest' } }, [
      { data: { ...MILL, price: 1 } },
      { data: { ...MILL, price: 2 } },
    ]);
    expect(data(out)).toMatchObject([{ price: 2 }]);
  });

  it('takes the value of the best source that has one, field by field', () => {
    const survivorship = {
      fields: { phone: 'source-priority', price: 'newest' },
      source: 'from',
      sources: ['register', 2],
    };
    const rows = [
      { data: { ...MILL, from: 'web', phone: '111111111', price: 9 } },
      { data: { ...MILL, from: 2, phone: '22', price: 8 } },
      { data: { ...MILL, from: 'register', phone: '', price: 7 } },
    ];
    expect(data(merge({ survivorship }, rows).out)).toMatchObject([{ phone: '22', price: 7 }]);
  });

  it('leaves the bytes of a record that is alone as they came', () => {
    const text = '{"name":"Cafe Mill House",  "street":"7 Mill Road","n":12345678901234567890}';
    const { out } = merge({ into: undefined }, [{ data: text }]);
    expect(out.port(0)[0]).toMatchObject({ payload: text, patches: undefined });
    expect(merged(out)).toEqual([]);
  });

  it('waits for its grace after a change, and gives a later change as the next revision', () => {
    const rows = [
      { data: { ...MILL, seats: null }, at: 0 },
      { data: { ...MILL, seats: 4 }, at: 9_000 },
      { data: { name: 'Harbor Books', street: '12 Quay Street' }, at: 10_000 },
      { data: { ...MILL, seats: 4 }, at: 11_000 },
      { data: { ...MILL, wifi: true, seats: 5 }, at: 12_000 },
      { data: { name: 'Castle Garden', street: '1 Castle Walk' }, at: 23_000 },
    ];
    const { out } = merge({ grace: '10s' }, rows);
    expect(out.emissions.map(({ at, record }) => [at, (record.data as { name: string }).name])).toEqual([
      [2, MILL.name],
      [5, 'Harbor Books'],
      [5, MILL.name],
      [5, 'Castle Garden'],
    ]);
    expect(merged(out).map(({ observed }) => observed)).toMatchObject([
      { records: 2, revision: 1 },
      { records: 4, revision: 2 },
    ]);
    expect(data(out)[2]).toMatchObject({ seats: 5, wifi: true });
  });

  it('gives a changed cluster before its last record leaves the window', () => {
    const rows = [MILL, MILL_AGAIN, { name: 'Harbor Books' }, { name: 'Castle Garden' }].map((row) => ({ data: row }));
    const { out, early } = merge({ window: { records: 2 } }, rows);
    expect(early).toBe(1);
    expect(data(out)).toHaveLength(3);
    expect(out.emissions[0]).toMatchObject({ at: 3 });
  });

  it('refuses a partner that may be lost again, sources that are not named, and rules of another action', () => {
    const codes = (config: object) => dedupNear.validate!({ ...MERGE, ...config } as never).map(({ code }) => code);
    expect(codes({ link: { source: 's' } })).toEqual(['near-merge-link']);
    expect(codes({ link: { source: 's', oneToOne: false } })).toEqual([]);
    expect(codes({ survivorship: { fields: { a: 'source-priority' }, source: 's' } })).toEqual(['near-no-sources']);
    expect(codes({ survivorship: { default: 'source-priority', sources: ['x'] } })).toEqual(['near-no-sources']);
    expect(codes({ action: 'flag', grace: '1s', survivorship: {} })).toEqual(['near-merge', 'near-merge']);
  });
});

/**
 * The third shows that the first two are one: of their 3-grams, 15 of 33, 21 of 33 and 25 of 33 are shared, so it
 * belongs to the second, and the two of them are (15 + 21) / 66 like the first.
 */
const CHAIN = ['acme garden chair green', 'acme garden seat green wood', 'acme garden chair seat green wood'];

describe('clusters that turn out to be one', () => {
  const config = { kind: 'text', fields: ['name'], threshold: 0.5 };
  const rows = (extra: object[] = []) => CHAIN.map((name, i) => ({ data: { name, ...extra[i] }, at: i * 20_000 }));

  it('are one golden record, which says what it replaces when that was given before', () => {
    const { out } = merge(
      { ...config, grace: '10s' },
      rows([
        { a: 1, b: null },
        { a: null, b: 2 },
        { a: null, b: 3 },
      ]),
    );
    expect(out.events).toEqual([
      {
        type: 'cluster.merged',
        data: {
          cluster: 'test/0/1',
          from: 'test/0/0',
          records: 1,
          score: 0.545,
          origin: { topic: 'test', partition: 0, offset: 2 },
        },
      },
    ]);
    expect(data(out)).toMatchObject([
      { id: 'test/0/0', a: 1, b: null },
      { id: 'test/0/1', a: null, b: 2 },
      { id: 'test/0/1', a: 1, b: 3 },
    ]);
    expect(merged(out)).toMatchObject([
      { observed: { cluster: 'test/0/1', records: 3, revision: 2, replaces: ['test/0/0'] } },
    ]);
  });

  it('turn up in the rows the contract above is shown with', () => {
    const rows = namesOfFewWords().map(({ value, eventTime }) => ({ data: value as object, at: eventTime }));
    const { out } = merge({ ...CASES[3] }, rows);
    expect(out.events.filter(({ type }) => type === 'cluster.merged').length).toBeGreaterThan(1);
  });

  it('leave one golden record when none was given before', () => {
    const { out } = merge({ ...config, grace: '1h' }, rows());
    expect(data(out)).toEqual([{ name: CHAIN[2], id: 'test/0/1' }]);
    expect(merged(out)).toHaveLength(1);
    expect(merged(out)[0]!.observed).not.toHaveProperty('replaces');
  });
});

describe('merge and hostile input', () => {
  it('gives records without text as they are, each keyed by itself', () => {
    const rows = [{ name: '' }, { name: '   ' }, { name: null }, {}, { name: { deep: 1 } }].map((row) => ({
      data: row,
    }));
    const { out } = merge({}, rows);
    expect(data(out)).toEqual(rows.map((row, i) => ({ ...row.data, id: `test/0/${i}` })));
    expect(out.absorbed).toEqual([]);
  });

  it('makes one record of very many equal ones, and of look-alike forms of characters', () => {
    const equal = Array.from({ length: 3000 }, () => ({ data: MILL }));
    expect(data(merge({}, equal).out)).toEqual([{ ...MILL, id: 'test/0/0' }]);
    const forms = [{ name: 'ＡＢＣ  drill ﬁne' }, { name: 'abc drill fine' }].map((row) => ({ data: row }));
    expect(data(merge({}, forms).out)).toEqual([{ name: 'ＡＢＣ  drill ﬁne', id: 'test/0/0' }]);
  });

  it('merges values of a megabyte, and names that are those of objects', () => {
    const long = Array.from({ length: 150_000 }, (_, i) => `w${i % 9000}`).join(' ');
    const rows = [{ data: { ...MILL, note: 'short' } }, { data: { ...MILL, note: long } }];
    expect(data(merge({}, rows).out)).toEqual([{ ...MILL, note: long, id: 'test/0/0' }]);
    const odd = [
      { data: '{"name":"Cafe Mill House","__proto__":1}' },
      { data: '{"name":"Cafe Mill House","__proto__":{"x":1},"constructor":2}' },
    ];
    const [record] = merge({}, odd).out.port(0);
    expect(Object.entries(record!.data as object)).toEqual([
      ['name', 'Cafe Mill House'],
      ['__proto__', { x: 1 }],
      ['constructor', 2],
      ['id', 'test/0/0'],
    ]);
  });

  for (const [what, row] of [
    ['clusters', (i: number) => ({ name: `thing${i * 7919} of${i}` })],
    ['fields of one cluster', (i: number) => ({ ...MILL, [`field${i}`]: 'x'.repeat(50) })],
  ] as const)
    it(`keeps its bound under endless ${what}, with an event, and loses no cluster`, () => {
      const deps = { ...testDeps(), limits: { ...DEFAULT_LIMITS, maxStateBytes: 40_000 } };
      const kernel = dedupNear.create(MERGE as never, deps);
      if (kernel instanceof Promise) throw new Error('made at once');
      const out = new CollectOut();
      const rows = Array.from({ length: 600 }, (_, i) => recordOf(row(i), i));
      for (const [i, record] of rows.entries()) {
        kernel.process([record], Float64Array.of(Number.NaN), out);
        expect(kernel.stats!().bytes, `after record ${i}`).toBeLessThanOrEqual(40_000);
      }
      expect(out.events[0]).toMatchObject({ type: 'state.evicted', data: { bound: 'maxStateBytes' } });
      kernel.onTick?.({ kind: 'end', time: Number.NaN }, out);
      const given = new Map(out.port(0).map(({ data }) => [(data as { id: string }).id, data as object]));
      const kept = new Set([...given.values()].flatMap(Object.values));
      const names = new Set([...given.values()].flatMap(Object.keys));
      for (const { data } of rows)
        expect(
          what === 'clusters'
            ? kept.has((data as { name: string }).name)
            : names.has(Object.keys(data as object).at(-1)!),
        ).toBe(true);
    });
});
