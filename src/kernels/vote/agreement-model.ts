import type { BallotItem } from './ballot-item.ts';
import { TIE } from './ballots.ts';
import { grown, type ModelSettings, numbers, type VoteModel, type VoterAccuracy } from './model.ts';
import type { VoterTable } from './voter-table.ts';

const START_ACCURACY = 0.7;
const START_VOTES = 2;

/**
 * Majority, weighted and one-coin: one number a voter, label codes local to the item (open value domains).
 *
 * Idea: `majority` counts votes; `weighted` (Wawa as a stream) weights them by how often the voter said what most said;
 * `one-coin` turns the voter's expected accuracy a into the log odds of its vote, ln(a (K - 1) / (1 - a)).
 * Counters are Beta: (right + 2 g) / (votes + 2), g the share right over all voters.
 * Cost: votes of the item; 16 bytes a voter.
 *
 * Source: Ustalov et al. 2024 (Wawa); Dawid & Skene 1979 with one parameter (ZenCrowd, Demartini et al. 2012).
 */
export class AgreementModel implements VoteModel {
  readonly shared = false;
  private readonly kind: 'majority' | 'weighted' | 'one-coin';
  private readonly voters: VoterTable;
  private readonly decay: number;
  private readonly labelCount: () => number;
  private right = new Float64Array(0);
  private said = new Float64Array(0);
  /** The part of items that left the buffer; kept apart only when voters are forgotten by half-life. */
  private oldRight = new Float64Array(0);
  private oldSaid = new Float64Array(0);
  private allRight = 0;
  private allSaid = 0;

  constructor(
    kind: 'majority' | 'weighted' | 'one-coin',
    voters: VoterTable,
    options: { readonly settings: ModelSettings; readonly labelCount: () => number },
  ) {
    this.kind = kind;
    this.voters = voters;
    this.labelCount = options.labelCount;
    this.decay = options.settings.halfLifeVotes > 0 ? 0.5 ** (1 / options.settings.halfLifeVotes) : 1;
  }

  width(item: BallotItem): number {
    return item.labels!.length;
  }

  posterior(item: BallotItem, q: Float64Array): void {
    const k = this.width(item);
    q.fill(0, 0, k);
    const others = Math.max(1, this.labelCount() - 1);
    for (let v = 0; v < item.n; v++) {
      if (this.voters.excluded[item.voters[v]!]) continue;
      q[item.codes[v]!]! += item.weightOf(v) * this.weight(item.voters[v]!, others);
    }
    if (this.kind === 'one-coin') normalizeLog(q, k, others + 1);
    else normalize(q, k);
  }

  retract(item: BallotItem): void {
    for (let v = 0; v < item.counted; v++) this.countOne(item, v, -1);
    item.added = undefined;
    item.counted = 0;
  }

  add(item: BallotItem, q: Float64Array): void {
    const k = this.width(item);
    const share = q.slice(0, k);
    if (this.kind !== 'one-coin' && item.gold < 0) plurality(item, share);
    item.added = share;
    item.counted = item.n;
    for (let v = 0; v < item.n; v++) this.countOne(item, v, 1);
  }

  settle(item: BallotItem): void {
    if (this.decay === 1 || item.added === undefined) return;
    for (let v = 0; v < item.counted; v++) {
      const voter = item.voters[v]!;
      const weight = item.weightOf(v);
      const lostRight = (1 - this.decay) * this.oldRight[voter]!;
      const lostSaid = (1 - this.decay) * this.oldSaid[voter]!;
      this.right[voter]! -= lostRight;
      this.said[voter]! -= lostSaid;
      this.allRight -= lostRight;
      this.allSaid -= lostSaid;
      this.oldRight[voter]! += weight * (item.added[item.codes[v]!] ?? 0) - lostRight;
      this.oldSaid[voter]! += weight - lostSaid;
    }
  }

  fits(): boolean {
    return true;
  }

