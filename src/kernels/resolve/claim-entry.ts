import type { Scalar } from '../vote/ballots.ts';

export type EntryState = 'open' | 'held' | 'closed';
export type EntryClosedBy = 'after' | 'idle' | 'end' | 'evicted' | 'call';

/** What is said about an entry. */
export interface Resolved {
  /** Null when undecided. */
  readonly value: unknown;
  readonly confidence: number;
  /** Claims for the value, and for others; for numbers: inside and outside the gate. */
  readonly for: number;
  readonly against: number;
  readonly runnerUp: unknown;
  /** Confidence minus that of the runner-up. */
  readonly margin: number;
  /** Claims for the value that count as copies of another one. */
  readonly copies: number;
  /** Numbers only: median distance of the claims from the value. */
  readonly spread?: number;
  readonly decided: boolean;
}

/** One attribute of one entity: what each source claims, and the share of the claims in what is known of the sources. */
export class ClaimEntry {
  readonly key: string;
  readonly entity: Scalar;
  readonly attribute: Scalar;
  readonly seq: number;
  state: EntryState = 'open';
  /** Parallel: who, and the code of what. */
  readonly sources: number[] = [];
  readonly codes: number[] = [];
  /** Distinct values claimed, with the text they are compared by. */
  readonly values: unknown[] = [];
  readonly texts: string[] = [];
  /** Share in the model as it was added, one number a value (truth) or a claim (numbers). */
  added: Float64Array | undefined;
  /** Claims `added` stands for. */
  counted = 0;
  /** Posterior (truth) or weights (numbers) of the last evaluation. */
  p: Float64Array | undefined;
  result: Resolved | undefined;
  announced: string | undefined;
  revision = 0;
  closedBy: EntryClosedBy = 'end';
  openedAt = Number.NaN;
  lastAt = Number.NaN;
  touch = 0;
  closeSeq = 0;
  older: ClaimEntry | undefined;
  newer: ClaimEntry | undefined;

  constructor(key: string, name: { readonly entity: Scalar; readonly attribute: Scalar }, seq: number) {
    this.key = key;
    this.entity = name.entity;
    this.attribute = name.attribute;
    this.seq = seq;
  }

  get n(): number {
    return this.sources.length;
  }

  /** Sets what a source claims; false when it said so already. */
  claim(source: number, text: string, value: unknown): boolean {
    let code = this.texts.indexOf(text);
    if (code < 0) {
      code = this.texts.length;
      this.texts.push(text);
      this.values.push(value);
    }
    const at = this.sources.indexOf(source);
    if (at < 0) {
      this.sources.push(source);
      this.codes.push(code);
      return true;
    }
    if (this.codes[at] === code) return false;
    this.codes[at] = code;
    return true;
  }

  withdraw(source: number): boolean {
    const at = this.sources.indexOf(source);
    if (at < 0) return false;
    this.sources.splice(at, 1);
    this.codes.splice(at, 1);
    return true;
  }
}

/** What is learned about sources, and what follows for an entry. */
export interface ClaimModel {
  /** First opinion, before anything is known: shares of the claims. */
  start(entry: ClaimEntry): void;
  /** Fills `p` and `result` under what is known now. */
  evaluate(entry: ClaimEntry): void;
  retract(entry: ClaimEntry): void;
  /** Adds the share of `p`. */
  add(entry: ClaimEntry): void;
  /** Recomputes what hangs on all counters (dependence, weights). */
  refresh(): void;
  reserve(sources: number): void;
  trust(source: number): { readonly trust: number; readonly claims: number };
  /** The source it most likely copies from, when that is more likely than not. */
  copiesFrom(source: number): { readonly source: number; readonly probability: number } | undefined;
  /** Makes room to learn about an attribute; false when there is none: its values are concluded all the same. */
  admit(attribute: string): boolean;
  /** Parts of the state changed since the last call, by name, and how one is read back. */
  changes(): readonly { readonly name: string; readonly value: unknown }[];
  load(name: string, value: unknown): void;
  bytes(): number;
}

export const NOTHING: Resolved = {
  value: null,
  confidence: 0,
  for: 0,
  against: 0,
  runnerUp: null,
  margin: 0,
  copies: 0,
  decided: false,
};
