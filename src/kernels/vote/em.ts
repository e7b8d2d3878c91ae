import type { Aggregate, Ballots } from './ballots.ts';
import { majority, wawa } from './majority.ts';

export interface EmOptions {
  /** Votes the pooled confusion row is worth in a voter's own row, ≥ 0. */
  readonly poolStrength: number;
  /** Votes the voter's own accuracy (one coin) is worth in each of its rows, ≥ 0; Infinity: one coin alone. */
  readonly ownStrength: number;
  /** Class prior: shares of the votes, or of the posteriors, each + 2; `even`: no prior. */
  readonly prior: 'votes' | 'posterior' | 'even';
  /** First posteriors: weighted by agreement, or plain vote shares. */
  readonly start: 'wawa' | 'majority';
  /** Votes added to each class of the prior, ≥ 0. */
  readonly priorVotes: number;
  /** At most this many rounds. */
  readonly rounds: number;
  /**
   * `still`: stop when no posterior moves by more than `tolerance`. `evidence`: stop when the evidence a vote, with the
   * class prior counted at every vote, grows by less; it turns down before the posteriors stand still, which keeps
   * unsmoothed rows of small voters from running away.
   */
  readonly stop: 'still' | 'evidence';
  readonly tolerance: number;
}

export const HDS: EmOptions = {
  poolStrength: 2,
  ownStrength: 4,
  prior: 'posterior',
  start: 'wawa',
  priorVotes: 2,
  rounds: 50,
  stop: 'evidence',
  tolerance: 1e-5,
};
export const DAWID_SKENE: EmOptions = {
  poolStrength: 0,
  ownStrength: 0,
  prior: 'posterior',
  start: 'majority',
  priorVotes: 0,
  rounds: 100,
  stop: 'evidence',
  tolerance: 1e-5,
};
export const ONE_COIN: EmOptions = { ...HDS, ownStrength: Number.POSITIVE_INFINITY, poolStrength: 0 };

/** Keeps a probability away from 0: plain Dawid–Skene would be sure after one vote. */
const FLOOR = 1e-10;

/** Counts of one round: what voters said where the posterior says what was true. */
interface Counts {
  /** `[(w · K + j) · K + l]` */
  readonly confusion: Float64Array;
  /** `[j · K + l]`, summed over voters. */
  readonly pool: Float64Array;
}

/**
 * Dawid–Skene with two steps of shrinkage (HDS), and its two limits: plain Dawid–Skene and one-coin.
 *
 * Idea: expectation-maximization over hidden labels. A voter's confusion row is pulled towards the row pooled over all
 * voters and towards the voter's own one-number accuracy, so that a voter with four votes is judged by what all do and
 * one with four hundred by what it does.
 * In: ballots, options above. Out: posteriors, and each voter's accuracy (diagonal share of its counts).
 * Cost: time rounds · (votes · K + voters · K²); memory voters · K² doubles.
 *
 * Example: `emBatch(collect(votes), HDS).posterior`.
 *
 * Source: Dawid & Skene 1979; Kim & Ghahramani 2012; Venanzi et al. 2014 (pooled rows).
 */
export function emBatch(ballots: Ballots, options: EmOptions): Aggregate & { readonly accuracy: Float64Array } {
  const k = ballots.labels.length;
  const posterior = (options.start === 'wawa' ? wawa(ballots) : majority(ballots)).posterior;
  const counts: Counts = {
    confusion: new Float64Array(ballots.voters.length * k * k),
    pool: new Float64Array(k * k),
  };
  const theta = new Float64Array(counts.confusion.length);
  const accuracy = new Float64Array(ballots.voters.length);
  count(ballots, posterior, counts);
  let evidence = Number.NEGATIVE_INFINITY;
  for (let round = 0; ; round++) {
    const logPrior = classPrior(ballots, posterior, options);
    logConfusion({ counts, k, options, theta, accuracy });
    if (options.stop === 'evidence' && round > 0) {
      const before = evidence;
      evidence = evidencePerVote({ ballots, theta, logPrior, posterior });
      if (evidence - before < options.tolerance) break;
    }
    if (round === options.rounds) break;
    const moved = expect({ ballots, theta, logPrior, posterior });
    count(ballots, posterior, counts);
    if (options.stop === 'still' && moved < options.tolerance) break;
  }
  return { posterior, accuracy };
}

function count(ballots: Ballots, posterior: Float64Array, counts: Counts): void {
  const k = ballots.labels.length;
  const { confusion, pool } = counts;
  confusion.fill(0);
  pool.fill(0);
  for (let i = 0; i < ballots.items.length; i++) {
    for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++) {
      const base = ballots.voter[v]! * k * k + ballots.label[v]!;
      for (let j = 0; j < k; j++) {
        const q = posterior[i * k + j]!;
        confusion[base + j * k]! += q;
        pool[j * k + ballots.label[v]!]! += q;
      }
    }
  }
}

