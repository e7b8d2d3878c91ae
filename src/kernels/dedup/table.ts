import type { Entry, EntryLog } from './entry.ts';
import { ENTRY_STAMP, EntrySlabs } from './entry-slabs.ts';

/** Hash bits choose one of these segments of the index; each grows alone, so that no growth touches more than a share. */
export const SEGMENTS = 256;

const SEGMENT_SHIFT = 24; // the top 8 bits of h1
const MAX_LOAD = 0.9;
/** Homes of a segment that is full, times this. Segments start at sizes spread over one such step, so they grow in turn. */
const GROWTH = 1.5;
const MIN_HOMES = 8;
/** Slots behind the last home, for what chance pushes beyond it. */
const SPILL = 32;
/** Chance fills some segments more than others: at 10 million keys four standard deviations are 2 %. */
const UNEVEN = 1.02;
/** A segment with a smaller share of its homes in use is made smaller. */
const WORTH_KEEPING = 0.5;
/** Sweeps are faster by this when memory is held by what is over. */
const EMPTYING_PACE = 4;
const HASHES = 4294967296;

/**
 * Exact set of 96-bit hashes with a 32-bit stamp and 8 bytes of payload each.
 *
 * Layout: entries of 20 bytes in order of arrival (EntrySlabs, never moved by growth) and an index of SEGMENTS arrays of
 * slots, two words each: h0 and the number of the entry, 0 for an empty slot. The slots of a segment are in order of h0,
 * each at or behind its home floor((h0 + 2³¹) · homes / 2³²), as near to it as those before it allow. So a search ends at
 * the first larger h0, an insert moves a few slots up by one, and growth is a walk through the old slots in order, with
 * no look at an entry. The last slot of a segment is always empty.
 *
 * An entry whose stamp is below `dead` is over; its slot goes when its segment is next written, at the latest by `sweep`.
 *
 * `probe` remembers where it ended; `insert`, `refresh` and `read` act on that place and must follow it at once.
 * `dead` must never fall.
 *
 * Cost: a cache line or two of the index a probe, one more for a key that is there; 30 to 32 bytes a key. Errors:
 * OperatorError above 2³² entries.
 *
 * Source: Amble & Knuth, "Ordered hash tables" 1974; Lemire, "Fast random integer generation in an interval" 2019.
 */
export class HashTable {
  private readonly indexes: Int32Array[] = [];
  private readonly entries = new EntrySlabs();
  /** Slots in use of each segment, those of entries that are over included. */
  private readonly used = new Int32Array(SEGMENTS);
  private indexBytes = 0;
  /** The round of sweeps: its next segment, slots it may look at now, whether it empties slabs. */
  private sweepAt = 0;
  private sweepSlots = 0;
  private emptying = false;
  /** Where the last probe ended: its segment and the first word of the slot, and the entry when there was one. */
  private segment = 0;
  private slot = 0;
  private number = 0;

  /** `expectedKeys`: pre-sizes every segment, 0 for none. */
  constructor(expectedKeys = 0) {
    const expected = Math.ceil((expectedKeys / SEGMENTS / MAX_LOAD) * UNEVEN);
    for (let s = 0; s < SEGMENTS; s++) {
      const homes = Math.max(expected, Math.ceil(MIN_HOMES * GROWTH ** (s / SEGMENTS)));
      const index = new Int32Array(2 * (homes + SPILL));
      this.indexes.push(index);
      this.indexBytes += index.byteLength;
    }
  }

  get byteLength(): number {
    return this.indexBytes + this.entries.byteLength;
  }

  /** Reads the homes of `count` keys (three lanes each), so that their cache misses overlap before they are probed one by one. */
  touch(lanes: Int32Array, count: number): number {
    let sum = 0;
    for (let i = 0; i < 3 * count; i += 3) {
      const index = this.indexes[lanes[i + 1]! >>> SEGMENT_SHIFT]!;
      sum ^= index[2 * home(lanes[i]!, homesOf(index))]!;
    }
    return sum;
  }

