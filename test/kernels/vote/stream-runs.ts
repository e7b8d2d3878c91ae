import { hash32, uniform } from '../../../src/core/hash.ts';
import type { Scalar, Vote } from '../../../src/kernels/vote/ballots.ts';
import {
  type Consensus,
  DEFAULT_SETTINGS,
  type LabelRequest,
  type VoteMethod,
  type VoterReport,
  type VoteSettings,
  type VoteSink,
} from '../../../src/kernels/vote/vote-settings.ts';
import { VoteStream } from '../../../src/kernels/vote/vote-stream.ts';

/** A sink that keeps everything. */
export class Kept implements VoteSink {
  readonly results: Consensus[] = [];
  readonly requests: LabelRequest[] = [];
  readonly reports: VoterReport[] = [];
  readonly changes: unknown[] = [];
  readonly evictions: { readonly entries: number; readonly bound: string }[] = [];
  consensus(result: Consensus): void {
    this.results.push(result);
  }
  revised(change: unknown): void {
    this.changes.push(change);
  }
  request(request: LabelRequest): void {
    this.requests.push(request);
  }
  report(report: VoterReport): void {
    this.reports.push(report);
  }
  evicted(what: { readonly entries: number; readonly bound: string }): void {
    this.evictions.push(what);
  }
}

export interface Run {
  /** Label at the close, and after the last revision; null for a tie. */
  readonly first: Map<Scalar, Scalar | null>;
  readonly last: Map<Scalar, Scalar | null>;
  readonly output: string;
  readonly kept: Kept;
}

export function stream(settings: Partial<VoteSettings> = {}): { readonly votes: VoteStream; readonly kept: Kept } {
  const kept = new Kept();
  return { votes: new VoteStream({ ...DEFAULT_SETTINGS, ...settings }, kept), kept };
}

export function summary(kept: Kept): Run {
  const first = new Map<Scalar, Scalar | null>();
  const last = new Map<Scalar, Scalar | null>();
  for (const result of kept.results) {
    if (!first.has(result.item)) first.set(result.item, result.label);
    last.set(result.item, result.label);
  }
  return { first, last, output: kept.results.map((result) => JSON.stringify(result)).join('\n'), kept };
}

const BY_HAND: Partial<VoteSettings> = { close: { minVotes: 'all', confidence: 0.95 } };

/** Votes in their order, everything closes at the end. */
export function runToEnd(input: readonly Vote[], method: VoteMethod): Run {
  const { votes, kept } = stream({ ...BY_HAND, method });
  for (const vote of input) votes.vote(vote, 0);
  votes.end();
  return summary(kept);
}

/** Votes grouped by item, an item is closed after its last vote. */
export function runGrouped(input: readonly Vote[], method: VoteMethod, settings: Partial<VoteSettings> = {}): Run {
  const { votes, kept } = stream({ ...BY_HAND, ...settings, method });
  const groups = Map.groupBy(input, (vote) => vote.item);
  for (const [item, group] of groups) {
    for (const vote of group) votes.vote(vote, 0);
    votes.close(item);
  }
  votes.end();
  return summary(kept);
}

/** Each partition learns for itself. */
export function runPartitioned(
  input: readonly Vote[],
  method: VoteMethod,
  partitions: number,
): Map<Scalar, Scalar | null> {
  const all = new Map<Scalar, Scalar | null>();
  for (let p = 0; p < partitions; p++) {
    const own = input.filter((vote) => hash32(String(vote.item)) % partitions === p);
    for (const [item, label] of runToEnd(own, method).last) all.set(item, label);
  }
  return all;
}

export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const mixed = list.slice();
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, i) * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
  }
  return mixed;
}

/** A tie counts as wrong. */
export function scoreLabels(labels: ReadonlyMap<Scalar, Scalar | null>, truth: ReadonlyMap<string, string>): number {
  let right = 0;
  for (const [item, gold] of truth) if (labels.get(item) === gold) right++;
  return right / truth.size;
}

/** `items` items of two labels, `voters` voters that are right with a probability of .6 to .95. */
export function crowd(items: number, voters: number, seed: number): Vote[] {
  const votes: Vote[] = [];
  for (let i = 0; i < items; i++)
    for (let w = 0; w < voters; w++) {
      const right = uniform(seed, i, w) < 0.6 + (0.35 * w) / voters;
      votes.push({ item: `i${i}`, voter: `w${w}`, label: (i % 3 === 0) === right ? 'yes' : 'no' });
    }
  return votes;
}