function classPrior(ballots: Ballots, posterior: Float64Array, { prior, priorVotes }: EmOptions): Float64Array {
  const k = ballots.labels.length;
  const log = new Float64Array(k);
  if (prior === 'even') return log;
  log.fill(priorVotes + FLOOR);
  for (let i = 0; i < ballots.items.length; i++) {
    if (prior === 'posterior') for (let j = 0; j < k; j++) log[j]! += posterior[i * k + j]!;
    else {
      const from = ballots.start[i]!;
      const to = ballots.start[i + 1]!;
      for (let v = from; v < to; v++) log[ballots.label[v]!]! += 1 / (to - from);
    }
  }
  let sum = 0;
  for (let j = 0; j < k; j++) sum += log[j]!;
  for (let j = 0; j < k; j++) log[j] = Math.log(log[j]! / sum);
  return log;
}

interface Rows {
  readonly counts: Counts;
  readonly k: number;
  readonly options: EmOptions;
  /** Out: log θ. */
  readonly theta: Float64Array;
  /** Out: diagonal share. */
  readonly accuracy: Float64Array;
}

function logConfusion({ counts, k, options, theta, accuracy }: Rows): void {
  const { confusion, pool } = counts;
  const pooled = pooledRows(pool, k);
  const g = pooledAccuracy(pool, k);
  const coin = options.ownStrength === Number.POSITIVE_INFINITY;
  const own = coin ? 1 : options.ownStrength;
  for (let w = 0; w < accuracy.length; w++) {
    const base = w * k * k;
    let diagonal = 0;
    let total = 0;
    for (let j = 0; j < k; j++) {
      diagonal += confusion[base + j * k + j]!;
      for (let l = 0; l < k; l++) total += confusion[base + j * k + l]!;
    }
    accuracy[w] = (diagonal + 2 * g) / (total + 2);
    const off = k > 1 ? (1 - accuracy[w]!) / (k - 1) : 1;
    for (let j = 0; j < k; j++) {
      let row = 0;
      for (let l = 0; l < k; l++) {
        const seen = coin ? 0 : confusion[base + j * k + l]! + options.poolStrength * pooled[j * k + l]!;
        const value = seen + own * (l === j ? accuracy[w]! : off) + FLOOR;
        theta[base + j * k + l] = value;
        row += value;
      }
      for (let l = 0; l < k; l++) theta[base + j * k + l] = Math.log(theta[base + j * k + l]! / row);
    }
  }
}

/** P[j][l]: the confusion rows of all voters together, smoothed by ones and three on the diagonal. */
export function pooledRows(pool: Float64Array, k: number): Float64Array {
  const rows = new Float64Array(k * k);
  for (let j = 0; j < k; j++) {
    let sum = k + 3;
    for (let l = 0; l < k; l++) sum += pool[j * k + l]!;
    for (let l = 0; l < k; l++) rows[j * k + l] = (pool[j * k + l]! + (l === j ? 4 : 1)) / sum;
  }
  return rows;
}

/** Share of the diagonal in the pooled counts, with the same smoothing. */
export function pooledAccuracy(pool: Float64Array, k: number): number {
  let diagonal = 4 * k;
  let total = k * (k + 3);
  for (let j = 0; j < k; j++) {
    diagonal += pool[j * k + j]!;
    for (let l = 0; l < k; l++) total += pool[j * k + l]!;
  }
  return diagonal / total;
}

interface Expectation {
  readonly ballots: Ballots;
  readonly theta: Float64Array;
  readonly logPrior: Float64Array;
  readonly posterior: Float64Array;
}

/** One E-step; returns the largest change of a posterior. */
function expect({ ballots, theta, logPrior, posterior }: Expectation): number {
  const k = logPrior.length;
  const log = new Float64Array(k);
  let moved = 0;
  for (let i = 0; i < ballots.items.length; i++) {
    log.set(logPrior);
    for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++) {
      const base = ballots.voter[v]! * k * k + ballots.label[v]!;
      for (let j = 0; j < k; j++) log[j]! += theta[base + j * k]!;
    }
    softmax(log);
    for (let j = 0; j < k; j++) {
      moved = Math.max(moved, Math.abs(posterior[i * k + j]! - log[j]!));
      posterior[i * k + j] = log[j]!;
    }
  }
  return moved;
}

function evidencePerVote({ ballots, theta, logPrior, posterior }: Expectation): number {
  const k = logPrior.length;
  let sum = 0;
  for (let i = 0; i < ballots.items.length; i++) {
    for (let j = 0; j < k; j++) {
      const q = posterior[i * k + j]!;
      if (q <= 0) continue;
      sum -= q * Math.log(q);
      for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++)
        sum += q * (theta[(ballots.voter[v]! * k + j) * k + ballots.label[v]!]! + logPrior[j]!);
    }
  }
  return sum / Math.max(1, ballots.voter.length);
}

/** In place, by log-sum-exp. */
export function softmax(log: Float64Array, length: number = log.length): void {
  let top = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < length; j++) if (log[j]! > top) top = log[j]!;
  let sum = 0;
  for (let j = 0; j < length; j++) {
    const value = Math.exp(log[j]! - top);
    log[j] = value;
    sum += value;
  }
  for (let j = 0; j < length; j++) log[j]! /= sum;
}
