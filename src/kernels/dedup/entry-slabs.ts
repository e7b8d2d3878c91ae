import { OperatorError } from '../../core/errors.ts';
import type { Entry } from './entry.ts';

/** Entries of a slab, as a power of two: 160 KiB. */
const SLAB_BITS = 13;
const SLAB_ENTRIES = 1 << SLAB_BITS;
/** Words of an entry here: h1, h2, stamp, and two of the winner's origin. Its h0 is in the index. */
export const ENTRY_WORDS = 5;
export const ENTRY_STAMP = 2;
const MAX_SLABS = 1 << (32 - SLAB_BITS);
/** Fewer slabs than this are never emptied: not worth it. */
const FEW_SLABS = 4;
/** The share of the slabs that is emptied in one round of sweeps, so that there are never two copies of more. */
const EMPTIED_SHARE = 1 / 4;
/** Slabs are emptied when less than this share of their entries lives. */
const WORTH_KEEPING = 0.75;

const NOTHING = new Int32Array(0);

/**
 * Entries in order of arrival, in slabs that are never moved and are given back whole once all they hold is over.
 *
 * An entry is known by its number: 19 bits of slab and 13 bits of place; 0 is no entry. Arrival is the order of
 * stamps, but for entries restored or refreshed: each slab has the range of stamps it holds, and is over when the
 * highest is below `dead`. Entries kept alive by a refresh hold their slab: when too little of it all lives, the oldest
 * slabs are marked `leaving`, and whoever keeps numbers moves what it still knows of them, in one round of its sweeps.
 *
 * A number may be known to its keeper after its slab is gone; so the slab's own number is used again only after a round
 * of sweeps that began later.
 */
export class EntrySlabs {
  private readonly slabs: Int32Array[] = [NOTHING];
  /** The highest and lowest stamp a slab holds; 0 and 0 when it is gone. */
  private readonly highs: number[] = [0];
  private readonly lows: number[] = [0];
  private readonly leaving: boolean[] = [false];
  /** Numbers of slabs in use, in order of their making; the last one is being filled. */
  private order: number[] = [];
  private free: number[] = [];
  private gone: number[] = [];
  private goneBefore: number[] = [];
  private fill = SLAB_ENTRIES;
  /** No slab but the last is over before this stamp. */
  private nextOver = Number.POSITIVE_INFINITY;

  get byteLength(): number {
    return this.order.length * SLAB_ENTRIES * ENTRY_WORDS * 4;
  }

  /** The words that hold an entry. */
  words(number: number): Int32Array {
    return this.slabs[number >>> SLAB_BITS]!;
  }

  /** Its first word there. */
  at(number: number): number {
    return (number & (SLAB_ENTRIES - 1)) * ENTRY_WORDS;
  }

  stampOf(number: number): number {
    return this.words(number)[this.at(number) + ENTRY_STAMP]! >>> 0;
  }

  /** No slab but the last can be over, and no number of one that is gone can be about. */
  allLive(dead: number): boolean {
    return dead <= this.nextOver && !this.someGone;
  }

  /** Some entry of its slab may live. */
  mayLive(number: number, dead: number): boolean {
    return this.highs[number >>> SLAB_BITS]! >= dead;
  }

  /** By slab: 1 when some entry of it may have a stamp from `low` to `high`; `slabOf` an entry tells which it is. */
  mayHold(low: number, high: number): Uint8Array {
    return Uint8Array.from(this.highs, (highest, slab) => (highest >= low && this.lows[slab]! <= high ? 1 : 0));
  }

  slabOf(number: number): number {
    return number >>> SLAB_BITS;
  }

  isLeaving(number: number): boolean {
    return this.leaving[number >>> SLAB_BITS]!;
  }

  /** Gives the number of the new entry. */
  append(entry: Entry): number {
    const number = this.reserve(entry.stamp);
    const words = this.words(number);
    const at = this.at(number);
    words[at] = entry.h1;
    words[at + 1] = entry.h2;
    words[at + ENTRY_STAMP] = entry.stamp;
    words[at + 3] = entry.low;
    words[at + 4] = entry.high;
    return number;
  }

