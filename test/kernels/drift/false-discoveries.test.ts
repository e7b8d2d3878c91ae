import { describe, expect, it } from 'vitest';
import { benjaminiHochberg, Lord, lordShare, simes } from '../../../src/kernels/drift/false-discoveries.ts';
import { normalCdf, normalQuantile } from '../../../src/kernels/drift/normal.ts';
import { fisher } from '../../../src/kernels/drift/window-evidence.ts';
import { DriftRun } from '../../operators/drift-harness.ts';
import { uniforms } from './families.ts';

/** The fifteen p-values of Benjamini & Hochberg 1995, section 3.2. */
const HEART = [
  0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
];

describe('Benjamini-Hochberg', () => {
  it('rejects the four of the example in the paper, in whatever order they stand', () => {
    const found = benjaminiHochberg(HEART, 0.05);
    expect(found).toEqual(HEART.map((_, i) => i < 4));
    expect(benjaminiHochberg(HEART.toReversed(), 0.05)).toEqual(found.toReversed());
    expect(benjaminiHochberg([], 0.05)).toEqual([]);
  });

  it('rejects something exactly when Simes does', () => {
    const u = uniforms(4);
    for (let round = 0; round < 2000; round++) {
      const ps = Array.from({ length: 1 + Math.floor(u() * 8) }, () => u() ** 3);
      expect(benjaminiHochberg(ps, 0.05).includes(true)).toBe(simes(ps) <= 0.05);
    }
  });
});

describe("Fisher's exact test", () => {
  it('knows the lady tasting tea, and sums to what cannot fail', () => {
    expect(fisher(3, 4, 1, 4)).toBeCloseTo(17 / 70, 9);
    expect(fisher(4, 4, 0, 4)).toBeCloseTo(1 / 70, 9);
    expect(fisher(0, 1000, 20, 2000)).toBeCloseTo(1, 9);
  });
});

describe('LORD', () => {
  it('spends no more than dependence allows: Σ ξ (1 + ln i) ≤ α / b0', () => {
    const alpha = 0.05;
    let sum = 0;
    const to = 1_000_000;
    for (let i = 1; i <= to; i++) sum += lordShare(i, alpha) * (1 + Math.log(i));
    // what is left is below ∫ of C / b0 (1 / (x ln² x) + 1 / (x ln³ x))
    const rest = lordShare(1, alpha) * Math.log(2) ** 3 * (1 / Math.log(to) + 0.5 / Math.log(to) ** 2);
    expect(sum + rest).toBeLessThanOrEqual(1 / 0.9 + 1e-4);
    expect(sum + rest).toBeGreaterThan(1 / 0.9 - 0.01);
  });

  it('keeps the share of wrong discoveries below what was asked, on p-values that depend on each other', () => {
    const alpha = 0.1;
    let shares = 0;
    let right = 0;
    const runs = 400;
    for (let run = 0; run < runs; run++) {
      const u = uniforms(run);
      const lord = new Lord(alpha);
      let [wrong, found, last] = [0, 0, 0];
      for (let i = 0; i < 200; i++) {
        last = 0.9 * last + Math.sqrt(1 - 0.81) * normalQuantile(u()); // neighbors alike
        const isTrue = i % 10 < 3;
        if (!lord.test(normalCdf(-(last + (isTrue ? 4 : 0))))) continue;
        found++;
        if (!isTrue) wrong++;
      }
      shares += wrong / Math.max(1, found);
      right += found - wrong;
    }
    expect(shares / runs).toBeLessThanOrEqual(alpha);
    expect(right / runs).toBeGreaterThan(10); // and does find some of sixty
  });
});

const FIELDS = Array.from({ length: 20 }, (_, f) => `f${f}`);
const config = {
  fields: { ...Object.fromEntries(FIELDS.map((name) => [name, 'numeric'])), c: 'categorical' },
  rates: { bad: { when: 'record.bad == true' } },
  reference: { records: 2000 },
  guarantee: { falseDiscoveries: 0.05, every: { records: 500 } },
};

/** Five of twenty fields shift by half a deviation; a category and a rate change with them. */
function rows(n: number, seed: number, drifts: boolean): unknown[] {
  const u = uniforms(seed);
  return Array.from({ length: n }, () => ({
    ...Object.fromEntries(FIELDS.map((name, f) => [name, normalQuantile(u()) + (drifts && f < 5 ? 0.5 : 0)])),
    c: u() < (drifts ? 0.7 : 0.5) ? 'a' : 'b',
    bad: u() < (drifts ? 0.2 : 0.05),
  }));
}

describe('many fields with a share of false discoveries', () => {
  it('name those that drift, where their window began, also after a restart', async () => {
    const run = await DriftRun.start(config);
    const again = await DriftRun.start(config);
    run
      .push(rows(4000, 1, false))
      .push(rows(250, 2, true))
      .push(rows(3000, 3, true));
    again.push(rows(4000, 1, false)).push(rows(250, 2, true));
    await again.restart();
    again.push(rows(3000, 3, true));
    expect(again.events).toEqual(run.events);
    expect(new Set(run.alarms.map(({ data }) => data.field))).toEqual(new Set([...FIELDS.slice(0, 5), 'c', 'bad']));
    for (const { data } of run.alarms) {
      expect(data.changePoint.offset).toBeGreaterThan(3980);
      expect(data.statistic).toBeGreaterThanOrEqual(data.threshold);
    }
  });

  it('are rarely wrong: at most one alarm in twenty, over streams of which some drift', async () => {
    let [wrong, all] = [0, 0];
    for (let seed = 0; seed < 12; seed++) {
      const run = await DriftRun.start(config);
      run.push(rows(12_000, 100 + seed, false)).push(rows(1500, 200 + seed, true));
      for (const { data } of run.alarms) {
        all++;
        const [, f] = /^f(\d+)$/.exec(data.field) ?? [];
        if (data.changePoint.offset < 11_980 || (f !== undefined && Number(f) >= 5)) wrong++;
      }
    }
    expect(all).toBeGreaterThan(60);
    expect(wrong / all).toBeLessThanOrEqual(0.05);
  }, 60_000);
});
