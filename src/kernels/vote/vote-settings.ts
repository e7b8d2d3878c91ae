import type { ClosedBy } from './ballot-item.ts';
import type { Scalar } from './ballots.ts';

export type VoteMethod = 'majority' | 'weighted' | 'dawid-skene' | 'hds' | 'one-coin';

/** An item closes with minVotes AND confidence; every other rule closes it alone. */
export interface CloseRules {
  /** Votes needed beside `confidence`; `all`: votes and confidence never close an item. */
  readonly minVotes: number | 'all';
  /** Reported confidence needed, 0 to 1. */
  readonly confidence: number;
  readonly maxVotes?: number;
  /** Milliseconds of stream time after the first vote. */
  readonly afterMs?: number;
  /** Milliseconds of stream time after the last vote. */
  readonly idleMs?: number;
}

export interface VoteSettings {
  readonly method: VoteMethod;
  readonly close: CloseRules;
  /** Items held before the first is announced; EM sweeps over them. */
  readonly warmUpItems: number;
  readonly warmUpSweeps: number;
  /** Closed items that may still change; closes between sweeps over them (0: no sweeps). */
  readonly bufferItems: number;
  readonly sweepEvery: number;
  readonly temperature: number;
  readonly poolStrength: number;
  readonly ownStrength: number;
  readonly halfLifeVotes: number;
  /** Bytes the counts of all voters may take: more labels are refused, silent voters forgotten. */
  readonly maxModelBytes: number;
  readonly maxOpen: number;
  readonly maxVoters: number;
  readonly maxLabels: number;
  /** Items remembered by name after they left the buffer, so that a vote for them is late and not a new item. */
  readonly rememberItems: number;
  /** Voters whose accuracy lies below this with 95 % certainty no longer count; 0: off. */
  readonly excludeBelow: number;
  readonly requests?: RequestRules;
  /** Closes between voter reports; 0: at the end alone. */
  readonly reportEvery: number;
  /** Voters in one report at most, those with most votes first. */
  readonly reportMax: number;
}

export interface RequestRules {
  /** Requests for each vote taken, 0 to 1. */
  readonly budget: number;
  /** Votes between two rounds of requests. */
  readonly windowVotes: number;
  /** Items below this confidence may be asked for. */
  readonly below: number;
}

export const DEFAULT_SETTINGS: VoteSettings = {
  method: 'hds',
  close: { minVotes: 3, confidence: 0.95 },
  warmUpItems: 50,
  warmUpSweeps: 10,
  bufferItems: 2_000,
  sweepEvery: 100,
  temperature: 2,
  poolStrength: 2,
  ownStrength: 4,
  halfLifeVotes: 0,
  maxModelBytes: 256 * 1024 * 1024,
  maxOpen: 100_000,
  maxVoters: 100_000,
  maxLabels: 50,
  rememberItems: 100_000,
  excludeBelow: 0,
  reportEvery: 1_000,
  reportMax: 100,
};

/** What is announced about an item: first at its close, again (revision + 1) when the label changes. */
export interface Consensus {
  readonly item: Scalar;
  /** Null for a tie. */
  readonly label: Scalar | null;
  readonly confidence: number;
  readonly share: number;
  readonly votes: number;
  readonly method: VoteMethod;
  readonly revision: number;
  readonly closedBy: ClosedBy;
  readonly tie: boolean;
}

export interface LabelRequest {
  readonly item: Scalar;
  readonly votes: number;
  readonly label: Scalar | null;
  readonly confidence: number;
  /** Bits still open about the label. */
  readonly entropy: number;
}

export interface VoterReport {
  readonly voter: Scalar;
  readonly votes: number;
  readonly accuracy: number;
  /** 95 % interval of the accuracy. */
  readonly low: number;
  readonly high: number;
  readonly excluded: boolean;
  /** What the voter says (columns) where a label is true (rows), as shares. */
  readonly bias?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface VoteSink {
  consensus(result: Consensus): void;
  revised(change: {
    readonly item: Scalar;
    readonly from: Scalar | null;
    readonly to: Scalar | null;
    readonly revision: number;
    readonly cause: 'late-vote' | 'sweep' | 'gold';
  }): void;
  request(request: LabelRequest): void;
  report(report: VoterReport): void;
  evicted(what: { readonly entries: number; readonly bound: 'items' | 'voters' | 'votes' }): void;
}

/** What became of a vote. */
export type Taken = 'counted' | 'repeated' | 'late' | 'label-bound';

export interface StreamVote {
  readonly item: Scalar;
  readonly voter: Scalar;
  readonly label: Scalar;
  /** 0 to 1,000, default 1. */
  readonly weight?: number;
}