  reserve(voters: number): void {
    this.right = grown(this.right, voters);
    this.said = grown(this.said, voters);
    if (this.decay === 1) return;
    this.oldRight = grown(this.oldRight, voters);
    this.oldSaid = grown(this.oldSaid, voters);
  }

  forget(voter: number): void {
    this.loadVoter(voter, []);
  }

  accuracy(voter: number): VoterAccuracy {
    const g = (this.allRight + START_ACCURACY * START_VOTES) / (this.allSaid + START_VOTES);
    return { accuracy: (this.right[voter]! + 2 * g) / (this.said[voter]! + 2), votes: this.said[voter]! };
  }

  /** One coin has no rows: what was right stands on one place of the diagonal, what was wrong beside it. */
  snapshot(voters: number, k: number): { readonly counts: Float64Array; readonly shares: Float64Array } {
    const counts = new Float64Array(voters * k * k);
    for (let w = 0; w < voters; w++) {
      counts[w * k * k] = Math.max(0, this.right[w]!);
      counts[w * k * k + 1] = Math.max(0, this.said[w]! - this.right[w]!);
    }
    return { counts, shares: new Float64Array(k) };
  }

  bytesPerVoter(): number {
    return 16;
  }

  saveVoter(voter: number): number[] {
    const own = [this.right[voter]!, this.said[voter]!];
    return this.decay === 1 ? own : [...own, this.oldRight[voter]!, this.oldSaid[voter]!];
  }

  loadVoter(voter: number, values: readonly number[]): void {
    this.right[voter] = values[0] ?? 0;
    this.said[voter] = values[1] ?? 0;
    if (this.decay === 1) return;
    this.oldRight[voter] = values[2] ?? 0;
    this.oldSaid[voter] = values[3] ?? 0;
  }

  save(): Readonly<Record<string, unknown>> {
    return { all: [this.allRight, this.allSaid] };
  }

  load(state: Readonly<Record<string, unknown>>): void {
    const [right, said] = numbers(state.all);
    this.allRight = right ?? 0;
    this.allSaid = said ?? 0;
  }

  private weight(voter: number, others: number): number {
    if (this.kind === 'majority') return 1;
    const a = this.accuracy(voter).accuracy;
    if (this.kind === 'weighted') return a;
    const kept = Math.min(0.999, Math.max(0.001, a));
    return Math.log((kept * others) / (1 - kept));
  }

  countOne(item: BallotItem, at: number, sign: 1 | -1): void {
    const weight = sign * item.weightOf(at);
    const right = weight * (item.added![item.codes[at]!] ?? 0);
    const voter = item.voters[at]!;
    this.right[voter]! += right;
    this.said[voter]! += weight;
    this.allRight += right;
    this.allSaid += weight;
  }
}

/** What most say, ties shared: agreement is counted against this. */
function plurality(item: BallotItem, share: Float64Array): void {
  share.fill(0);
  for (let v = 0; v < item.n; v++) share[item.codes[v]!]! += item.weightOf(v);
  let top = 0;
  for (const s of share) if (s > top) top = s;
  let tied = 0;
  for (const s of share) if (s > top - TIE) tied++;
  for (let l = 0; l < share.length; l++) share[l] = share[l]! > top - TIE ? 1 / tied : 0;
}

function normalize(q: Float64Array, k: number): void {
  let sum = 0;
  for (let l = 0; l < k; l++) sum += q[l]!;
  for (let l = 0; l < k; l++) q[l] = sum > 0 ? q[l]! / sum : 1 / k;
}

/** Labels nobody said about this item keep their share of the mass at weight 0. */
function normalizeLog(q: Float64Array, k: number, all: number): void {
  let top = 0;
  for (let l = 0; l < k; l++) if (q[l]! > top) top = q[l]!;
  let sum = Math.max(0, all - k) * Math.exp(-top);
  for (let l = 0; l < k; l++) {
    q[l] = Math.exp(q[l]! - top);
    sum += q[l]!;
  }
  for (let l = 0; l < k; l++) q[l]! /= sum;
}
