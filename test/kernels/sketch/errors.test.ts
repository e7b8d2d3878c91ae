import { describe, expect, it } from 'vitest';
import { mix32, uniform } from '../../../src/core/hash.ts';
import { CountMin } from '../../../src/kernels/sketch/count-min.ts';
import { FrozenBins } from '../../../src/kernels/sketch/frozen-bins.ts';
import { HyperLogLog } from '../../../src/kernels/sketch/hyper-log-log.ts';
import { Kll } from '../../../src/kernels/sketch/kll.ts';
import { SpaceSaving } from '../../../src/kernels/sketch/space-saving.ts';

const MILLION = 1_000_000;

/** A permutation of 0 to n - 1 with its rank known: value i has rank (i + 1) / n. */
function shuffled(n: number, seed: number): Float64Array {
  const values = Float64Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, i) * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}

/** Largest distance between asked and true rank over 199 quantiles, and between told and true rank. */
function worstRank(sketch: Kll, n: number): number {
  let worst = 0;
  const qs = Array.from({ length: 199 }, (_, i) => (i + 1) / 200);
  for (const [i, value] of sketch.quantiles(qs).entries()) {
    worst = Math.max(worst, Math.abs((value + 1) / n - qs[i]!));
    worst = Math.max(worst, Math.abs(sketch.rank(Math.floor(qs[i]! * n)) - qs[i]!));
  }
  return worst;
}

describe('quantiles of a million values', () => {
  const orders = {
    rising: () => Float64Array.from({ length: MILLION }, (_, i) => i),
    falling: () => Float64Array.from({ length: MILLION }, (_, i) => MILLION - 1 - i),
    shuffled: () => shuffled(MILLION, 11),
    'outside in': () =>
      Float64Array.from({ length: MILLION }, (_, i) => (i % 2 === 0 ? i / 2 : MILLION - 1 - (i - 1) / 2)),
  };
  it.each(Object.entries(orders))('are within .01 in rank when they come %s', (_, make) => {
    for (const seed of [1, 2]) {
      const sketch = new Kll(undefined, seed);
      for (const x of make()) sketch.add(x);
      expect(worstRank(sketch, MILLION)).toBeLessThanOrEqual(0.01);
      expect([sketch.quantile(0), sketch.quantile(1), sketch.n]).toEqual([0, MILLION - 1, MILLION]);
      expect(sketch.byteLength).toBeLessThan(24_000);
    }
  });

  it('are within .01 when 16 sketches are merged, written and read', () => {
    const values = shuffled(MILLION, 3);
    const shards = Array.from({ length: 16 }, (_, s) => new Kll(undefined, s));
    for (let i = 0; i < values.length; i++) shards[i % 16]!.add(values[i]!);
    const whole = new Kll();
    for (const shard of shards) whole.merge(Kll.load(shard.save()));
    expect(whole.n).toBe(MILLION);
    expect(worstRank(whole, MILLION)).toBeLessThanOrEqual(0.01);
  });

  it('are exact while nothing was compacted', () => {
    const sketch = new Kll();
    for (let i = 1; i <= 100; i++) sketch.add(i);
    expect(sketch.quantiles([0, 0.01, 0.5, 0.99, 1])).toEqual([1, 1, 50, 99, 100]);
    sketch.add(Number.NaN);
    expect([sketch.n, sketch.skipped, new Kll().quantile(0.5)]).toEqual([100, 1, Number.NaN]);
  });
});

