import { describe, expect, it } from 'vitest';
import { normalQuantile } from '../../src/kernels/drift/normal.ts';
import { type Draw, uniforms } from '../kernels/drift/families.ts';
import { DriftRun } from './drift-harness.ts';

const fields = { x: 'numeric', c: 'categorical' };
const config = { fields, reference: { records: 2000 } };

function rows(n: number, make: (u: Draw, i: number) => unknown, seed = 1): unknown[] {
  const u = uniforms(seed);
  return Array.from({ length: n }, (_, i) => make(u, i));
}
const fine = (u: Draw) => ({ x: normalQuantile(u()), c: u() < 0.5 ? 'a' : 'b' });

describe('hostile streams', () => {
  it('all nulls, from the start or later', async () => {
    const always = await DriftRun.start(config);
    always.push(rows(10_000, (_, i) => (i % 2 === 0 ? {} : { x: null, c: null })));
    expect(always.alarms).toEqual([]);
    always.push(rows(500, fine));
    const later = await DriftRun.start(config);
    later.push(rows(2500, fine)).push(rows(200, () => ({}), 2));
    expect(later.alarms.map(({ data }) => [data.field, data.chart]).sort()).toEqual([
      ['c', 'nulls'],
      ['x', 'nulls'],
    ]);
  });

  it.each([
    ['NaN as text', 'NaN'],
    ['Infinity as text', '-Infinity'],
    ['numbers as text', '1.5'],
    ['objects', { a: 1 }],
    ['lists', [1, 2]],
    ['booleans', true],
  ])('%s in a numeric field are invalid, never coerced', async (_name, value) => {
    const run = await DriftRun.start(config);
    run.push(rows(2500, fine)).push(rows(100, (u) => ({ ...fine(u), x: value }), 2));
    expect(run.alarms.map(({ data }) => [data.field, data.chart])).toEqual([['x', 'invalid']]);
  });

  it('numbers that overflow everything', async () => {
    const run = await DriftRun.start(config);
    const values = [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -0, 1e308];
    run
      .push(rows(4000, (_, i) => ({ x: values[i % 5], c: 'a' })))
      .push(rows(500, () => ({ x: Number.MAX_VALUE, c: 'a' })));
    expect(run.alarms.map(({ data }) => data.field)).toEqual(['x']);
    expect(JSON.stringify(run.alarms)).not.toMatch(/NaN|Infinity/);
  });

  it('a million categories, huge ones and odd ones', async () => {
    const run = await DriftRun.start({ ...config, fields: { c: 'categorical' } });
    for (let chunk = 0; chunk < 20; chunk++) run.push(rows(50_000, (_, i) => ({ c: `id-${chunk * 50_000 + i}` })));
    const { bytes } = run.kernel.stats!();
    expect(bytes).toBeLessThan(1_000_000);
    expect(run.alarms).toEqual([]);
    const odd = await DriftRun.start({ ...config, by: ['s'] });
    const names = ['__proto__', 'constructor', 'x'.repeat(1_000_000), '\ud800', '', ['\ud800'], { a: null }];
    odd.push(rows(3000, (u, i) => ({ ...fine(u), c: names[i % names.length], s: names[i % 3] })));
    expect(odd.kernel.stats!().bytes).toBeLessThan(2_000_000);
  });

  it('time that runs backwards, jumps by centuries, or is missing', async () => {
    const run = await DriftRun.start({ ...config, volume: { every: '1m' }, freshness: true });
    const times = [0, 5e12, 1e12, Number.NaN, -1e12, 8.6e15, 1e3];
    run.push(rows(6000, fine), (i) => times[i % times.length]! + i);
    expect(run.emitted).toBe(6000);
    expect(run.kernel.stats!().bytes).toBeLessThan(1_000_000);
  });

  it('records that are no objects', async () => {
    const run = await DriftRun.start(config);
    run.push(rows(3000, (_, i) => [null, 5, 'text', [1], true][i % 5]));
    expect(run.emitted).toBe(3000);
  });
});

describe('state', () => {
  it('of 500 fields and 100 segments stays within the limit, and says which segments it cannot keep', async () => {
    const names = Array.from({ length: 500 }, (_, f) => `f${f}`);
    const wide = {
      fields: Object.fromEntries(names.map((name) => [name, 'numeric'])),
      reference: { records: 30 },
      by: ['s'],
      maxSegments: 100,
    };
    const run = await DriftRun.start(wide, { deps: { limits: { maxHeldBytes: 1, maxStateBytes: 2 ** 31 } } });
    for (const segments of [100, 10])
      run.push(
        rows(1000, (u, i) => {
          const row: Record<string, unknown> = { s: `s${i % segments}` };
          for (const name of names) row[name] = u();
          return row;
        }),
      );
    const { bytes, entries } = run.kernel.stats!();
    expect(entries).toBe(50_000);
    expect(bytes / entries).toBeLessThan(8000);
    expect(run.of('drift.overflow')).toEqual([]);

    const tight = await DriftRun.start(wide, { deps: { limits: { maxHeldBytes: 1, maxStateBytes: 2 ** 27 } } });
    tight.push(rows(200, (_, i) => ({ s: `s${i}` })));
    expect(tight.kernel.stats!().bytes).toBeLessThan(2 ** 27);
    expect(tight.of('drift.overflow').length).toBeGreaterThan(0);
  }, 60_000);

  it('takes at most 7.5 KB a numeric field and 25 KB a categorical one once the reference is frozen', async () => {
    for (const [kind, most] of [
      ['numeric', 7500],
      ['categorical', 25_000],
    ] as const) {
      const run = await DriftRun.start({
        fields: { [kind === 'numeric' ? 'x' : 'c']: kind },
        reference: { records: 2000 },
      });
      run.push(rows(3000, fine));
      expect(run.kernel.stats!().bytes).toBeLessThan(most);
    }
  });

  it('written at a checkpoint follows what changed: the reference once, the warm-up in chunks', async () => {
    const run = await DriftRun.start({ fields: { x: 'numeric' }, reference: { records: 50_000 } });
    run.push(rows(40_000, fine));
    expect(run.save()).toBeGreaterThan(300_000);
    run.push(rows(10, fine, 2));
    expect(run.save()).toBeLessThan(25_000);
    run.push(rows(10_000, fine, 3));
    run.save();
    run.push(rows(10, fine, 4));
    expect(run.save()).toBeLessThan(4000);
  });

  it('goes on the same from a checkpoint anywhere', async () => {
    const all = { ...config, by: ['s'], holdOff: { records: 300 }, rates: { odd: { when: 'record.x > 1.0' } } };
    const input = [
      ...rows(4500, (u, i) => ({ ...fine(u), s: i % 2 })),
      ...rows(800, (u, i) => ({ x: normalQuantile(u()) + 1, c: 'a', s: i % 2 }), 2),
      ...rows(3000, (u, i) => ({ ...fine(u), s: i % 2 }), 3),
    ];
    const whole = await DriftRun.start(all);
    whole.push(input);
    const types = whole.events.map(({ type }) => type);
    expect(types).toContain('drift.alarm');
    expect(types).toContain('drift.recovered');
    const said = (run: DriftRun) => run.events.map(({ type, data }) => JSON.stringify([type, data]));
    const pieces = await DriftRun.start(all);
    for (let from = 0, step = 1; from < input.length; from += step, step = 1 + ((step * 7) % 613)) {
      pieces.push(input.slice(from, from + step));
      await pieces.restart();
    }
    expect(said(pieces)).toEqual(said(whole));
  });
});
