import type { BallotItem } from './ballot-item.ts';
import { FLOOR, pooledAccuracy, pooledRows, softmax } from './em-rows.ts';
import { grown, type ModelSettings, numbers, spread, type VoteModel, type VoterAccuracy } from './model.ts';
import type { VoterTable } from './voter-table.ts';

const PRIOR_VOTES = 2;

/**
 * Dawid–Skene and HDS as a stream: confusion counts by voter, item shares in and out.
 *
 * State: `counts[(w · W + j) · W + l]` expected times voter w said l where j was true (W: room for labels), its row sums,
 * the pool over voters, and vote shares by class. E-step cost: votes · K; memory K² + K doubles a voter.
 * The class prior is the shares of votes, never of posteriors: fed by its own posteriors a stream falls into the
 * larger class.
 *
 * Source: Dawid & Skene 1979; Neal & Hinton 1998 (incremental EM); Kim & Ghahramani 2012; Venanzi et al. 2014.
 */
export class ConfusionModel implements VoteModel {
  readonly shared = true;
  private readonly voters: VoterTable;
  private readonly poolStrength: number;
  private readonly ownStrength: number;
  private readonly decay: number;
  private readonly maxBytes: number;
  private k = 2;
  private room = 2;
  private counts = new Float64Array(0);
  private rowSums = new Float64Array(0);
  private settled = new Float64Array(0);
  private pool = new Float64Array(4);
  private shares = new Float64Array(2);
  /** Pooled rows and accuracy, valid until the pool changes. */
  private rowsOfPool: Float64Array | undefined;
  private accuracyOfPool = 0;

  constructor(voters: VoterTable, settings: ModelSettings) {
    this.voters = voters;
    this.poolStrength = settings.poolStrength;
    this.ownStrength = settings.ownStrength;
    this.maxBytes = settings.maxModelBytes;
    this.decay = settings.halfLifeVotes > 0 ? 0.5 ** (1 / settings.halfLifeVotes) : 1;
  }

  width(): number {
    return this.k;
  }

  posterior(item: BallotItem, q: Float64Array): void {
    const { k, room, counts, rowSums, poolStrength, ownStrength } = this;
    const pooled = this.pooled();
    for (let j = 0; j < k; j++) q[j] = Math.log(this.shares[j]! + PRIOR_VOTES);
    for (let v = 0; v < item.n; v++) {
      const voter = item.voters[v]!;
      if (this.voters.excluded[voter]) continue;
      const said = item.codes[v]!;
      const base = voter * room * room;
      let right = 2 * this.accuracyOfPool;
      let all = 2;
      for (let j = 0; j < k; j++) {
        right += counts[base + j * room + j]!;
        all += rowSums[voter * room + j]!;
      }
      const own = right / all;
      const other = (1 - own) / (k - 1);
      const weight = item.weightOf(v);
      for (let j = 0; j < k; j++) {
        const seen = counts[base + j * room + said]! + poolStrength * pooled[j * k + said]!;
        const value = seen + ownStrength * (j === said ? own : other) + FLOOR;
        const share = value / (rowSums[voter * room + j]! + poolStrength + ownStrength + k * FLOOR);
        q[j]! += weight * Math.log(Math.max(share, FLOOR));
      }
    }
    softmax(q, k);
  }

  retract(item: BallotItem): void {
    for (let v = 0; v < item.counted; v++) this.countOne(item, v, -1);
    item.added = undefined;
    item.counted = 0;
  }

  add(item: BallotItem, q: Float64Array): void {
    item.added = q.slice(0, this.k);
    item.counted = item.n;
    for (let v = 0; v < item.n; v++) this.countOne(item, v, 1);
  }

  settle(item: BallotItem): void {
    if (this.decay === 1 || item.added === undefined) return;
    const { k, room, counts, rowSums, pool, settled } = this;
    for (let v = 0; v < item.counted; v++) {
      const base = item.voters[v]! * room * room;
      for (let j = 0; j < k; j++) {
        for (let l = 0; l < k; l++) {
          const lost = (1 - this.decay) * settled[base + j * room + l]!;
          counts[base + j * room + l]! -= lost;
          settled[base + j * room + l]! -= lost;
          rowSums[item.voters[v]! * room + j]! -= lost;
          pool[j * room + l]! -= lost;
        }
        settled[base + j * room + item.codes[v]!]! += item.weightOf(v) * (item.added[j] ?? 0);
      }
    }
    this.rowsOfPool = undefined;
  }

  fits(voters: number, labels: number): boolean {
    return voters * this.roomFor(labels) ** 2 * 8 <= this.maxBytes;
  }

  reserve(voters: number, labels: number): void {
    if (labels > this.room) this.widen(this.roomFor(labels));
    if (labels > this.k) {
      this.k = labels;
      this.rowsOfPool = undefined;
    }
    const cells = this.room * this.room;
    this.counts = grown(this.counts, voters * cells);
    this.rowSums = grown(this.rowSums, voters * this.room);
    if (this.decay < 1) this.settled = grown(this.settled, voters * cells);
  }