  /** True when the key is here and its stamp is not below `dead`. */
  probe(h0: number, h1: number, h2: number, dead: number): boolean {
    const s = h1 >>> SEGMENT_SHIFT;
    const index = this.indexes[s]!;
    let p = 2 * home(h0, homesOf(index));
    for (let number = index[p + 1]!; number !== 0 && index[p]! <= h0; number = index[p + 1]!) {
      if (index[p] === h0 && this.entries.mayLive(number, dead)) {
        const words = this.entries.words(number);
        const at = this.entries.at(number);
        if (words[at] === h1 && words[at + 1] === h2 && words[at + ENTRY_STAMP]! >>> 0 >= dead) {
          this.number = number;
          return true;
        }
      }
      p += 2;
    }
    this.segment = s;
    this.slot = p;
    return false;
  }

  /** After a probe that answered false. `stamp` is at least 1. */
  insert(entry: Entry, dead: number): void {
    const s = this.segment;
    const index = this.indexes[s]!;
    let p = this.slot;
    let h0 = entry.h0;
    let number = this.entries.append(entry);
    for (;;) {
      const nextH0 = index[p]!;
      const nextNumber = index[p + 1]!;
      index[p] = h0;
      index[p + 1] = number;
      if (nextNumber === 0) break;
      h0 = nextH0;
      number = nextNumber;
      p += 2;
    }
    const used = ++this.used[s]!;
    if (used > homesOf(index) * MAX_LOAD || p === index.length - 2) this.makeRoom(s, dead);
  }

  /** After a probe that answered true: the rest of the entry found, into `entry`, whose h0 is that of the probe. */
  read(entry: Entry): void {
    const words = this.entries.words(this.number);
    const at = this.entries.at(this.number);
    entry.h1 = words[at]!;
    entry.h2 = words[at + 1]!;
    entry.stamp = words[at + ENTRY_STAMP]! >>> 0;
    entry.low = words[at + 3]!;
    entry.high = words[at + 4]!;
  }

  /** After a probe that answered true. */
  refresh(stamp: number): void {
    this.entries.setStamp(this.number, stamp);
  }

  /** Adds what a checkpoint kept; of two versions of a key the one with the larger stamp stays. */
  restore(entry: Entry, dead: number): void {
    if (entry.stamp < dead) return;
    if (!this.probe(entry.h0, entry.h1, entry.h2, dead)) {
      this.insert(entry, dead);
      return;
    }
    const words = this.entries.words(this.number);
    const at = this.entries.at(this.number);
    if (words[at + ENTRY_STAMP]! >>> 0 >= entry.stamp) return;
    this.entries.setStamp(this.number, entry.stamp);
    words[at + 3] = entry.low;
    words[at + 4] = entry.high;
  }

  /** Copies the live entries of segment `s` with `low <= stamp <= high` to the end of `into`. */
  collect(
    s: number,
    range: { readonly low: number; readonly high: number; readonly dead: number },
    into: EntryLog,
  ): void {
    const low = Math.max(range.low, range.dead, 1);
    const index = this.indexes[s]!;
    const slabs = this.entries.mayHold(low, range.high);
    for (let p = 0; p < index.length; p += 2) {
      const number = index[p + 1]!;
      if (slabs[this.entries.slabOf(number)] === 0) continue; // as that of an empty slot
      const words = this.entries.words(number);
      const at = this.entries.at(number);
      const stamp = words[at + ENTRY_STAMP]! >>> 0;
      if (stamp >= low && stamp <= range.high) into.copy(index[p]!, words, at);
    }
  }

  /** Slots of one segment, for budgets of scans. */
  slotsOf(s: number): number {
    return this.indexes[s]!.length / 2;
  }