describe('distinct counts', () => {
  it('are within 2 % from one to a million at p = 14', () => {
    for (const seed of [1, 2, 3]) {
      const sketch = new HyperLogLog();
      let next = 1;
      for (let i = 1; i <= MILLION; i++) {
        sketch.addHash(mix32(i ^ mix32(seed)), mix32(Math.imul(i, 0x9e3779b1) + seed));
        if (i !== next) continue;
        const wrong = Math.abs(sketch.estimate() / i - 1);
        expect(wrong, `${i} values, seed ${seed}`).toBeLessThanOrEqual(i <= 1024 ? 0 : 0.02);
        next = Math.min(MILLION, Math.ceil(next * 1.5));
      }
      expect(sketch.byteLength).toBe(16_384);
    }
  });

  it('scatter by 1.04 / √m at each precision', () => {
    for (const precision of [12, 13, 14]) {
      let squares = 0;
      const rounds = 60;
      for (let round = 0; round < rounds; round++) {
        const sketch = new HyperLogLog(precision);
        for (let i = 0; i < 40_000; i++)
          sketch.addHash(mix32(i * 64 + round), mix32(Math.imul(i, 0x85ebca6b) + round * 77));
        squares += (sketch.estimate() / 40_000 - 1) ** 2;
      }
      const scatter = Math.sqrt(squares / rounds);
      expect(scatter).toBeLessThan((1.3 * 1.04) / Math.sqrt(2 ** precision));
      expect(scatter).toBeGreaterThan((0.6 * 1.04) / Math.sqrt(2 ** precision));
    }
  });

  it('take values of any type and tell 1 from "1"', () => {
    const sketch = new HyperLogLog();
    for (const value of [1, '1', true, null, undefined, [1], { a: 1 }, '\ud800', ['\ud800'], 1]) sketch.add(value);
    expect(sketch.estimate()).toBe(9);
  });
});

describe('heavy hitters', () => {
  it('are all held, with counts that are never too small and at most n / m too large, also merged', () => {
    const truth = new Map<string, number>();
    const shards = [new SpaceSaving(200), new SpaceSaving(200), new SpaceSaving(200)];
    const n = 60_000;
    for (let i = 0; i < n; i++) {
      const key = `k${Math.floor(1 / uniform(9, i))}`; // P(key <= x) = 1 - 1 / x: a heavy tail
      truth.set(key, (truth.get(key) ?? 0) + 1);
      shards[i % 3]!.add(key);
    }
    const whole = new SpaceSaving(200);
    for (const shard of shards) whole.merge(shard);
    for (const sketch of [whole, SpaceSaving.load(whole.save())]) {
      expect([sketch.n, sketch.size]).toEqual([n, 200]);
      for (const [key, count] of truth) {
        const found = sketch.get(key);
        if (count > n / 200) expect(found, key).toBeDefined();
        if (found === undefined) continue;
        expect(found.count).toBeGreaterThanOrEqual(count);
        expect(found.count - found.error).toBeLessThanOrEqual(count);
        expect(found.count - count).toBeLessThanOrEqual(n / 200);
      }
      expect(sketch.top(3).map(({ key }) => key)).toEqual(['k1', 'k2', 'k3']);
    }
  });

  it('stay bounded under a million different texts', () => {
    const sketch = new SpaceSaving(100);
    for (let i = 0; i < MILLION; i++) sketch.add(`v${i}`);
    expect(sketch.size).toBe(100);
    expect(sketch.byteLength).toBeLessThan(20_000);
  });
});

describe('point counts', () => {
  it('are never too small and within e n / width in 98 of 100', () => {
    const table = new CountMin();
    const n = 100_000;
    for (let i = 0; i < n; i++) table.add(i % 20_000);
    let beyond = 0;
    for (let key = 0; key < 20_000; key++) {
      expect(table.count(key)).toBeGreaterThanOrEqual(5);
      if (table.count(key) > 5 + (Math.E * n) / 2048) beyond++;
    }
    expect(beyond / 20_000).toBeLessThan(0.02);
  });
});

describe('frozen bins', () => {
  it('hold about equal shares of what they were made from, and ties in bins of their own', () => {
    const sketch = new Kll();
    for (const x of shuffled(100_000, 5)) sketch.add(x);
    const bins = FrozenBins.fromKll(sketch, 128);
    expect(bins.size).toBe(128);
    for (const x of shuffled(100_000, 6)) bins.add(x);
    for (const mass of bins.masses()) expect(mass).toBeGreaterThan(0);
    const tied = FrozenBins.fromValues(
      Float64Array.from({ length: 900 }, (_, i) => i % 3),
      128,
    );
    expect([...tied.cuts]).toEqual([0, 1, 2]);
    for (const x of [0, 1, 1, 2, 2.5]) tied.add(x);
    expect([...tied.counts]).toEqual([1, 2, 1, 1]);
  });

  it('do not merge with other cuts, and leave NaN out', () => {
    expect(() => new FrozenBins([1]).merge(new FrozenBins([2]))).toThrow(/different bins/);
    const bins = new FrozenBins([1]);
    bins.add(Number.NaN);
    expect(bins.total).toBe(0);
  });
});
