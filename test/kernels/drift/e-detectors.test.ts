import { describe, expect, it } from 'vitest';
import { bernoulliRunLength } from '../../../src/kernels/drift/bernoulli-run-length.ts';
import { EDetectors } from '../../../src/kernels/drift/e-detectors.ts';
import { normalQuantile } from '../../../src/kernels/drift/normal.ts';
import { RateChart } from '../../../src/kernels/drift/rate-chart.ts';
import { ColumnRun } from './column-run.ts';
import { uniforms } from './families.ts';

const place = { offset: 0, index: -1, time: Number.NaN, hour: -1, draw: 0 };

/** Mean run length of detectors armed for `runLength` on z and y of the given mean and variance, and its standard error. */
function meanRunLength(runLength: number, n: number, drift: { mean: number; sd: number }): [number, number] {
  const u = uniforms(17);
  const runs = 300;
  let [sum, squares] = [0, 0];
  for (let r = 0; r < runs; r++) {
    const detectors = new EDetectors();
    detectors.arm(runLength, n);
    let length = 0;
    const score = (): number => drift.mean + drift.sd * normalQuantile(u());
    do length++;
    while (detectors.add(score(), score(), place) < 0);
    sum += length;
    squares += length * length;
  }
  const mean = sum / runs;
  return [mean, Math.sqrt((squares / runs - mean * mean) / runs)];
}

describe('e-detectors', () => {
  it.each([
    ['standard normal scores', 1e9, 0, 1],
    [
      'scores as far off as a reference of 2,000 leaves open',
      2000,
      2 / Math.sqrt(2000),
      Math.sqrt(1 + 2 * Math.sqrt(2 / 2000)),
    ],
  ])('have the run length they were armed for, or more, on %s', (_name, n, mean, sd) => {
    const [length, error] = meanRunLength(1000, n, { mean, sd });
    expect(length + 2 * error).toBeGreaterThanOrEqual(1000);
    expect(length).toBeLessThan(20_000); // a bound, but no empty one
  });

  it('fire soon after a shift, and date it', () => {
    const detectors = new EDetectors();
    detectors.arm(1e6, 2000);
    const u = uniforms(3);
    let fired = -1;
    let at = 0;
    for (; fired < 0; at++) {
      place.offset = at;
      fired = detectors.add(normalQuantile(u()) + (at < 2000 ? 0 : 1), normalQuantile(u()), place);
    }
    expect(at).toBeLessThan(2060);
    const facts = detectors.facts(fired);
    expect(facts).toMatchObject({ chart: 'location', direction: 'up', threshold: 1e6 / 0.6 });
    expect(Math.abs(facts.offset - 2000)).toBeLessThan(20);
    expect(facts.length).toBe(at - facts.offset);
    expect(Math.abs(facts.mean - 1)).toBeLessThan(0.6);
  });
});

describe('the chart of a rate with a proved run length', () => {
  it.each([
    [20, 0.01],
    [20, 0.0149],
    [200, 0.1],
    [200, 0.112],
  ])('keeps it after %d hits of 2,000 when the rate is %d', (hits, p) => {
    const chart = new RateChart('x');
    chart.arm({ n: 2000, hits, dependence: 1 }, 1000, { guarantee: 'run-length' });
    chart.add(true, place);
    const up = chart.facts().statistic;
    chart.add(false, place);
    const down = up - chart.facts().statistic;
    expect(bernoulliRunLength({ up, down }, chart.facts().threshold, p)).toBeGreaterThanOrEqual(1000);
  });
});

describe('a numeric field with a proved run length', () => {
  const run = (seed: number, shift: (i: number) => number, length: number): ColumnRun => {
    const column = new ColumnRun({ guarantee: 'run-length', runLength: 20_000 }, undefined, seed);
    const u = uniforms(seed);
    for (let i = 0; i < length; i++) column.push(Math.exp(normalQuantile(u()) + shift(i)));
    return column;
  };

  it('cries wolf less often than promised', () => {
    let alarms = 0;
    for (let seed = 1; seed <= 20; seed++) alarms += run(seed, () => 0, 52_000).alarms.length;
    expect(alarms).toBeLessThanOrEqual(50); // promised: 50 in 20 × 50,000
  });

  it('finds shifts and a change of scale', () => {
    for (const shift of [-0.5, 0.25, 1]) {
      const [alarm] = run(5, (i) => (i < 3000 ? 0 : shift), 4500).alarms;
      expect(alarm).toMatchObject({ chart: 'location', direction: shift > 0 ? 'up' : 'down' });
      expect(Math.abs(alarm!.offset - 3000)).toBeLessThan(150);
    }
  });
});
