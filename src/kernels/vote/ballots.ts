/** What a voter may say, and what names an item or a voter: a JSON scalar. `1` and `"1"` differ. */
export type Scalar = string | number | boolean;

export interface Vote {
  readonly item: Scalar;
  readonly voter: Scalar;
  readonly label: Scalar;
}

/**
 * Votes of a finite set in rows: the votes of item `i` stand at `start[i] … start[i + 1] - 1` of `voter` and `label`.
 * Names are interned in order of first appearance.
 */
export interface Ballots {
  readonly items: readonly Scalar[];
  readonly voters: readonly Scalar[];
  readonly labels: readonly Scalar[];
  readonly start: Int32Array;
  readonly voter: Int32Array;
  readonly label: Int32Array;
  /** Weight of each vote; left out: 1. */
  readonly weight?: Float64Array;
  /** Code of the true label of each item, -1 where it is not known. */
  readonly gold?: Int32Array;
}

/** What an aggregation says: `posterior[i · K + l]`, and `accuracy[w]` where the method learns one. */
export interface Aggregate {
  readonly posterior: Float64Array;
  readonly accuracy?: Float64Array;
}

/**
 * Collects votes into rows.
 *
 * Idea: the last vote of a voter on an item wins, so delivering a vote twice changes nothing.
 * Cost: linear in the votes, one map entry a (item, voter).
 *
 * Example: `collect([{ item: 'a', voter: 'x', label: 1 }]).labels` gives `[1]`.
 */
export function collect(votes: Iterable<Vote>): Ballots {
  const items = new Interner();
  const voters = new Interner();
  const labels = new Interner();
  const rows: Map<number, number>[] = [];
  let count = 0;
  for (const vote of votes) {
    const item = items.code(vote.item);
    const row = rows[item] ?? new Map<number, number>();
    rows[item] = row;
    const voter = voters.code(vote.voter);
    if (!row.has(voter)) count++;
    row.set(voter, labels.code(vote.label));
  }
  const start = new Int32Array(rows.length + 1);
  const voter = new Int32Array(count);
  const label = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    start[i] = at;
    for (const [who, said] of rows[i]!) {
      voter[at] = who;
      label[at++] = said;
    }
  }
  start[rows.length] = at;
  return { items: items.values, voters: voters.values, labels: labels.values, start, voter, label };
}

/** Scalars to small integers, in order of first appearance. */
export class Interner {
  readonly values: Scalar[] = [];
  private readonly codes = new Map<Scalar, number>();

  get size(): number {
    return this.values.length;
  }

  find(value: Scalar): number {
    return this.codes.get(value) ?? -1;
  }

  code(value: Scalar): number {
    let code = this.codes.get(value);
    if (code === undefined) {
      code = this.values.length;
      this.values.push(value);
      this.codes.set(value, code);
    }
    return code;
  }
}

export interface Winner {
  /** Code of the largest entry; -1 for a tie. */
  readonly label: number;
  /** The largest entry. */
  readonly top: number;
}

/** Entries closer than this to the largest share the first place. */
export const TIE = 1e-9;

/** The largest of `length` entries from `offset`: a tie is said, never broken. */
export function winner(values: Float64Array, offset: number, length: number): Winner {
  let best = -1;
  let top = Number.NEGATIVE_INFINITY;
  let tied = false;
  for (let l = 0; l < length; l++) {
    const value = values[offset + l]!;
    if (value > top + TIE) {
      best = l;
      top = value;
      tied = false;
    } else if (value > top - TIE) tied = true;
  }
  return { label: tied || top <= 0 ? -1 : best, top };
}
