import type { BreakerPlan } from '../../topology/plan.ts';

/** Parts of the window: the share is over the last 59 to 60 of them. */
const SLOTS = 60;

export interface SavedBreaker {
  readonly openedAt: number | null;
  readonly diverted: number;
  readonly records: number;
  readonly last: number | null;
  readonly slots: readonly (readonly [slot: number, records: number, bad: number])[];
  readonly epoch: readonly [start: number, records: number, bad: number];
}

export interface BreakerChange {
  readonly to: 'open' | 'closed';
  /** Share of quarantined records in the window judged by, 0 to 1. */
  readonly share: number;
  readonly records: number;
  readonly quarantined: number;
}

/**
 * Opens when too large a share of the records of a sliding window was quarantined, and closes by itself.
 *
 * Idea: counts in 60 slots of the window; after each record it opens when the window holds `minRecords` and their share
 * reaches `open.quarantined`. Open, it counts from the opening on in spans of `close.over` (longer, until `minRecords` are
 * in): a span with a share of at most `close.quarantined` closes it, any other starts the next span. So it closes at most
 * two spans after the cause is gone, and never on a handful of records. `at` is stream time in milliseconds, or with
 * `over: { records }` the number of the record; NaN (no clock yet) is not counted. A function of the sequence of calls.
 * Cost: constant a record but for the sum over 60 slots while closed.
 */
export class Breaker {
  readonly plan: BreakerPlan;
  /** Position of the opening, NaN while closed. */
  openedAt = Number.NaN;
  /** Records diverted since the opening. */
  diverted = 0;
  /** Records seen: the position of windows of records. */
  records = 0;
  private readonly counts = new Float64Array(SLOTS);
  private readonly bad = new Float64Array(SLOTS);
  private readonly slots = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);
  private readonly width: number;
  private last = Number.NEGATIVE_INFINITY;
  private epoch: [start: number, records: number, bad: number] = [0, 0, 0];

  constructor(plan: BreakerPlan) {
    this.plan = plan;
    this.width = plan.open.over / SLOTS;
  }

  get isOpen(): boolean {
    return !Number.isNaN(this.openedAt);
  }

  /** `records` new ones at `at`, and `bad` that were quarantined there. */
  observe(at: number, records: number, bad: number): BreakerChange | undefined {
    this.records += records;
    const position = this.plan.unit === 'records' ? this.records : at;
    if (Number.isNaN(position)) return undefined;
    this.last = Math.max(this.last, position);
    this.count(Math.floor(this.last / this.width), records, bad);
    return this.isOpen ? this.mayClose(records, bad) : this.mayOpen(bad);
  }

  save(): SavedBreaker {
    const slots: [number, number, number][] = [];
    for (let i = 0; i < SLOTS; i++)
      if (Number.isFinite(this.slots[i]!)) slots.push([this.slots[i]!, this.counts[i]!, this.bad[i]!]);
    return {
      openedAt: this.isOpen ? this.openedAt : null,
      diverted: this.diverted,
      records: this.records,
      last: Number.isFinite(this.last) ? this.last : null,
      slots,
      epoch: this.epoch,
    };
  }

  restore(saved: SavedBreaker): void {
    this.openedAt = saved.openedAt ?? Number.NaN;
    this.diverted = saved.diverted;
    this.records = saved.records;
    this.last = saved.last ?? Number.NEGATIVE_INFINITY;
    this.epoch = [...saved.epoch];
    for (const [slot, records, bad] of saved.slots) this.count(slot, records, bad);
  }

  private count(slot: number, records: number, bad: number): void {
    const i = ((slot % SLOTS) + SLOTS) % SLOTS;
    if (this.slots[i] !== slot) {
      this.slots[i] = slot;
      this.counts[i] = 0;
      this.bad[i] = 0;
    }
    this.counts[i]! += records;
    this.bad[i]! += bad;
  }

  private mayOpen(bad: number): BreakerChange | undefined {
    if (bad === 0) return undefined; // a good record cannot raise the share
    const { open } = this.plan;
    const oldest = Math.floor(this.last / this.width) - SLOTS + 1;
    let records = 0;
    let quarantined = 0;
    for (let i = 0; i < SLOTS; i++) {
      if (this.slots[i]! < oldest) continue;
      records += this.counts[i]!;
      quarantined += this.bad[i]!;
    }
    if (records < open.minRecords || quarantined < open.quarantined * records) return undefined;
    this.openedAt = this.last;
    this.diverted = 0;
    this.epoch = [this.last, 0, 0];
    return { to: 'open', share: Math.min(1, quarantined / records), records, quarantined };
  }

  private mayClose(records: number, bad: number): BreakerChange | undefined {
    const { open, close } = this.plan;
    const { epoch } = this;
    epoch[1] += records;
    epoch[2] += bad;
    if (this.last - epoch[0] < close.over || epoch[1] < open.minRecords) return undefined;
    const [, n, quarantined] = epoch;
    this.epoch = [this.last, 0, 0];
    if (quarantined > close.quarantined * n) return undefined;
    this.openedAt = Number.NaN;
    this.slots.fill(Number.NEGATIVE_INFINITY); // what lies before the closing must not open it again
    return { to: 'closed', share: quarantined / n, records: n, quarantined };
  }
}
