/** How long a key is remembered: seconds of stream time, a number of records, or for good. */
export type DedupWindow =
  | { readonly kind: 'time'; readonly seconds: number }
  | { readonly kind: 'records'; readonly records: number }
  | { readonly kind: 'all' };

/** The state keeps a count of live keys in this many slices of the window; a bound forgets one slice at a time. */
const SLICES = 512;
const RING = 2 * SLICES;
/** With `window: all` this many inserts share a stamp. */
const INSERTS_PER_STAMP = 64;
const MAX_STAMP = 0xfffffffe;
/** Counts of records start again from a new base here, long before stamps run out. */
const REBASE_AT = 3_000_000_000;

export interface StampState {
  base: number | null;
  now: number;
  floor: number;
  inserted: number;
  evicted: number;
  low: number;
  ring: number[];
}

/**
 * The clock of a dedup state, in small integers ("stamps") that fit a slot.
 *
 * A stamp is when an entry is over, relative to `base`: seconds after the first stream time seen, or records after the
 * first record; with `window: all` it counts inserts and only a bound makes it meaningful. An entry is over when its
 * stamp is below `dead`, the larger of now and `floor`. Stamps never fall from one insert to the next, which lets
 * parts of the state be told apart by their ranges.
 *
 * Before the clock starts (stream time NaN) now is 1, as it is at the first time: keys met before live as if met then.
 *
 * Bound: `ring` counts live keys by slice of stamps. More than `maxKeys` raises `floor` by a slice: which keys are
 * forgotten depends on the records alone, never on the layout of the table, so a replay forgets the same ones.
 */
export class Stamps {
  readonly window: DedupWindow;
  readonly maxKeys: number;
  /** Unix seconds, or number of records, that stamp 1 stands for; NaN before the clock starts. */
  base: number;
  now = 1;
  floor = 0;
  /** Live keys; exact up to one slice. */
  live = 0;
  inserted = 0;
  evicted = 0;
  private readonly span: number;
  private readonly sliceWidth: number;
  private readonly ring = new Float64Array(RING);
  private low = 0;

  constructor(window: DedupWindow, maxKeys: number) {
    this.window = window;
    this.maxKeys = maxKeys;
    this.base = window.kind === 'time' ? Number.NaN : 0;
    this.span = window.kind === 'time' ? window.seconds : window.kind === 'records' ? window.records : 0;
    const stamps = window.kind === 'all' ? Math.min(maxKeys, 2 ** 40) / INSERTS_PER_STAMP : this.span;
    this.sliceWidth = Math.max(1, Math.ceil(stamps / SLICES));
  }

  get dead(): number {
    return Math.max(this.now, this.floor);
  }

  /** Moves on to the next record. `timeMs`: its stream time. Gives how far the base must move, mostly 0. */
  tick(timeMs: number): number {
    if (this.window.kind === 'time') {
      const second = Math.floor(timeMs / 1000);
      if (!(second >= this.base)) {
        if (!Number.isNaN(this.base) || Number.isNaN(second)) return 0;
        this.base = second;
      }
      const now = Math.min(second - this.base + 1, MAX_STAMP);
      if (now > this.now) this.moveTo(now);
      return 0;
    }
    if (this.window.kind === 'records') {
      this.moveTo(this.now + 1);
      if (this.now >= REBASE_AT) return Math.floor((this.now - 2) / this.sliceWidth) * this.sliceWidth;
    }
    return 0;
  }

  /** What now would be at `timeMs`, without moving there. */
  at(timeMs: number): number {
    const now = Math.floor(timeMs / 1000) - this.base + 1;
    return now > this.now ? Math.min(now, MAX_STAMP) : this.now;
  }

  /** Stamp of a key met now. */
  next(): number {
    if (this.window.kind === 'all') return Math.max(1 + Math.floor(this.inserted / INSERTS_PER_STAMP), this.floor);
    return Math.min(Math.max(this.now + this.span, this.floor), MAX_STAMP);
  }

  count(stamp: number): void {
    this.inserted++;
    this.live++;
    this.ring[this.placeOf(stamp)]!++;
  }

  /** An entry got a new stamp. */
  move(from: number, to: number): void {
    this.ring[this.placeOf(from)]!--;
    this.ring[this.placeOf(to)]!++;
  }

  /** Forgets the oldest slice when there are too many keys; gives how many keys that were, 0 for none. */
  evict(): number {
    if (this.live <= this.maxKeys) return 0;
    const before = this.live;
    while (this.live === before && before > 0) {
      this.floor = (this.low + 1) * this.sliceWidth;
      this.drain();
    }
    const gone = before - this.live;
    this.evicted += gone;
    return gone;
  }

  /** The base moves up by `shift` stamps. */
  rebase(shift: number): void {
    this.base += shift;
    this.now -= shift;
    this.floor = Math.max(0, this.floor - shift);
    const slices = shift / this.sliceWidth;
    const counts = this.ring.slice();
    for (let i = 0; i < RING; i++) this.ring[i] = counts[(i + slices) % RING]!;
    this.low = Math.max(0, this.low - slices);
  }

  save(): StampState {
    const { now, floor, inserted, evicted, low } = this;
    return {
      base: Number.isNaN(this.base) ? null : this.base,
      now,
      floor,
      inserted,
      evicted,
      low,
      ring: [...this.ring],
    };
  }

  restore(state: StampState): void {
    this.base = state.base ?? Number.NaN;
    this.now = state.now;
    this.floor = state.floor;
    this.inserted = state.inserted;
    this.evicted = state.evicted;
    this.low = state.low;
    this.ring.set(state.ring);
    this.live = state.ring.reduce((sum, count) => sum + count, 0);
  }

  /** Of its slice in the ring. */
  private placeOf(stamp: number): number {
    return (stamp / this.sliceWidth) & (RING - 1); // RING is a power of two
  }

  private moveTo(now: number): void {
    this.now = now;
    this.drain();
  }

  /** Slices that are wholly over leave the count. */
  private drain(): void {
    const first = Math.floor(this.dead / this.sliceWidth);
    if (first - this.low >= RING) {
      this.ring.fill(0);
      this.live = 0;
      this.low = first;
      return;
    }
    for (; this.low < first; this.low++) {
      const i = this.low % RING;
      this.live -= this.ring[i]!;
      this.ring[i] = 0;
    }
  }
}