  forget(voter: number): void {
    const cells = this.room * this.room;
    this.counts.fill(0, voter * cells, (voter + 1) * cells);
    this.rowSums.fill(0, voter * this.room, (voter + 1) * this.room);
    if (this.decay < 1) this.settled.fill(0, voter * cells, (voter + 1) * cells);
  }

  accuracy(voter: number): VoterAccuracy {
    this.pooled();
    let right = 0;
    let all = 0;
    for (let j = 0; j < this.k; j++) {
      right += this.counts[(voter * this.room + j) * this.room + j]!;
      all += this.rowSums[voter * this.room + j]!;
    }
    return { accuracy: (right + 2 * this.accuracyOfPool) / (all + 2), votes: all };
  }

  rows(voter: number): number[][] {
    const rows: number[][] = [];
    for (let j = 0; j < this.k; j++) {
      const from = (voter * this.room + j) * this.room;
      rows.push([...this.counts.subarray(from, from + this.k)]);
    }
    return rows;
  }

  snapshot(voters: number): { readonly counts: Float64Array; readonly shares: Float64Array } {
    const { k, room } = this;
    const counts = new Float64Array(voters * k * k);
    for (let w = 0; w < voters; w++)
      for (let j = 0; j < k; j++)
        for (let l = 0; l < k; l++) counts[(w * k + j) * k + l] = Math.max(0, this.counts[(w * room + j) * room + l]!);
    return { counts, shares: this.shares.slice(0, k) };
  }

  /** Smallest count held: below -1e-9 a share was taken out that had not been added. */
  floor(): number {
    let least = 0;
    for (const value of this.counts) if (value < least) least = value;
    return least;
  }

  bytesPerVoter(): number {
    return (this.room * this.room * (this.decay < 1 ? 2 : 1) + this.room) * 8;
  }

  saveVoter(voter: number): number[] {
    const cells = this.room * this.room;
    const own = [
      ...this.counts.subarray(voter * cells, (voter + 1) * cells),
      ...this.rowSums.subarray(voter * this.room, (voter + 1) * this.room),
    ];
    return this.decay === 1 ? own : [...own, ...this.settled.subarray(voter * cells, (voter + 1) * cells)];
  }

  loadVoter(voter: number, values: readonly number[]): void {
    const cells = this.room * this.room;
    this.counts.set(values.slice(0, cells), voter * cells);
    this.rowSums.set(values.slice(cells, cells + this.room), voter * this.room);
    if (this.decay < 1) this.settled.set(values.slice(cells + this.room, 2 * cells + this.room), voter * cells);
  }

  save(): Readonly<Record<string, unknown>> {
    return { k: this.k, room: this.room, pool: [...this.pool], shares: [...this.shares] };
  }

  load(state: Readonly<Record<string, unknown>>): void {
    this.k = Number(state.k);
    this.room = Number(state.room);
    this.pool = Float64Array.from(numbers(state.pool));
    this.shares = Float64Array.from(numbers(state.shares));
    this.rowsOfPool = undefined;
  }

  countOne(item: BallotItem, at: number, sign: 1 | -1): void {
    const { room, counts, rowSums, pool } = this;
    const share = item.added!;
    const said = item.codes[at]!;
    const rows = item.voters[at]! * room;
    const weight = sign * item.weightOf(at);
    for (let j = 0; j < share.length; j++) {
      const value = weight * share[j]!;
      counts[(rows + j) * room + said]! += value;
      rowSums[rows + j]! += value;
      pool[j * room + said]! += value;
    }
    this.shares[said]! += sign / item.counted;
    this.rowsOfPool = undefined;
  }

  private roomFor(labels: number): number {
    return labels <= this.room ? this.room : Math.max(labels, this.room * 2);
  }

  private pooled(): Float64Array {
    if (this.rowsOfPool !== undefined) return this.rowsOfPool;
    let pool = this.pool;
    if (this.k < this.room) {
      pool = new Float64Array(this.k * this.k);
      for (let j = 0; j < this.k; j++)
        for (let l = 0; l < this.k; l++) pool[j * this.k + l] = this.pool[j * this.room + l]!;
    }
    this.rowsOfPool = pooledRows(pool, this.k);
    this.accuracyOfPool = pooledAccuracy(pool, this.k);
    return this.rowsOfPool;
  }

  /** Room for more labels: rows move apart, nothing else changes. */
  private widen(room: number): void {
    const voters = Math.floor(this.rowSums.length / this.room);
    this.counts = spread(this.counts, this.room, { room, rows: voters * this.room, groups: voters });
    this.settled = spread(this.settled, this.room, { room, rows: voters * this.room, groups: voters });
    this.pool = spread(this.pool, this.room, { room, rows: this.room, groups: 1 });
    this.rowSums = spread(this.rowSums, this.room, { room, rows: voters, groups: 0 });
    this.shares = grown(this.shares, room);
    this.room = room;
    this.rowsOfPool = undefined;
  }
}
