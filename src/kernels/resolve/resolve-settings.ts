import type { Scalar } from '../vote/ballots.ts';
import type { ClaimEntry, Resolved } from './claim-entry.ts';

export type ResolveMethod = 'majority' | 'trust' | 'trust-copy' | 'median' | 'priority';

export interface ResolveSettings {
  readonly method: ResolveMethod;
  /** Milliseconds of stream time after the first, or the last claim. */
  readonly afterMs?: number;
  readonly idleMs?: number;
  /** Sources whose claim wins where there is one, best first. */
  readonly priority: readonly Scalar[];
  readonly minSupport: number;
  readonly minMargin: number;
  readonly copyRate: number;
  readonly copyPrior: number;
  readonly falseValues: number;
  readonly gate: number;
  /** Entries held before the first is announced. */
  readonly warmUpEntries: number;
  readonly bufferEntries: number;
  readonly sweepEvery: number;
  readonly maxOpen: number;
  readonly maxSources: number;
  readonly maxValues: number;
  /** Attributes whose sources `median` learns apart; others get the plain median. */
  readonly maxAttributes: number;
  readonly rememberEntries: number;
  readonly reportEvery: number;
}

export const DEFAULT_RESOLVE: ResolveSettings = {
  method: 'trust-copy',
  priority: [],
  minSupport: 1,
  minMargin: 0,
  copyRate: 0.5,
  copyPrior: 0.2,
  falseValues: 50,
  gate: 5,
  warmUpEntries: 50,
  bufferEntries: 2_000,
  sweepEvery: 100,
  maxOpen: 100_000,
  maxSources: 256,
  maxValues: 256,
  maxAttributes: 256,
  rememberEntries: 100_000,
  reportEvery: 1_000,
};

export interface SourceReport {
  readonly source: Scalar;
  readonly trust: number;
  readonly claims: number;
  /** Share of the entries it said something about. */
  readonly coverage: number;
  readonly copiesFrom?: Scalar;
  readonly copyProbability?: number;
}

export interface ResolveSink {
  resolved(entry: ClaimEntry, result: Resolved): void;
  revised(change: { readonly entry: ClaimEntry; readonly from: unknown; readonly cause: 'late-claim' | 'sweep' }): void;
  report(report: SourceReport): void;
  evicted(what: { readonly entries: number; readonly bound: 'items' | 'attributes' }): void;
}

/** What became of a claim. */
export type ClaimTaken = 'counted' | 'repeated' | 'late' | 'source-bound' | 'value-bound';
