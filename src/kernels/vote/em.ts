import type { Aggregate, Ballots } from './ballots.ts';
import { type Counts, FLOOR, logConfusion, softmax } from './em-rows.ts';
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

/** What is known besides the ballots. */
export interface Known {
  /** Counts of items that are no longer in hand: `[(w · K + j) · K + l]`, and their vote shares by class. */
  readonly counts: Float64Array;
  readonly shares: Float64Array;
  /** Voters whose votes do not count. */
  readonly muted?: readonly boolean[];
}

/**
 * Dawid–Skene with two steps of shrinkage (HDS), and its two limits: plain Dawid–Skene and one-coin.
 *
 * Idea: expectation-maximization over hidden labels. A voter's confusion row is pulled towards the row pooled over all
 * voters and towards the voter's own one-number accuracy, so that a voter with four votes is judged by what all do and
 * one with four hundred by what it does.
 * In: ballots, options above, what is known from before. Out: posteriors, and each voter's accuracy (diagonal share of
 * its counts).
 * Cost: time rounds · (votes · K + voters · K²); memory voters · K² doubles.
 *
 * Example: `emBatch(collect(votes), HDS).posterior`.
 *
 * Source: Dawid & Skene 1979; Kim & Ghahramani 2012; Venanzi et al. 2014 (pooled rows).
 */
export function emBatch(
  ballots: Ballots,
  options: EmOptions,
  known?: Known,
): Aggregate & { readonly accuracy: Float64Array } {
  const k = ballots.labels.length;
  const posterior = (options.start === 'wawa' ? wawa(ballots) : majority(ballots)).posterior;
  const counts: Counts = {
    confusion: new Float64Array(ballots.voters.length * k * k),
    pool: new Float64Array(k * k),
  };
  const theta = new Float64Array(counts.confusion.length);
  const accuracy = new Float64Array(ballots.voters.length);
  pinGold(ballots, posterior);
  count(ballots, posterior, { counts, known });
  let evidence = Number.NEGATIVE_INFINITY;
  for (let round = 0; ; round++) {
    const logPrior = classPrior(ballots, posterior, { options, known });
    logConfusion({ ...options, counts, k, theta, accuracy });
    const step: Expectation = { ballots, theta, logPrior, posterior, muted: known?.muted };
    if (options.stop === 'evidence' && round > 0) {
      const before = evidence;
      evidence = evidencePerVote(step);
      if (evidence - before < options.tolerance) break;
    }
    if (round === options.rounds) break;
    const moved = expect(step);
    pinGold(ballots, posterior);
    count(ballots, posterior, { counts, known });
    if (options.stop === 'still' && moved < options.tolerance) break;
  }
  return { posterior, accuracy };
}

function pinGold({ gold, labels, items }: Ballots, posterior: Float64Array): void {
  if (gold === undefined) return;
  const k = labels.length;
  for (let i = 0; i < items.length; i++) {
    if (gold[i]! < 0) continue;
    posterior.fill(0, i * k, (i + 1) * k);
    posterior[i * k + gold[i]!] = 1;
  }
}

function count(
  ballots: Ballots,
  posterior: Float64Array,
  { counts, known }: { readonly counts: Counts; readonly known: Known | undefined },
): void {
  const k = ballots.labels.length;
  const { confusion, pool } = counts;
  pool.fill(0);
  if (known === undefined) confusion.fill(0);
  else {
    confusion.set(known.counts);
    for (let c = 0; c < confusion.length; c++) pool[c % (k * k)]! += confusion[c]!;
  }
  for (let i = 0; i < ballots.items.length; i++) {
    for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++) {
      const base = ballots.voter[v]! * k * k + ballots.label[v]!;
      const weight = ballots.weight?.[v] ?? 1;
      for (let j = 0; j < k; j++) {
        const q = weight * posterior[i * k + j]!;
        confusion[base + j * k]! += q;
        pool[j * k + ballots.label[v]!]! += q;
      }
    }
  }
}

function classPrior(
  ballots: Ballots,
  posterior: Float64Array,
  { options, known }: { readonly options: EmOptions; readonly known: Known | undefined },
): Float64Array {
  const k = ballots.labels.length;
  const log = new Float64Array(k);
  if (options.prior === 'even') return log;
  log.fill(options.priorVotes + FLOOR);
  for (let j = 0; known !== undefined && j < k; j++) log[j]! += Math.max(0, known.shares[j]!);
  for (let i = 0; i < ballots.items.length; i++) {
    if (options.prior === 'posterior') for (let j = 0; j < k; j++) log[j]! += posterior[i * k + j]!;
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

interface Expectation {
  readonly ballots: Ballots;
  readonly theta: Float64Array;
  readonly logPrior: Float64Array;
  readonly posterior: Float64Array;
  readonly muted: readonly boolean[] | undefined;
}

/** One E-step; returns the largest change of a posterior. */
function expect({ ballots, theta, logPrior, posterior, muted }: Expectation): number {
  const k = logPrior.length;
  const log = new Float64Array(k);
  let moved = 0;
  for (let i = 0; i < ballots.items.length; i++) {
    log.set(logPrior);
    for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++) {
      const voter = ballots.voter[v]!;
      if (muted?.[voter]) continue;
      const base = voter * k * k + ballots.label[v]!;
      const weight = ballots.weight?.[v] ?? 1;
      for (let j = 0; j < k; j++) log[j]! += weight * theta[base + j * k]!;
    }
    softmax(log);
    for (let j = 0; j < k; j++) {
      moved = Math.max(moved, Math.abs(posterior[i * k + j]! - log[j]!));
      posterior[i * k + j] = log[j]!;
    }
  }
  return moved;
}

function evidencePerVote({ ballots, theta, logPrior, posterior, muted }: Expectation): number {
  const k = logPrior.length;
  let sum = 0;
  for (let i = 0; i < ballots.items.length; i++) {
    for (let j = 0; j < k; j++) {
      const q = posterior[i * k + j]!;
      if (q <= 0) continue;
      sum -= q * Math.log(q);
      for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++) {
        const voter = ballots.voter[v]!;
        if (muted?.[voter]) continue;
        const weight = ballots.weight?.[v] ?? 1;
        sum += q * weight * (theta[(voter * k + j) * k + ballots.label[v]!]! + logPrior[j]!);
      }
    }
  }
  return sum / Math.max(1, ballots.voter.length);
}
