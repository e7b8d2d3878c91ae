import type { Scalar } from './ballots.ts';

/** From this many votes on an index finds a voter; below, a scan of the row is quicker. */
const INDEX_FROM = 32;

export type ItemState = 'open' | 'held' | 'closed';
export type ClosedBy = 'votes' | 'max-votes' | 'after' | 'idle' | 'end' | 'evicted' | 'call';

/** Label codes an item may have been given last. */
export const NEVER = -2;
export const TIED = -1;

/** One item: its votes, and its share in the voters' statistics exactly as it was added. */
export class BallotItem {
  readonly id: Scalar;
  /** Number in order of opening: names its place in the state. */
  readonly seq: number;
  state: ItemState = 'open';
  n = 0;
  voters = new Int32Array(8);
  codes = new Int32Array(8);
  /** Undefined while every vote weighs 1. */
  weights: Float64Array | undefined;
  /** Labels said about this item, by local code; undefined where label codes are shared by all items. */
  labels: Scalar[] | undefined;
  /** Share in the voters' statistics, as it was added; undefined: none yet. */
  added: Float64Array | undefined;
  /** Posterior of the last evaluation; the same array as `added` for models that add the posterior. */
  q: Float64Array | undefined;
  /** Votes, from the first on, that `added` stands for; on large items later ones wait for the next look. */
  counted = 0;
  /** Votes it had when `q` was evaluated. */
  evaluatedAt = -1;
  gold = NEVER;
  calibrated = false;
  /** Looked at with all others at an end, and unchanged since: sweeps do not announce it anew. */
  settled = false;
  /** Code announced last. */
  announced = NEVER;
  revision = 0;
  closedBy: ClosedBy = 'end';
  openedAt = Number.NaN;
  lastAt = Number.NaN;
  /** Order of the last vote and of closing, over the whole stream. */
  touch = 0;
  closeSeq = 0;
  /** Not evaluated before it has this many votes: large items are looked at in growing steps. */
  lookAt = 0;
  /** Votes it had when more were asked for; -1: never asked. */
  askedAt = -1;
  /** Neighbours in the order of last votes. */
  older: BallotItem | undefined;
  newer: BallotItem | undefined;
  private index: Map<number, number> | undefined;

  constructor(id: Scalar, seq: number, local: boolean) {
    this.id = id;
    this.seq = seq;
    this.labels = local ? [] : undefined;
  }

  /** Place of a voter's vote, -1 when it has none. */
  find(voter: number): number {
    if (this.index !== undefined) return this.index.get(voter) ?? -1;
    for (let v = 0; v < this.n; v++) if (this.voters[v] === voter) return v;
    return -1;
  }

  push(voter: number, code: number, weight: number): void {
    if (this.n === this.voters.length) this.grow();
    this.voters[this.n] = voter;
    this.codes[this.n] = code;
    this.weigh(this.n, weight);
    this.index?.set(voter, this.n);
    this.n++;
    if (this.index === undefined && this.n >= INDEX_FROM) {
      this.index = new Map();
      for (let v = 0; v < this.n; v++) this.index.set(this.voters[v]!, v);
    }
  }

  weigh(at: number, weight: number): void {
    if (weight !== 1 && this.weights === undefined) this.weights = new Float64Array(this.voters.length).fill(1);
    if (this.weights !== undefined) this.weights[at] = weight;
  }

  weightOf(at: number): number {
    return this.weights === undefined ? 1 : this.weights[at]!;
  }

  /** Local code of a label, `add` makes one. */
  localCode(label: Scalar, add: 'add' | 'find'): number {
    const labels = this.labels!;
    const code = labels.indexOf(label);
    if (code >= 0 || add === 'find') return code;
    labels.push(label);
    return labels.length - 1;
  }

  /** Weighted share of the votes that say `code`. */
  share(code: number): number {
    let said = 0;
    let all = 0;
    for (let v = 0; v < this.n; v++) {
      const weight = this.weightOf(v);
      all += weight;
      if (this.codes[v] === code) said += weight;
    }
    return all > 0 ? said / all : 0;
  }

  private grow(): void {
    const size = this.n * 2;
    const voters = new Int32Array(size);
    voters.set(this.voters);
    this.voters = voters;
    const codes = new Int32Array(size);
    codes.set(this.codes);
    this.codes = codes;
    if (this.weights === undefined) return;
    const weights = new Float64Array(size).fill(1);
    weights.set(this.weights);
    this.weights = weights;
  }
}
