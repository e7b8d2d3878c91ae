import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { profile } from '../../src/operators/profile.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import { eventsOf, type Fed, feed, lintCodes } from '../support/topology.ts';

const START = 1_699_999_200_000; // the start of an hour
const topology = (config: string, more = '') => `
name: t
input: { topic: in, format: json }
steps:
  - { id: p, use: profile, with: ${config} }
output: { topic: out }
commit: { every: 50ms, records: 50 }
checkpoint: { every: 200ms }
${more}
`;

const rowsOf = (values: readonly unknown[], stepMs = 1000): Fed[] =>
  values.map((value, i) => ({ value, time: START + i * stepMs }));

type Data = Record<string, unknown>;

async function profiled(config: string, rows: readonly Fed[], more = '') {
  const driver = feed(topology(config, more), rows);
  const summary = await driver.end();
  expect(summary.curated).toBe(rows.length);
  expect(driver.values('out')).toEqual(rows.map(({ value }) => JSON.stringify(value)));
  const events = eventsOf(driver, 't.events');
  const of = (type: string) => events.filter((event) => event.type === type).map(({ data }) => data);
  const fields = of('profile.field');
  const field = (name: string, segment?: unknown) =>
    fields.find((data) => data.field === name && JSON.stringify(data.segment) === JSON.stringify(segment))!;
  return { windows: of('profile.window'), fields, field, events };
}

