import { bisect } from './run-length.ts';

/** Rates that a sample of hits leaves open: this many standard deviations of the log odds to both sides, in so many steps each. */
const OPEN_SDS = 4;
const STEPS_A_SD = 3;
const HIGHEST = 60;

/** Log likelihood ratio of p1 against p0 as a walk: `up` on a hit, `down` else. */
export interface BernoulliWalk {
  readonly up: number;
  readonly down: number;
}

/** In: 0 < p0 < p1 < 1. */
export function bernoulliWalk(p0: number, p1: number): BernoulliWalk {
  return { up: Math.log(p1 / p0), down: Math.log((1 - p0) / (1 - p1)) };
}

/**
 * Average run length of the Bernoulli CUSUM S := max(0, S + up or - down) with threshold h from S = 0, hits with
 * probability p, whatever p the walk was made for.
 *
 * Idea: Wald's identity with the overshoot of a lattice walk, at the root θ of E exp(θ step) = 1. e^h, a lower bound
 * (Lorden 1971), is hundreds of times too small for rare events.
 * In: 0 < p < 1. Within 1 % of the exact chain on a lattice, p from .001 to .4, within a third off it (both tested).
 *
 * Source: Reynolds & Stoumbos 1999, "A CUSUM chart for monitoring a proportion when inspecting continuously", corrected diffusion.
 */
export function bernoulliRunLength(walk: BernoulliWalk, h: number, p: number): number {
  return runLengthAt(natureOf(walk, p), h);
}

/** What the run length of a walk at a rate depends on beside its threshold. */
interface Nature {
  /** θ ≠ 0 with E exp(θ step) = 1: above 0 where the walk falls, below where it rises. */
  readonly theta: number;
  /** How far it falls a step. */
  readonly fall: number;
  readonly variance: number;
  readonly overshoot: number;
}

function natureOf(walk: BernoulliWalk, p: number): Nature {
  const unit = walk.up + walk.down;
  const variance = p * (1 - p) * unit ** 2;
  const fall = walk.down - p * unit;
  return { theta: rootOf(walk, p, fall), fall, variance, overshoot: overshoot(p) * Math.sqrt(variance) };
}

function runLengthAt({ theta, fall, variance, overshoot }: Nature, h: number): number {
  const b = h + overshoot;
  const far = theta * b;
  return Math.abs(far) < 1e-4 ? b ** 2 / variance : (Math.expm1(far) - far) / (theta * fall);
}

function overshoot(p: number): number {
  if (p < 0.01) return (Math.sqrt((1 - p) / p) - Math.sqrt(p / (1 - p))) / 3;
  const l = Math.log(p);
  return 0.41 - 0.0842 * l - 0.0391 * l ** 3 - 0.00376 * l ** 4 - 0.000008 * l ** 7;
}

function rootOf({ up, down }: BernoulliWalk, p: number, fall: number): number {
  const sign = fall > 0 ? 1 : -1;
  const excess = (size: number): number => p * Math.expm1(sign * size * up) + (1 - p) * Math.expm1(-sign * size * down);
  let most = 1;
  while (excess(most) < 0) most *= 2;
  return sign * bisect(excess, 0, most);
}

/** Threshold of a walk at which the average run length is `runLength` when hits have probability p. */
export function bernoulliThreshold(walk: BernoulliWalk, p: number, runLength: number): number {
  const nature = natureOf(walk, p);
  const h = bisect((x) => runLengthAt(nature, x) - runLength, 1e-3, HIGHEST * walk.up);
  return Math.max(walk.up * 0.5, h);
}

/**
 * Threshold at which the false alarms a record, expected over the rates that `hits` of `n` leave open, are `rate`.
 *
 * Idea: the rate is one of Jeffreys' posterior, Beta(hits + 1/2, n - hits + 1/2). With 20 hits of 2,000 it is open by a
 * quarter, and the chart of a rate that is a quarter higher than thought fires tens of times too often.
 *
 * Source: Jeffreys 1946; Brown, Cai & DasGupta 2001 (its coverage for binomial rates).
 */
export function sampledBernoulliThreshold(
  walk: BernoulliWalk,
  sample: { readonly n: number; readonly hits: number },
  rate: number,
): number {
  const open = openRates(sample).map(({ p, weight }) => ({ weight, nature: natureOf(walk, p) }));
  const falseAlarms = (h: number): number => {
    let sum = 0;
    for (const { weight, nature } of open) sum += weight / runLengthAt(nature, h);
    return sum;
  };
  return bisect((h) => rate - falseAlarms(h), 1e-3, HIGHEST * walk.up);
}

/** Jeffreys' posterior on an even grid of log odds. */
function openRates({
  n,
  hits,
}: {
  n: number;
  hits: number;
}): readonly { readonly p: number; readonly weight: number }[] {
  const [a, b] = [hits + 0.5, n - hits + 0.5];
  const middle = Math.log(a / b);
  const sd = Math.sqrt(1 / a + 1 / b);
  const density = (odds: number): number => a * odds - (a + b) * Math.log1p(Math.exp(odds));
  const rates: { p: number; weight: number }[] = [];
  let total = 0;
  for (let i = -OPEN_SDS * STEPS_A_SD; i <= OPEN_SDS * STEPS_A_SD; i++) {
    const odds = middle + (i * sd) / STEPS_A_SD;
    const weight = Math.exp(density(odds) - density(middle));
    rates.push({ p: 1 / (1 + Math.exp(-odds)), weight });
    total += weight;
  }
  return rates.map(({ p, weight }) => ({ p, weight: weight / total }));
}