  /**
   * Gives back memory of what is over, looking at about `slots` slots; `live`: how many entries still count. Segments
   * are looked at in turn, only while there is something to be found.
   */
  sweep(dead: number, live: number, slots: number): void {
    const over = this.entries.drop(dead);
    if (this.sweepAt === 0) {
      this.emptying = this.entries.beginRound(live);
      if (!over && !this.emptying) return;
    }
    this.sweepSlots += this.emptying ? EMPTYING_PACE * slots : slots;
    while (this.sweepSlots > 0) {
      const s = this.sweepAt;
      this.sweepSlots -= this.slotsOf(s);
      this.clean(s, dead);
      this.sweepAt = (s + 1) % SEGMENTS;
      if (this.sweepAt === 0) {
        this.sweepSlots = 0;
        this.entries.endRound();
        return;
      }
    }
  }

  /** Subtracts `shift` from every stamp; entries below `dead` (before the shift) go. */
  shiftStamps(shift: number, dead: number): void {
    this.entries.shiftStamps(shift, dead);
  }

  private clean(s: number, dead: number): void {
    const living = this.countLiving(s, dead);
    const homes = homesOf(this.indexes[s]!);
    if (living < homes * WORTH_KEEPING && homes > MIN_HOMES * GROWTH)
      this.rewrite(s, Math.max(MIN_HOMES, Math.ceil((living / MAX_LOAD) * GROWTH ** 0.5)), dead);
    else if (living < this.used[s]! || this.emptying) this.rewrite(s, homes, dead);
  }

  private makeRoom(s: number, dead: number): void {
    const homes = homesOf(this.indexes[s]!);
    const full = this.countLiving(s, dead) * GROWTH > homes * MAX_LOAD;
    this.rewrite(s, full ? Math.ceil(homes * GROWTH) : homes, dead);
  }

  /** Slots that a rewrite keeps. */
  private countLiving(s: number, dead: number): number {
    if (this.entries.allLive(dead) && !this.emptying) return this.used[s]!;
    const index = this.indexes[s]!;
    let living = 0;
    for (let p = 1; p < index.length; p += 2) {
      const number = index[p]!;
      if (number !== 0 && this.lives(number, dead)) living++;
    }
    return living;
  }

  /** The slab says it; while slabs are held by few of their entries, each entry is looked at. */
  private lives(number: number, dead: number): boolean {
    return this.entries.mayLive(number, dead) && (!this.emptying || this.entries.stampOf(number) >= dead);
  }

  /** The index of a segment anew, without what is over and with entries moved out of slabs that are being emptied. */
  private rewrite(s: number, homes: number, dead: number): void {
    const old = this.indexes[s]!;
    const index = new Int32Array(2 * (homes + SPILL));
    const last = index.length - 2;
    const scale = homes / HASHES;
    const isKept = this.entries.allLive(dead) && !this.emptying;
    let used = 0;
    let next = 0;
    for (let p = 0; p < old.length; p += 2) {
      const number = old[p + 1]!;
      if (number === 0 || !(isKept || this.lives(number, dead))) continue;
      const first = (((old[p]! + HASHES / 2) * scale) | 0) << 1;
      const behind = next - first;
      const at = first + (behind & ~(behind >> 31)); // the larger one of first and next, without a branch
      if (at >= last) {
        this.rewrite(s, Math.ceil(homes * GROWTH), dead); // too many behind the last home
        return;
      }
      index[at] = old[p]!;
      index[at + 1] = number;
      next = at + 2;
      used++;
    }
    if (this.emptying) this.moveLeaving(index);
    this.indexBytes += index.byteLength - old.byteLength;
    this.indexes[s] = index;
    this.used[s] = used;
  }

  private moveLeaving(index: Int32Array): void {
    for (let p = 1; p < index.length; p += 2) {
      const number = index[p]!;
      if (number !== 0 && this.entries.isLeaving(number)) index[p] = this.entries.move(number);
    }
  }
}

function homesOf(index: Int32Array): number {
  return (index.length >>> 1) - SPILL;
}

function home(h0: number, homes: number): number {
  return ((h0 + HASHES / 2) * (homes / HASHES)) | 0;
}
