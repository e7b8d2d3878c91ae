import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { type Slice, SliceFinder, sliceText } from '../../../src/runtime/watch/slice-finder.ts';
import { fisherTail, normalQuantile } from '../../../src/runtime/watch/tails.ts';

const SEEDS = Array.from({ length: 20 }, (_, seed) => 1000 + seed);
const FIELDS = ['region', 'device', 'plan'];

interface Stream {
  readonly seed: number;
  readonly records: number;
  readonly baseRate: number;
  /** Region `r-planted` holds this share and fails ten times as often. */
  readonly planted?: number;
}

/** Regions and devices by Zipf-like shares; failures depend on the planted region alone. */
function run(
  { seed, records, baseRate, planted = 0 }: Stream,
  fields = FIELDS,
): { finder: SliceFinder; named: Slice[][] } {
  const finder = new SliceFinder({ fields, conditions: 1 });
  const named: Slice[][] = [];
  for (let i = 0; i < records; i++) {
    const inside = uniform(seed, i, 1) < planted;
    const region = inside ? 'r-planted' : `r${Math.floor(30 * uniform(seed, i, 2) ** 2)}`;
    const device = `d${Math.floor(200 * uniform(seed, i, 3) ** 3)}`;
    const failed = uniform(seed, i, 4) < baseRate * (inside ? 10 : 1);
    if (finder.observe([region, device, uniform(seed, i, 5) < 0.5 ? 'free' : 'paid'], failed)) {
      const slices = finder.look();
      if (slices !== undefined) named.push([...slices]);
    }
  }
  const last = finder.look();
  if (last !== undefined) named.push([...last]);
  return { finder, named };
}

describe('the slice finder', () => {
  it.each([0.005, 0.02, 0.08])(
    'puts a planted slice of 1 % with tenfold failures first in 19 of 20 seeds (base rate %f)',
    (baseRate) => {
      let first = 0;
      for (const seed of SEEDS) {
        const { named } = run({ seed, records: 40_000, baseRate, planted: 0.01 });
        const top = named.at(-1)?.[0];
        if (top?.where[0]?.[1] === 'r-planted') {
          first++;
          expect(top.ratioAtLeast).toBeLessThan(10 * 1.3);
          expect(top.support).toBeGreaterThan(0.005);
          expect(top.support).toBeLessThan(0.02);
        }
      }
      expect(first).toBeGreaterThanOrEqual(19);
    },
  );

  it.each([0, 0.001, 0.02, 0.3])('names none where failures do not depend on the fields (rate %f)', (baseRate) => {
    for (const seed of SEEDS) expect(run({ seed: seed + 500, records: 40_000, baseRate }).named).toEqual([]);
  });

  it('finds a pair of conditions that fails where neither of them does alone', () => {
    let first = 0;
    for (const seed of SEEDS.slice(0, 5)) {
      const finder = new SliceFinder({ fields: ['region', 'device'], conditions: 2 });
      for (let i = 0; i < 60_000; i++) {
        const region = `r${Math.floor(10 * uniform(seed, i, 1))}`;
        const device = `d${Math.floor(10 * uniform(seed, i, 2))}`;
        const inside = region === 'r3' && device === 'd7';
        finder.observe([region, device], uniform(seed, i, 3) < (inside ? 0.2 : 0.02));
      }
      const [top] = finder.look() ?? [];
      if (JSON.stringify(top?.where) === '[["region","r3"],["device","d7"]]') first++;
    }
    expect(first).toBe(5);
  });

  it('does not name pairs for what one condition explains', () => {
    const finder = new SliceFinder({ fields: ['region', 'device'], conditions: 2 });
    for (let i = 0; i < 60_000; i++) {
      const region = `r${Math.floor(10 * uniform(1, i, 1))}`;
      finder.observe([region, `d${i % 7}`], uniform(1, i, 3) < (region === 'r3' ? 0.2 : 0.02));
    }
    expect(finder.look()?.map(({ where }) => where)).toEqual([[['region', 'r3']]]);
  });

  it('keeps its memory bounded under a million categories, and still finds the slice', () => {
    const finder = new SliceFinder({ fields: ['id', 'region'], conditions: 1 });
    let most = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const inside = uniform(3, i, 1) < 0.01;
      const region = inside ? 'bad' : `r${i % 12}`;
      if (finder.observe([`id-${i}`, region], uniform(3, i, 2) < (inside ? 0.1 : 0.01))) finder.look();
      if (i % 999 === 0) most = Math.max(most, finder.entries);
    }
    expect(most).toBeLessThan(8000);
    finder.look();
    const saved = finder.save();
    expect(JSON.parse(saved.named)).toEqual([['region', 'bad']]);
    expect(Buffer.byteLength(JSON.stringify(saved))).toBeLessThan(1024 * 1024);
  });

  it('forgets: a slice that has healed is named no more', () => {
    const finder = new SliceFinder({ fields: ['region'], conditions: 1 });
    const names: string[] = [];
    for (let i = 0; i < 1_200_000; i++) {
      const inside = i % 50 === 0;
      const failed = uniform(9, i) < (inside && i < 200_000 ? 0.3 : 0.01);
      if (finder.observe([inside ? 'bad' : 'good'], failed)) {
        const slices = finder.look();
        if (slices !== undefined) names.push(slices.map(({ where }) => where[0]![1]).join());
      }
    }
    expect(names).toEqual(['bad', '']);
  });

  it('goes on from its saved state as if nothing had happened', () => {
    const whole = run({ seed: 77, records: 20_000, baseRate: 0.02, planted: 0.01 });
    const saved = JSON.parse(JSON.stringify(whole.finder.save()));
    const again = new SliceFinder({ fields: FIELDS, conditions: 1 });
    again.restore(saved);
    expect(again.save()).toEqual(saved);
  });

  it('takes null and missing as one value and leaves out lists', () => {
    expect([null, undefined, 'x', 3, true, [1], { a: 1 }].map(sliceText)).toEqual([
      null,
      null,
      'x',
      '3',
      'true',
      undefined,
      undefined,
    ]);
  });
});

describe('tails', () => {
  it('agree with tables', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 8);
    expect(normalQuantile(1 - 1e-9)).toBeCloseTo(5.997807, 5);
    expect(normalQuantile(0.025)).toBeCloseTo(-1.959964, 5);
    // the lady tasting tea: all four right by chance 1 in 70, at least three 17 in 70
    expect(fisherTail({ records: 4, failures: 4 }, { records: 8, failures: 4 })).toBeCloseTo(1 / 70, 10);
    expect(fisherTail({ records: 4, failures: 3 }, { records: 8, failures: 4 })).toBeCloseTo(17 / 70, 10);
    expect(fisherTail({ records: 40_000, failures: 500 }, { records: 80_000, failures: 1000 })).toBeCloseTo(0.513, 2);
  });
});
