import { describe, expect, it } from 'vitest';
import type { Operator } from '../../src/core/operator.ts';
import { dropFields } from '../../src/operators/drop-fields.ts';
import { filter } from '../../src/operators/filter.ts';
import { flatten } from '../../src/operators/flatten.ts';
import { operatorRegistry, operators } from '../../src/operators/index.ts';
import { keepFields } from '../../src/operators/keep-fields.ts';
import { repartition } from '../../src/operators/repartition.ts';
import { route } from '../../src/operators/route.ts';
import { sample } from '../../src/operators/sample.ts';
import { set } from '../../src/operators/set.ts';
import { runOperator } from '../support/collect-out.ts';

/** Port and data of each emission. */
async function run<C>(operator: Operator<C>, config: C, data: readonly unknown[]) {
  const out = await runOperator(operator, config, data);
  return out.emissions.map(({ port, record }) => [port, record.data]);
}

describe('filter', () => {
  it('keeps what is true and drops what is false or unknown', async () => {
    const config = { where: 'record.a > 1', unknown: 'drop' as const };
    expect(await run(filter, config, [{ a: 2 }, { a: 1 }, {}, { a: 'x' }])).toEqual([
      [0, { a: 2 }],
      [1, { a: 1 }],
      [1, {}],
      [1, { a: 'x' }],
    ]);
    expect(await run(filter, { ...config, unknown: 'keep' }, [{}, { a: 1 }])).toEqual([
      [0, {}],
      [1, { a: 1 }],
    ]);
  });

  it('says where an expression is wrong', () => {
    const issues = filter.validate!({ where: 'record.a >', unknown: 'drop' });
    expect(issues).toMatchObject([{ path: ['where'], code: 'cel', level: 'error' }]);
  });
});

describe('repartition', () => {
  const keys = async (key: string[], data: readonly unknown[]) => {
    const out = await runOperator(repartition, { key }, data);
    return out.emissions.map(({ record }) => (record.key === null ? null : new TextDecoder().decode(record.key)));
  };

  it('writes one field as its text and several as a canonical list', async () => {
    expect(await keys(['a'], [{ a: 'é' }, { a: 1.5 }, { a: null }, {}, { a: { y: 1, x: 2 } }])).toEqual([
      'é',
      '1.5',
      null,
      null,
      '{"x":2,"y":1}',
    ]);
    expect(await keys(['a', 'b'], [{ a: 'x' }, { a: 1, b: true }])).toEqual(['["x",null]', '[1,true]']);
  });
});

describe('repartition by a list', () => {
  it('is refused, since one record has one key', () => {
    expect(repartition.validate!({ key: ['a', 'items[].id'] })).toMatchObject([{ path: ['key', 1], code: 'key-many' }]);
  });
});

describe('route', () => {
  const routes = { big: 'record.q > 10', german: 'record.c == "DE"' };

  it('sends to the first route that fits, else to out', async () => {
    const data = [{ q: 11, c: 'DE' }, { q: 1, c: 'DE' }, { q: 1 }];
    expect((await run(route, { routes, to: 'first' }, data)).map(([port]) => port)).toEqual([1, 2, 0]);
    expect(route.ports({ routes, to: 'first' }).map((p) => p.name)).toEqual(['out', 'big', 'german']);
  });

  it('sends to all that fit', async () => {
    expect((await run(route, { routes, to: 'all' }, [{ q: 11, c: 'DE' }, {}])).map(([port]) => port)).toEqual([
      1, 2, 0,
    ]);
  });

  it('refuses a route called out, and none at all', () => {
    expect(route.validate!({ routes: { out: 'true' }, to: 'first' })).toMatchObject([{ code: 'route-out' }]);
    expect(route.validate!({ routes: {}, to: 'first' })).toMatchObject([{ code: 'no-routes' }]);
  });
});