  /** A copy of an entry at the end; gives its number. */
  move(number: number): number {
    const from = this.words(number);
    const start = this.at(number);
    const to = this.reserve(from[start + ENTRY_STAMP]! >>> 0);
    this.words(to).set(from.subarray(start, start + ENTRY_WORDS), this.at(to));
    return to;
  }

  setStamp(number: number, stamp: number): void {
    this.words(number)[this.at(number) + ENTRY_STAMP] = stamp;
    const slab = number >>> SLAB_BITS;
    if (stamp > this.highs[slab]!) this.highs[slab] = stamp;
    if (stamp < this.lows[slab]!) this.lows[slab] = stamp;
  }

  /** Gives back the slabs that are over. True: numbers that stand for nothing may be about. */
  drop(dead: number): boolean {
    if (this.nextOver < dead) {
      const last = this.order.at(-1);
      let next = Number.POSITIVE_INFINITY;
      this.order = this.order.filter((slab) => {
        const high = this.highs[slab]!;
        if (high >= dead || slab === last) {
          if (slab !== last) next = Math.min(next, high);
          return true;
        }
        this.release(slab);
        this.gone.push(slab);
        return false;
      });
      this.nextOver = next;
    }
    return this.someGone;
  }

  /** A round of sweeps begins; `live`: how many entries still count. True when there are slabs to be emptied. */
  beginRound(live: number): boolean {
    const { order } = this;
    if (order.length < FEW_SLABS || live >= (order.length - 1) * SLAB_ENTRIES * WORTH_KEEPING) return false;
    const oldest = order.slice(0, Math.ceil(order.length * EMPTIED_SHARE));
    for (const slab of oldest) this.leaving[slab] = true;
    return true;
  }

  /** Every number its keeper knows was looked at since the round began. */
  endRound(): void {
    this.free.push(...this.goneBefore);
    this.goneBefore = this.gone;
    this.gone = [];
    this.order = this.order.filter((slab) => {
      if (!this.leaving[slab]!) return true;
      this.release(slab);
      this.free.push(slab);
      return false;
    });
  }

  /** Subtracts `shift` from every stamp; what is below `dead` (before the shift) is over for good. */
  shiftStamps(shift: number, dead: number): void {
    const shifted = (stamp: number): number => (stamp < dead ? 0 : stamp - shift);
    for (const slab of this.order) {
      const words = this.slabs[slab]!;
      for (let at = ENTRY_STAMP; at < words.length; at += ENTRY_WORDS) words[at] = shifted(words[at]! >>> 0);
      this.highs[slab] = shifted(this.highs[slab]!);
      this.lows[slab] = shifted(this.lows[slab]!);
    }
    this.nextOver = 0;
  }

  private get someGone(): boolean {
    return this.gone.length + this.goneBefore.length > 0;
  }

  private reserve(stamp: number): number {
    if (this.fill === SLAB_ENTRIES) this.open(stamp);
    const slab = this.order[this.order.length - 1]!;
    if (stamp > this.highs[slab]!) this.highs[slab] = stamp;
    if (stamp < this.lows[slab]!) this.lows[slab] = stamp;
    return (slab << SLAB_BITS) | this.fill++;
  }

  private open(stamp: number): void {
    const last = this.order.at(-1);
    if (last !== undefined) this.nextOver = Math.min(this.nextOver, this.highs[last]!);
    const slab = this.free.pop() ?? this.slabs.length;
    if (slab >= MAX_SLABS) throw new OperatorError('the key table is full', { code: 'too-many-keys' });
    this.slabs[slab] = new Int32Array(SLAB_ENTRIES * ENTRY_WORDS);
    this.highs[slab] = stamp;
    this.lows[slab] = stamp;
    this.leaving[slab] = false;
    this.order.push(slab);
    this.fill = 0;
  }

  private release(slab: number): void {
    this.slabs[slab] = NOTHING;
    this.highs[slab] = 0;
    this.lows[slab] = 0;
    this.leaving[slab] = false;
  }
}
