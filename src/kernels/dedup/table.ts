import type { Entry, EntryLog } from './entry.ts';
import { SLOT_WORDS, STAMP } from './entry.ts';

/** Hash bits choose one of these segments; each grows alone, so that no growth touches more than a thousandth of the keys. */
export const SEGMENTS = 1024;

const SEGMENT_SHIFT = 22; // the top 10 bits of h1
const MAX_LOAD = 0.85;
/** A rebuilt segment has room for an eighth more entries before it reaches MAX_LOAD. */
const REBUILT_LOAD = MAX_LOAD / 1.125;
/** A segment with fewer entries (a table below about 800,000 keys) grows by half: memory is small, copies are not. */
const SMALL_SEGMENT = 800;
const SMALL_LOAD = MAX_LOAD / 1.5;
const MIN_SLOTS = 8;
/** Slots behind the last home, for entries that were pushed on; the very last one stays empty. */
const SPILL_SLOTS = 8;
/** Chance fills some segments more than others: at 10 million keys four standard deviations are 4 %. */
const UNEVEN = 1.04;
/** From here on, in words, the engine's own copy beats a loop. */
const LONG_SHIFT = 8 * SLOT_WORDS;

/**
 * Exact set of 96-bit hashes with a 32-bit stamp and 8 bytes of payload each, in open addressing over typed arrays.
 *
 * Layout: SEGMENTS arrays of slots of SLOT_WORDS words. The home of an entry is floor((h0 + 2³¹) · homes / 2³²); a
 * segment is kept in the order of h0 (signed), every entry at its home or behind it with no empty slot between. So a
 * search for a new key ends at the first larger h0, and a rebuild is one pass without probing.
 * Stamp 0 means empty. A slot whose stamp is below `dead` is over: it keeps its place in the order until an insert
 * shifts over it or `rebuild` leaves it out. No slot is ever emptied in place, so no chain can break.
 *
 * `probe` remembers where it ended; `insert`, `refresh` and `read` act on that place and must follow it at once.
 * `dead` must never fall.
 *
 * Cost: one or two cache lines a probe; 28 to 32 bytes a key once segments have grown; a rebuild copies one segment.
 *
 * Source: Amble & Knuth, "Ordered hash tables" 1974; Lemire, "Fast random integer generation in an interval" 2019.
 */
export class HashTable {
  private readonly segments: Int32Array[] = [];
  /** Homes of each segment: its slots without the spill. */
  private readonly homes = new Int32Array(SEGMENTS);
  private readonly used = new Int32Array(SEGMENTS);
  private bytes = 0;
  private sweepAt = 0;
  /** No stamp is below this: while `dead` is not above it everything lives and nothing need be counted. */
  private lowest = 0xffffffff;
  /** Place of the last probe. */
  private segment = 0;
  private at = 0;

  /** `expectedKeys`: pre-sizes every segment, 0 for none. */
  constructor(expectedKeys = 0) {
    const homes = Math.max(MIN_SLOTS, Math.ceil((expectedKeys / SEGMENTS / MAX_LOAD) * UNEVEN));
    for (let s = 0; s < SEGMENTS; s++) {
      const words = new Int32Array((homes + spillOf(homes)) * SLOT_WORDS);
      this.segments.push(words);
      this.homes[s] = homes;
      this.bytes += words.byteLength;
    }
  }

  get byteLength(): number {
    return this.bytes;
  }

  /** Reads the homes of `count` keys (three lanes each), so that their cache misses overlap before they are probed one by one. */
  touch(lanes: Int32Array, count: number): number {
    let sum = 0;
    for (let i = 0; i < 3 * count; i += 3) {
      const s = lanes[i + 1]! >>> SEGMENT_SHIFT;
      const p = (((lanes[i]! + 2147483648) * (this.homes[s]! / 4294967296)) | 0) * SLOT_WORDS;
      sum ^= this.segments[s]![p + STAMP]!;
    }
    return sum;
  }

  /** True when the key is here and its stamp is not below `dead`. */
  probe(h0: number, h1: number, h2: number, dead: number): boolean {
    const s = h1 >>> SEGMENT_SHIFT;
    const words = this.segments[s]!;
    // the same arithmetic as in rebuild(): both must agree to the last bit
    let p = (((h0 + 2147483648) * (this.homes[s]! / 4294967296)) | 0) * SLOT_WORDS;
    this.segment = s;
    for (; ; p += SLOT_WORDS) {
      const stamp = words[p + STAMP]!;
      if (stamp === 0) break;
      const other = words[p]!;
      if (other < h0) continue;
      if (other > h0) break;
      if (words[p + 1] === h1 && words[p + 2] === h2 && stamp >>> 0 >= dead) {
        this.at = p;
        return true;
      }
    }
    this.at = p;
    return false;
  }

  /** After a probe that answered false. `stamp` is at least 1. */
  insert(entry: Entry, dead: number): void {
    const s = this.segment;
    const words = this.segments[s]!;
    const at = this.at;
    if (entry.stamp < this.lowest) this.lowest = entry.stamp;
    let free = at;
    let stamp = words[free + STAMP]!;
    while (stamp !== 0 && stamp >>> 0 >= dead) {
      free += SLOT_WORDS;
      stamp = words[free + STAMP]!;
    }
    if (free + SLOT_WORDS >= words.length) {
      this.rebuild(s, dead, this.countLive(s, dead), true);
      this.probe(entry.h0, entry.h1, entry.h2, dead);
      this.insert(entry, dead);
      return;
    }
    if (free - at > LONG_SHIFT) words.copyWithin(at + SLOT_WORDS, at, free);
    else for (let p = free + SLOT_WORDS - 1; p >= at + SLOT_WORDS; p--) words[p] = words[p - SLOT_WORDS]!;
    words[at] = entry.h0;
    words[at + 1] = entry.h1;
    words[at + 2] = entry.h2;
    words[at + STAMP] = entry.stamp;
    words[at + 4] = entry.low;
    words[at + 5] = entry.high;
    if (stamp !== 0) return;
    const used = this.used[s]! + 1;
    this.used[s] = used;
    if (used > this.homes[s]! * MAX_LOAD) this.rebuild(s, dead);
  }

