import type { BallotItem } from './ballot-item.ts';

export interface VoterAccuracy {
  /** Expected share of right votes, 0 to 1. */
  readonly accuracy: number;
  /** Votes it was learned from. */
  readonly votes: number;
}

/**
 * What is learned about voters. A share is taken out with the very numbers it was added with (`item.added`), so that
 * nothing is left behind when an item changes its mind.
 */
export interface VoteModel {
  /** Label codes are shared by all items (confusion rows need them); else they are local to an item. */
  readonly shared: boolean;
  /** Length of the posterior of an item. */
  width(item: BallotItem): number;
  /** E-step: the posterior under what is known now, written to `q`. */
  posterior(item: BallotItem, q: Float64Array): void;
  /** Takes the item's share out. */
  retract(item: BallotItem): void;
  /** Adds the share `q`, and remembers it on the item. */
  add(item: BallotItem, q: Float64Array): void;
  /** Takes one counted vote out (-1) or puts it back (1): how a vote of a large item changes. */
  countOne(item: BallotItem, at: number, sign: 1 | -1): void;
  /** The item leaves the buffer: its share is there for good, and from now on fades when the model forgets. */
  settle(item: BallotItem): void;
  /** Whether so many voters and labels stay within the memory a model may take. */
  fits(voters: number, labels: number): boolean;
  /** Makes room for voter and label codes below these. */
  reserve(voters: number, labels: number): void;
  forget(voter: number): void;
  accuracy(voter: number): VoterAccuracy;
  /** What is known of the first `voters` voters at `k` labels, as `emBatch` takes it. */
  snapshot(voters: number, k: number): { readonly counts: Float64Array; readonly shares: Float64Array };
  /** Confusion rows of a voter where the method has them. */
  rows?(voter: number): number[][];
  bytesPerVoter(): number;
  saveVoter(voter: number): number[];
  loadVoter(voter: number, values: readonly number[]): void;
  save(): Readonly<Record<string, unknown>>;
  load(state: Readonly<Record<string, unknown>>): void;
}

export interface ModelSettings {
  readonly poolStrength: number;
  readonly ownStrength: number;
  /** Half-life of a voter's statistics in its own votes; 0: never forgets. */
  readonly halfLifeVotes: number;
  /** Bytes the counts of all voters may take. */
  readonly maxModelBytes: number;
}

export type Doubles = Float64Array<ArrayBuffer>;

/** Doubles by voter, grown by doubling. */
export function grown(array: Doubles, length: number): Doubles {
  if (length <= array.length) return array;
  const next = new Float64Array(Math.max(length, array.length * 2, 16));
  next.set(array);
  return next;
}

/** Numbers of a stored state. */
export function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

/** Copies rows of `width` into rows of `room`; with groups, `width` rows of each group become `room` rows. */
export function spread(
  from: Doubles,
  width: number,
  to: { readonly room: number; readonly rows: number; readonly groups: number },
): Doubles {
  const next = new Float64Array(to.groups > 0 ? to.groups * to.room * to.room : to.rows * to.room);
  for (let r = 0; r < to.rows && r * width < from.length; r++) {
    const at = to.groups > 0 ? Math.floor(r / width) * to.room + (r % width) : r;
    next.set(from.subarray(r * width, (r + 1) * width), at * to.room);
  }
  return next;
}
