import { describe, expect, it } from 'vitest';
import { longRunVariance } from '../../../src/kernels/drift/long-run-variance.ts';
import { normalCdf, normalQuantile } from '../../../src/kernels/drift/normal.ts';
import {
  chainRunLength,
  cusumThreshold,
  sampledThreshold,
  siegmundRunLength,
} from '../../../src/kernels/drift/run-length.ts';
import { chiSquareQuantile } from '../../../src/kernels/drift/window-test.ts';
import { uniforms } from './families.ts';

describe('the normal distribution', () => {
  it('has its textbook values and its two functions undo each other', () => {
    expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 14);
    expect(normalCdf(-6)).toBeCloseTo(9.865876450376981e-10, 20);
    expect(normalQuantile(1e-9)).toBeCloseTo(-5.9978070150076865, 12);
    for (let p = 0.0005; p < 1; p += 0.0101) expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 13);
    expect([normalCdf(-50), normalCdf(50)]).toEqual([0, 1]);
  });
});

describe('χ²', () => {
  it('has its textbook quantiles', () => {
    for (const [tail, df, quantile] of [
      [0.05, 10, 18.307],
      [1e-5, 5, 30.856],
      [1e-6, 1, 23.928],
      [0.01, 100, 135.807],
    ] as const)
      expect(chiSquareQuantile(tail, df)).toBeCloseTo(quantile, 2);
  });
});

describe('run lengths', () => {
  it('of the chain are the textbook ones at k = .5, h = 5', () => {
    const at = (shift: number): number => chainRunLength({ k: 0.5, h: 5 }, shift, 200);
    expect(at(0) / 2).toBeCloseTo(465.4, 0);
    expect(at(0.5)).toBeCloseTo(38, 0);
    expect(at(1)).toBeCloseTo(10.4, 1);
  });

  it('give the published thresholds', () => {
    for (const [k, runLength, h] of [
      [0.25, 1e5, 19.1],
      [0.125, 1e6, 43.07],
      [0.25, 1e6, 23.71],
      [0.5, 1e6, 12.66],
      [0.125, 4e6, 48.65],
      [0.25, 4e6, 26.48],
      [0.5, 4e6, 14.05],
      [0.125, 4e8, 67.2],
      [0.25, 4e8, 35.7],
      [0.5, 4e8, 18.5],
    ] as const)
      expect(Math.abs(cusumThreshold(k, runLength) - h)).toBeLessThan(0.01 * h);
  });

  it('of a solved threshold are what was asked for, by the chain of 800 states and by the closed form', () => {
    for (const [k, runLength] of [
      [0.125, 1e6],
      [0.5, 4e7],
    ] as const) {
      const h = cusumThreshold(k, runLength);
      expect(chainRunLength({ k, h }, 0, 800) / 2 / runLength).toBeCloseTo(1, 1);
      expect(Math.abs(siegmundRunLength({ k, h }) / 2 / runLength - 1)).toBeLessThan(0.05);
    }
  });

  it('are longer for a threshold that knows of a sampled reference, the shorter the sample', () => {
    const exact = cusumThreshold(0.125, 4e6);
    expect(sampledThreshold(0.125, 4e6, 2000)).toBeGreaterThan(exact);
    expect(sampledThreshold(0.125, 4e6, 1_000_000)).toBe(exact);
  });
});

describe('long-run variance', () => {
  const autoregressive = (phi: number, n: number, seed: number): Float64Array => {
    const u = uniforms(seed);
    const values = new Float64Array(n);
    for (let i = 0; i < n; i++) values[i] = phi * (values[i - 1] ?? 0) + normalQuantile(u());
    return values.map((value) => value * Math.sqrt(1 - phi * phi));
  };
  const mean = (phi: number, n: number): number => {
    let sum = 0;
    for (let seed = 0; seed < 20; seed++) sum += longRunVariance(autoregressive(phi, n, seed), 1) / 20;
    return sum;
  };

  it('is (1 + φ) / (1 - φ) for an autoregression and 1 for white noise', () => {
    expect(mean(0, 2000)).toBeLessThan(1.05);
    expect(Math.abs(mean(0.5, 2000) / 3 - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean(0.8, 2000) / 9 - 1)).toBeLessThan(0.12);
  });

  it('sees a slow cycle that an autoregression of low order would not', () => {
    const u = uniforms(9);
    const values = Float64Array.from(
      { length: 4000 },
      (_, i) => (Math.floor(i / 100) % 2 === 0 ? 0.8 : -0.8) + normalQuantile(u()),
    );
    expect(longRunVariance(values, 1)).toBeGreaterThan(15);
  });

  it('gives no credit for negative dependence', () => {
    expect(longRunVariance(autoregressive(-0.5, 2000, 1), 1)).toBe(1);
  });
});
