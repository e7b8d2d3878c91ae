import { mix32 } from '../../../src/core/hash.ts';
import { normalQuantile } from '../../../src/kernels/drift/normal.ts';

export type Draw = () => number;

/** A stream of uniform numbers in (0, 1), given by its seed. */
export function uniforms(seed: number): Draw {
  let state = mix32(seed ^ 0x5bd1e995);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix32(mix32(state) ^ 0x2545f491) + 0.5) / 4294967296;
  };
}

/** In-control streams of D1: the value at step i. */
export const FAMILIES = {
  normal: (u: Draw) => () => normalQuantile(u()),
  lognormal: (u: Draw) => () => Math.exp(normalQuantile(u())),
  't with 3 df': (u: Draw) => () => {
    let squares = 0;
    for (let i = 0; i < 3; i++) squares += normalQuantile(u()) ** 2;
    return normalQuantile(u()) / Math.sqrt(squares / 3);
  },
  'Poisson(3)': (u: Draw) => () => {
    const draw = u();
    let k = 0;
    for (let p = Math.exp(-3), sum = p; draw > sum && k < 60; sum += p) p *= 3 / ++k;
    return k;
  },
  'AR(.5)': (u: Draw) => {
    let last = 0;
    return () => {
      last = 0.5 * last + normalQuantile(u());
      return last;
    };
  },
  'daily season': (u: Draw) => (i: number) =>
    0.5 * Math.SQRT2 * Math.sin((2 * Math.PI * i) / SEASON_STEPS) + normalQuantile(u()),
} satisfies Record<string, (u: Draw) => (i: number) => number>;
export type Family = keyof typeof FAMILIES;

/** Readings a day in the family with a season. */
const SEASON_STEPS = 72;
export const SEASON_STEP_MS = 86_400_000 / SEASON_STEPS;