  /** After a probe that answered true: the entry found, into `entry`. */
  read(entry: Entry): void {
    const words = this.segments[this.segment]!;
    const p = this.at;
    entry.h0 = words[p]!;
    entry.h1 = words[p + 1]!;
    entry.h2 = words[p + 2]!;
    entry.stamp = words[p + STAMP]! >>> 0;
    entry.low = words[p + 4]!;
    entry.high = words[p + 5]!;
  }

  /** After a probe that answered true. */
  refresh(stamp: number): void {
    this.segments[this.segment]![this.at + STAMP] = stamp;
  }

  /** Adds what a checkpoint kept; of two versions of a key the one with the larger stamp stays. */
  restore(entry: Entry, dead: number): void {
    if (entry.stamp < dead) return;
    if (!this.probe(entry.h0, entry.h1, entry.h2, dead)) {
      this.insert(entry, dead);
      return;
    }
    const words = this.segments[this.segment]!;
    if (words[this.at + STAMP]! >>> 0 >= entry.stamp) return;
    words[this.at + STAMP] = entry.stamp;
    words[this.at + 4] = entry.low;
    words[this.at + 5] = entry.high;
  }

  /** Copies the live entries of segment `s` with `low <= stamp <= high` to the end of `into`. */
  collect(
    s: number,
    range: { readonly low: number; readonly high: number; readonly dead: number },
    into: EntryLog,
  ): void {
    const words = this.segments[s]!;
    const low = Math.max(range.low, range.dead, 1);
    for (let p = STAMP; p < words.length; p += SLOT_WORDS) {
      const stamp = words[p]! >>> 0;
      if (stamp >= low && stamp <= range.high) into.copy(words, p - STAMP);
    }
  }

  /** Slots of one segment, for budgets of scans. */
  slotsOf(s: number): number {
    return this.segments[s]!.length / SLOT_WORDS;
  }

  /** Looks at the next segment and gives back the memory of what is over there, when that is worth a copy. */
  sweep(dead: number): void {
    const s = this.sweepAt;
    this.sweepAt = (s + 1) % SEGMENTS;
    const used = this.used[s]!;
    if (used <= MIN_SLOTS) return;
    const live = this.countLive(s, dead);
    if (live < used * 0.75) this.rebuild(s, dead, live);
  }

  /** Subtracts `shift` from every stamp; entries below `dead` (before the shift) go. */
  shiftStamps(shift: number, dead: number): void {
    for (let s = 0; s < SEGMENTS; s++) {
      this.rebuild(s, dead);
      const words = this.segments[s]!;
      for (let p = STAMP; p < words.length; p += SLOT_WORDS) {
        const stamp = words[p]! >>> 0;
        if (stamp !== 0) words[p] = stamp - shift;
      }
    }
    this.lowest = 0;
  }

  private countLive(s: number, dead: number): number {
    if (dead <= this.lowest) return this.used[s]!;
    const words = this.segments[s]!;
    let live = 0;
    for (let p = STAMP; p < words.length; p += SLOT_WORDS) {
      const stamp = words[p]! >>> 0;
      if (stamp !== 0 && stamp >= dead) live++;
    }
    return live;
  }

  /** Copies what lives into a fresh array; `more`: with more room than that many entries ask for. */
  private rebuild(s: number, dead: number, live = this.countLive(s, dead), more = false): void {
    const from = this.segments[s]!;
    let homes = Math.max(homesFor(live), more ? Math.ceil(this.homes[s]! * 1.125) : 0);
    let to = new Int32Array((homes + spillOf(homes)) * SLOT_WORDS);
    while (!copyLive(from, to, homes, dead)) {
      homes = Math.ceil(homes * 1.125);
      to = new Int32Array((homes + spillOf(homes)) * SLOT_WORDS);
    }
    this.segments[s] = to;
    this.homes[s] = homes;
    this.used[s] = live;
    this.bytes += to.byteLength - from.byteLength;
  }
}

/** False when the spill is too short. */
function copyLive(from: Int32Array, to: Int32Array, homes: number, dead: number): boolean {
  const scale = homes / 4294967296;
  const end = to.length - SLOT_WORDS;
  let next = 0;
  for (let p = 0; p < from.length; p += SLOT_WORDS) {
    const stamp = from[p + STAMP]!;
    if (stamp === 0 || stamp >>> 0 < dead) continue;
    const h0 = from[p]!;
    const q = Math.max((((h0 + 2147483648) * scale) | 0) * SLOT_WORDS, next);
    if (q >= end) return false;
    to[q] = h0;
    to[q + 1] = from[p + 1]!;
    to[q + 2] = from[p + 2]!;
    to[q + STAMP] = stamp;
    to[q + 4] = from[p + 4]!;
    to[q + 5] = from[p + 5]!;
    next = q + SLOT_WORDS;
  }
  return true;
}

function homesFor(live: number): number {
  const load = live < SMALL_SEGMENT ? SMALL_LOAD : REBUILT_LOAD;
  return Math.max(MIN_SLOTS, Math.ceil(live / load) + 1);
}

function spillOf(homes: number): number {
  return SPILL_SLOTS + (homes >>> 8);
}