describe('profile', () => {
  it('describes every field of a window', async () => {
    const values = Array.from({ length: 100 }, (_, i) => ({
      id: i,
      price: i % 10 === 0 ? null : i / 4,
      code: `${i < 50 ? 'AB' : 'CD'}-${100 + i}`,
      tags: i % 2 === 0 ? ['a', 'b'] : [],
      at: { city: i < 90 ? 'Bonn' : 'Köln' },
      ...(i < 30 ? { rare: true } : {}),
    }));
    const { windows, field } = await profiled('{ window: { records: 100 } }', rowsOf(values));
    expect(windows).toEqual([{ window: { start: 0, end: 100 }, records: 100, segments: 1, late: 0 }]);
    expect(field('id')).toMatchObject({
      records: 100,
      missing: 0,
      nulls: 0,
      types: { integer: 100 },
      inferred: { type: 'integer', asText: false, share: 1 },
      distinct: 100,
      numbers: { n: 100, min: 0, max: 99, mean: 49.5, quantiles: { p50: 49, p1: 0, p99: 98 } },
    });
    expect(field('price')).toMatchObject({ nulls: 10, numbers: { n: 90 }, inferred: { type: 'number' } });
    expect(field('code')).toMatchObject({
      distinct: 100,
      inferred: { type: 'text' },
      lengths: { min: 6, max: 6, mean: 6 },
      patterns: [{ pattern: '^\\p{Lu}{2}-[0-9]{3}$', count: 100 }],
    });
    expect(field('tags')).toMatchObject({ inferred: { type: 'list' }, lengths: { min: 0, max: 2, mean: 1 } });
    expect(field('at.city')).toMatchObject({
      top: [
        { value: 'Bonn', count: 90 },
        { value: 'Köln', count: 10 },
      ],
    });
    expect(field('rare')).toMatchObject({ missing: 70, types: { boolean: 30 } });
  });

  it('closes windows of time, counts late records, and lets them pass', async () => {
    const rows = [
      ...rowsOf(
        Array.from({ length: 10 }, () => ({ x: 1 })),
        600_000,
      ),
      { value: { x: 2 }, time: START },
    ];
    const { windows, field } = await profiled('{ window: 1h, fields: [x] }', rows);
    expect(windows.map(({ records, late }) => [records, late])).toEqual([
      [6, 0],
      [4, 1],
    ]);
    expect(field('x').window).toEqual({
      start: new Date(START).toISOString(),
      end: new Date(START + 3_600_000).toISOString(),
    });
  });

  it('has a profile for each segment, and one for all beyond the bound', async () => {
    const values = Array.from({ length: 60 }, (_, i) => ({ country: `c${i % 6}`, x: i % 6 }));
    const { windows, field } = await profiled(
      '{ window: { records: 60 }, by: [country], maxSegments: 4 }',
      rowsOf(values),
    );
    expect(windows[0]).toMatchObject({ records: 60, segments: 5, overflow: 20 });
    expect(field('x', { country: 'c2' })).toMatchObject({ records: 10, numbers: { min: 2, max: 2 } });
    expect(field('x', 'overflow')).toMatchObject({ records: 20, numbers: { min: 4, max: 5 } });
  });

  it('begins a new window of records with what is appended after an end', async () => {
    const driver = feed(topology('{ window: { records: 10 } }'), rowsOf([{ x: 1 }, { x: 2 }]));
    await driver.end();
    driver.feed('in', [{ value: '{"x":3}', timestamp: START + 5000 }]);
    await driver.end();
    const windows = eventsOf(driver, 't.events').filter(({ type }) => type === 'profile.window');
    expect(windows.map(({ data }) => [data.records, data.late])).toEqual([
      [2, 0],
      [1, 0],
    ]);
  });

  it('shows chosen figures as metrics', async () => {
    const seen = new Map<string, number>();
    const rows = rowsOf(Array.from({ length: 20 }, (_, i) => ({ x: i % 4 === 0 ? null : i })));
    const driver = feed(topology('{ window: { records: 20 }, metrics: { x: [null-ratio, mean, p95] } }'), rows, {
      observer: {
        commit: ({ stats }) => {
          for (const { stats: one } of stats)
            for (const { labels, value } of one.gauges ?? []) seen.set(`${labels!.field} ${labels!.figure}`, value);
        },
      },
    });
    await driver.end();
    expect(Object.fromEntries(seen)).toEqual({ 'x null-ratio': 0.25, 'x mean': 10, 'x p95': 19 });
  });

  it('shows no value of a field that must not show', async () => {
    const values = Array.from({ length: 20 }, (_, i) => ({ secret: `hush-${i % 3}`, open: 'yes' }));
    const { fields, field, events } = await profiled(
      '{ window: { records: 20 } }',
      rowsOf(values),
      'redact: [secret]\nquarantine: { value: redact }',
    );
    expect(fields).toHaveLength(2);
    expect(field('secret')).toMatchObject({ distinct: 3, types: { text: 20 } });
    expect(JSON.stringify(events)).not.toContain('hush');
  });

  it('survives what data can be', async () => {
    const odd: Data[] = [
      { x: 1, c: 7, n: null },
      { x: 'NaN', c: 7, n: null },
      { x: 'Infinity', c: 7, n: null },
      { x: { deep: { er: { and: { more: { still: 1 } } } } }, c: 7, n: null },
      { x: [1, 2], c: 7, n: null },
      { x: true, c: 7, n: null },
      { x: 1e308, c: 7, n: null },
      { x: -1e308, c: 7, n: null, __proto__x: 1, constructor: 'c' },
      { x: '', c: 7 },
      { c: 7 },
    ];
    const { field } = await profiled('{ window: { records: 10 } }', rowsOf(odd));
    expect(field('x')).toMatchObject({
      missing: 2,
      types: { integer: 3, boolean: 1, text: 3, list: 1 },
      inferred: { type: 'mixed' },
    });
    expect(field('x.deep.er.and')).toMatchObject({ types: { object: 1 } });
    expect(field('c')).toMatchObject({ distinct: 1, numbers: { sd: 0, min: 7, max: 7 } });
    expect(field('n')).toMatchObject({ nulls: 8, missing: 2, distinct: 0, inferred: { type: 'empty' } });
    expect(field('constructor')).toMatchObject({ missing: 9 });
  });

  it('stays bounded with 500 fields in 100 segments', async () => {
    const values = Array.from({ length: 400 }, (_, i) => {
      const row: Data = { s: i % 120 };
      for (let f = 0; f < 520; f++) row[`f${f}`] = i * f;
      return row;
    });
    let entries = 0;
    let bytes = 0;
    const driver = feed(
      topology('{ window: { records: 400 }, by: [s], maxCells: 2000, maxSegments: 100 }'),
      rowsOf(values),
      {
        observer: {
          commit: ({ stats }) => {
            entries = Math.max(entries, stats[0]?.stats.entries ?? 0);
            bytes = Math.max(bytes, stats[0]?.stats.bytes ?? 0);
          },
        },
      },
    );
    await driver.end();
    const events = eventsOf(driver, 't.events');
    expect(events[0]).toMatchObject({ type: 'state.evicted', data: { bound: 'maxCells' } });
    expect(events.find(({ type }) => type === 'profile.window')!.data).toMatchObject({ segments: 101, overflow: 60 });
    expect(events.filter(({ type }) => type === 'profile.field')).toHaveLength(2000);
    expect(entries).toBe(2000);
    expect(bytes).toBeLessThan(2000 * 20_000);
  });

  const rude = (seed: number): Fed[] =>
    Array.from({ length: 1200 }, (_, i) => ({
      value: {
        g: `g${Math.floor(uniform(seed, i, 1) * 8)}`,
        x: [i, String(i), null, 'x y', 3.5][i % 5],
        [`f${i % 40}`]: i,
      },
      time: START + i * 5000 - Math.floor(uniform(seed, i, 2) ** 4 * 600_000),
    }));
  const RUDE = topology('{ window: 20m, by: [g], maxSegments: 5, maxCells: 150 }');

  it.each([1, 7, 500])('says the same with batches of %i', async (cut) => {
    const all = feed(RUDE, rude(1));
    await all.end();
    const cutUp = feed(RUDE, rude(1), { cut });
    await cutUp.end();
    expect(all.values('t.events').length).toBeGreaterThan(50);
    expect(cutUp.values('t.events')).toEqual(all.values('t.events'));
  });

  it('says the same when killed at ten points and more', async () => {
    const calm = feed(RUDE, rude(2));
    await calm.end();
    const killed = feed(RUDE, rude(2), { cut: 40 });
    let kills = 0;
    while (await killed.crashAt(14 + 2 * kills)) kills++;
    await killed.end();
    expect(kills).toBeGreaterThanOrEqual(10);
    expect(killed.values('t.events')).toEqual(calm.values('t.events'));
    expect(killed.values('out')).toEqual(calm.values('out'));
  });

  for (const { name, run } of operatorContract(profile as never, {
    config: { window: '1m', by: ['id'], maxSegments: 5, maxCells: 20 },
  }))
    it(name, run);

  it.each([
    ['{ window: 0s }', 'window-empty'],
    ['{ window: 1h, by: [a], metrics: { x: [mean] } }', 'profile-metrics'],
    ['{ window: 1h, fields: [a], metrics: { x: [mean] } }', 'profile-metrics'],
  ])('%s is %s', (config, code) => {
    expect(lintCodes(topology(config))).toContain(code);
  });
});