describe('sample', () => {
  const users = Array.from({ length: 4000 }, (_, i) => ({ user: i % 400, i }));
  const kept = async (config: Parameters<typeof sample.create>[0]) =>
    (await run(sample, config, users))
      .filter(([port]) => port === 0)
      .map(([, data]) => data as { user: number; i: number });

  it('keeps about the share asked for, the same on every run', async () => {
    const first = await kept({ ratio: 0.25 });
    expect(first.length).toBeGreaterThan(880);
    expect(first.length).toBeLessThan(1120);
    expect(await kept({ ratio: 0.25 })).toEqual(first);
    expect(await kept({ ratio: 0.25, seed: 5 })).not.toEqual(first);
  });

  it('decides once for all records of a key', async () => {
    const counts = new Map<number, number>();
    for (const { user } of await kept({ ratio: 0.3, by: ['user'] })) counts.set(user, (counts.get(user) ?? 0) + 1);
    expect(new Set(counts.values())).toEqual(new Set([10]));
    expect(counts.size).toBeGreaterThan(80);
    expect(counts.size).toBeLessThan(160);
  });

  it('holds a smaller sample inside a larger one; 0 and 1 are nothing and everything', async () => {
    const large = new Set((await kept({ ratio: 0.5 })).map((r) => r.i));
    for (const { i } of await kept({ ratio: 0.1 })) expect(large.has(i)).toBe(true);
    expect(await kept({ ratio: 0 })).toHaveLength(0);
    expect(await kept({ ratio: 1 })).toHaveLength(4000);
  });
});

describe('set', () => {
  it('sets constants and derived values from the record as it came', async () => {
    const fields = {
      a: { cel: 'record.a + 1' },
      b: { cel: 'record.a * 10' },
      'c.d': { value: [1] },
      e: { cel: 'record.missing + 1' },
    };
    expect(await run(set, { fields }, [{ a: 1 }])).toEqual([[0, { a: 2, b: 10, c: { d: [1] } }]]);
  });

  it('leaves a record alone that has the values already', async () => {
    const out = await runOperator(set, { fields: { a: { value: 1 } } }, [{ a: 1 }]);
    expect(out.emissions[0]!.record.patches).toBeUndefined();
  });
});

describe('drop-fields, keep-fields, flatten', () => {
  it('drops plain, nested and repeated fields', async () => {
    const data = [{ a: 1, b: { c: 1, d: 2 }, l: [{ x: 1, y: 2 }, { y: 3 }] }, { z: 1 }];
    const out = await runOperator(dropFields, { fields: ['a', 'b.c', 'l[].x'] }, data);
    expect(out.emissions.map((e) => e.record.data)).toEqual([{ b: { d: 2 }, l: [{ y: 2 }, { y: 3 }] }, { z: 1 }]);
    expect(out.emissions[1]!.record.patches).toBeUndefined();
  });

  it('keeps only what is named, whatever hostile names there are', async () => {
    const hostile = JSON.parse('{"a":1,"__proto__":{"x":1},"constructor":2}');
    const out = await runOperator(keepFields, { fields: ['a', 'toString'] }, [hostile, [1]]);
    expect(out.emissions.map((e) => JSON.stringify(e.record.data))).toEqual(['{"a":1}', '[1]']);
  });

  it('flattens maps, not lists, and keeps what would clash', async () => {
    const flat = async (data: unknown, config = { separator: '_', depth: 8 }) =>
      (await run(flatten, config, [data]))[0]![1];
    expect(await flat({ a: { b: 1, c: { d: 2 } }, l: [{ x: 1 }], e: {} })).toEqual({
      a_b: 1,
      a_c_d: 2,
      l: [{ x: 1 }],
      e: {},
    });
    expect(await flat({ a: { b: { c: 1 } } }, { separator: '.', depth: 1 })).toEqual({ 'a.b': { c: 1 } });
    expect(await flat({ a: { b: 1 }, a_b: 2 })).toEqual({ a: { b: 1 }, a_b: 2 });
    const out = await runOperator(flatten, { separator: '_', depth: 8 }, [{ a: { b: 1 }, a_b: 2 }]);
    expect(out.findings).toMatchObject([{ rule: 'flatten', severity: 'warn' }]);
  });
});

describe('the list of operators', () => {
  it('has each name once, and takes no second one', () => {
    expect(new Set(operators.map((o) => o.name)).size).toBe(operators.length);
    expect(() => operatorRegistry([operators[0]!])).toThrow(/already/);
  });
});
