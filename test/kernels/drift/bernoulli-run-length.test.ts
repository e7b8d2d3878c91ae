import { describe, expect, it } from 'vitest';
import {
  bernoulliRunLength,
  bernoulliThreshold,
  bernoulliWalk,
  sampledBernoulliThreshold,
} from '../../../src/kernels/drift/bernoulli-run-length.ts';
import { NULLS_EXCESS, RateChart } from '../../../src/kernels/drift/rate-chart.ts';
import { uniforms } from './families.ts';

/**
 * Exact run length of a walk of m - 1 up or 1 down between 0 and H, all integers: E[i] = 1 + p E[i + m - 1] + (1 - p) E[i - 1],
 * solved from the top as E[i] = a + b E[i - 1].
 */
function exactRunLength(p: number, m: number, top: number): number {
  const a = new Float64Array(top);
  const b = new Float64Array(top);
  const after = (i: number): readonly [number, number] => {
    if (i + m - 1 >= top) return [0, 0];
    let [sum, product] = [0, 1];
    for (let j = i + m - 1; j > i; j--) {
      sum += product * a[j]!;
      product *= b[j]!;
    }
    return [sum, product];
  };
  for (let i = top - 1; i > 0; i--) {
    const [sum, product] = after(i);
    a[i] = (1 + p * sum) / (1 - p * product);
    b[i] = (1 - p) / (1 - p * product);
  }
  const [sum, product] = after(0);
  return (1 + p * sum) / (p * (1 - product));
}

describe('run lengths of Bernoulli charts', () => {
  it.each([
    [0.001, 550, 3300],
    [0.003, 550, 3300],
    [0.008, 53, 350],
    [0.01, 53, 350],
    [0.014, 53, 350],
    [0.03, 53, 350],
    [0.05, 11, 90],
    [0.08, 11, 90],
    [0.2, 3, 30],
    [0.4, 3, 30],
  ])('at p = %d of the walk + %d - 1, - 1 to %d are within a hundredth of the exact chain', (p, m, h) => {
    const found = bernoulliRunLength({ up: m - 1, down: 1 }, h, p);
    expect(Math.abs(found / exactRunLength(p, m, h) - 1)).toBeLessThan(0.01);
  });

  it('are within a third of what a threshold was solved for where up is no multiple of down', () => {
    for (const [p0, p1] of [
      [0.01, 0.02],
      [0.05, 0.1],
      [0.2, 0.4],
    ] as const) {
      const walk = bernoulliWalk(p0, p1);
      const h = bernoulliThreshold(walk, p0, 20_000);
      const u = uniforms(5);
      let records = 0;
      const runs = 400;
      for (let r = 0; r < runs; r++)
        for (let sum = 0; sum < h; records++) sum = Math.max(0, sum + (u() < p0 ? walk.up : -walk.down));
      expect(Math.abs(records / runs / 20_000 - 1)).toBeLessThan(1 / 3);
    }
  });

  it('need a higher threshold when the rate comes from a sample, the higher the smaller it is', () => {
    const walk = bernoulliWalk(0.01, 0.03);
    const exact = bernoulliThreshold(walk, 0.01, 1e6);
    const of = (n: number): number => sampledBernoulliThreshold(walk, { n, hits: n / 100 }, 1e-6);
    expect(of(2000)).toBeGreaterThan(of(10_000));
    expect(of(10_000)).toBeGreaterThan(exact);
    expect(of(1e8) / exact).toBeCloseTo(1, 2);
  });
});

describe('the chart of a rate with a reference of 2,000', () => {
  it.each([0.003, 0.01, 0.03])('cries wolf as often as its bound allows, over all references of a rate of %d', (p) => {
    const n = 2000;
    const runLength = 1e6;
    let falseAlarms = 0;
    for (let hits = 0, mass = (1 - p) ** n; hits < n * p * 3 + 10; hits++) {
      falseAlarms += mass / runLengthOf({ n, hits }, runLength, p);
      mass *= ((n - hits) / (hits + 1)) * (p / (1 - p));
    }
    expect(falseAlarms * runLength).toBeLessThan(NULLS_EXCESS * 1.2);
  });

  function runLengthOf({ n, hits }: { n: number; hits: number }, runLength: number, p: number): number {
    const chart = new RateChart('x');
    chart.arm({ n, hits, dependence: 1 }, runLength, { excess: NULLS_EXCESS });
    const place = { offset: 0, index: -1, time: Number.NaN, hour: -1, draw: 0 };
    // the steps of the chart, read off what one hit and one miss do to its sum
    chart.add(true, place);
    const up = chart.facts().statistic;
    chart.add(false, place);
    const down = up - chart.facts().statistic;
    return bernoulliRunLength({ up, down }, chart.facts().threshold, p);
  }
});
