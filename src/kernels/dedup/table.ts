import { OperatorError } from '../../core/errors.ts';
import type { Entry, EntryLog } from './entry.ts';
import { SLOT_WORDS, STAMP } from './entry.ts';
import { EntryPages, PAGE_ENTRIES } from './entry-pages.ts';

/** Hash bits choose one of these segments; each grows alone, so that no growth touches more than a thousandth of the keys. */
export const SEGMENTS = 1024;

const SEGMENT_SHIFT = 22; // the top 10 bits of h1
/** An index slot: 12 bits of h2, then the number of the entry in its segment plus one; 0 is empty. */
const TAG_SHIFT = 20;
const NUMBER_MASK = (1 << TAG_SHIFT) - 1;
const MAX_LOAD = 0.85;
/** Slots of an index that is full, times this. Segments start at sizes spread over one such step, so they grow in turn. */
const GROWTH = 1.5;
const MIN_SLOTS = 8;
/** Chance fills some segments more than others: at 10 million keys four standard deviations are 4 %. */
const UNEVEN = 1.04;
/** A segment with a smaller share of living entries is compacted. */
const WORTH_KEEPING = 0.75;

/**
 * Exact set of 96-bit hashes with a 32-bit stamp and 8 bytes of payload each.
 *
 * Layout: SEGMENTS lists of entries of SLOT_WORDS words in order of arrival (EntryPages, never moved by growth), each
 * with an index of 4 bytes a slot in linear probing from floor((h0 + 2³¹) · slots / 2³²). 12 hash bits in the slot keep
 * other keys' entries from being read. An entry whose stamp is below `dead` is over: it stays in its place until its
 * segment is compacted, so no chain can break.
 *
 * `probe` remembers where it ended; `insert`, `refresh` and `read` act on that place and must follow it at once.
 * `dead` must never fall.
 *
 * Cost: a cache line of the index a probe, one more for a key that is there; about 31 bytes a key; growth writes the
 * index of one segment anew. Errors: OperatorError above 2²⁰ - 1 entries a segment, a billion keys in all.
 *
 * Source: Knuth, The Art of Computer Programming 3, 6.4 (linear probing); Lemire, "Fast random integer generation in an
 * interval" 2019.
 */
export class HashTable {
  private readonly indexes: Int32Array[] = [];
  private readonly pages = new EntryPages(SEGMENTS);
  /** Entries of each segment, those that are over included. */
  private readonly used = new Int32Array(SEGMENTS);
  private indexBytes = 0;
  private sweepAt = 0;
  /** No stamp is below this: while `dead` is not above it everything lives and nothing need be counted. */
  private lowest = 0xffffffff;
  /** Where the last probe ended: its segment and index slot, and the entry when there was one. */
  private segment = 0;
  private slot = 0;
  private words: Int32Array = new Int32Array(0);
  private at = 0;
  /** h0 and h2 of each entry of the segment whose index is written. */
  private scratch = new Int32Array(0);

  /** `expectedKeys`: pre-sizes every index, 0 for none. */
  constructor(expectedKeys = 0) {
    const expected = Math.ceil((expectedKeys / SEGMENTS / MAX_LOAD) * UNEVEN);
    for (let s = 0; s < SEGMENTS; s++) {
      const slots = Math.max(expected, Math.ceil(MIN_SLOTS * GROWTH ** (s / SEGMENTS)));
      this.indexes.push(new Int32Array(slots));
      this.indexBytes += slots * 4;
    }
  }

  get byteLength(): number {
    return this.indexBytes + this.pages.byteLength;
  }

  /** Reads the homes of `count` keys (three lanes each), so that their cache misses overlap before they are probed one by one. */
  touch(lanes: Int32Array, count: number): number {
    let sum = 0;
    for (let i = 0; i < 3 * count; i += 3) {
      const index = this.indexes[lanes[i + 1]! >>> SEGMENT_SHIFT]!;
      sum ^= index[home(lanes[i]!, index.length)]!;
    }
    return sum;
  }

  /** True when the key is here and its stamp is not below `dead`. */
  probe(h0: number, h1: number, h2: number, dead: number): boolean {
    const s = h1 >>> SEGMENT_SHIFT;
    const index = this.indexes[s]!;
    const slots = index.length;
    let p = home(h0, slots);
    for (let slot = index[p]!; slot !== 0; slot = index[p]!) {
      if ((slot ^ h2) >>> TAG_SHIFT === 0) {
        const i = (slot & NUMBER_MASK) - 1;
        const words = this.pages.slab(s, i);
        const at = this.pages.word(s, i);
        if (words[at] === h0 && words[at + 1] === h1 && words[at + 2] === h2 && words[at + STAMP]! >>> 0 >= dead) {
          this.words = words;
          this.at = at;
          return true;
        }
      }
      if (++p === slots) p = 0;
    }
    this.segment = s;
    this.slot = p;
    return false;
  }

  /** After a probe that answered false. `stamp` is at least 1. */
  insert(entry: Entry, dead: number): void {
    const s = this.segment;
    const i = this.used[s]!;
    if (i >= NUMBER_MASK) throw new OperatorError('a segment of the key table is full', { code: 'too-many-keys' });
    if (entry.stamp < this.lowest) this.lowest = entry.stamp;
    if (i % PAGE_ENTRIES === 0) this.pages.extend(s, i);
    const words = this.pages.slab(s, i);
    const at = this.pages.word(s, i);
    words[at] = entry.h0;
    words[at + 1] = entry.h1;
    words[at + 2] = entry.h2;
    words[at + STAMP] = entry.stamp;
    words[at + 4] = entry.low;
    words[at + 5] = entry.high;
    const index = this.indexes[s]!;
    index[this.slot] = indexSlot(entry.h2, i);
    this.used[s] = i + 1;
    if (i + 1 > index.length * MAX_LOAD) this.makeRoom(s, dead);
  }

  /** After a probe that answered true: the entry found, into `entry`. */
  read(entry: Entry): void {
    const { words, at } = this;
    entry.h0 = words[at]!;
    entry.h1 = words[at + 1]!;
    entry.h2 = words[at + 2]!;
    entry.stamp = words[at + STAMP]! >>> 0;
    entry.low = words[at + 4]!;
    entry.high = words[at + 5]!;
  }

  /** After a probe that answered true. */
  refresh(stamp: number): void {
    this.words[this.at + STAMP] = stamp;
  }

  /** Adds what a checkpoint kept; of two versions of a key the one with the larger stamp stays. */
  restore(entry: Entry, dead: number): void {
    if (entry.stamp < dead) return;
    if (!this.probe(entry.h0, entry.h1, entry.h2, dead)) {
      this.insert(entry, dead);
      return;
    }
    const { words, at } = this;
    if (words[at + STAMP]! >>> 0 >= entry.stamp) return;
    words[at + STAMP] = entry.stamp;
    words[at + 4] = entry.low;
    words[at + 5] = entry.high;
  }

  /** Copies the live entries of segment `s` with `low <= stamp <= high` to the end of `into`. */
  collect(
    s: number,
    range: { readonly low: number; readonly high: number; readonly dead: number },
    into: EntryLog,
  ): void {
    const low = Math.max(range.low, range.dead, 1);
    this.eachPage(s, (words, from, end) => {
      for (let at = from; at < end; at += SLOT_WORDS) {
        const stamp = words[at + STAMP]! >>> 0;
        if (stamp >= low && stamp <= range.high) into.copy(words, at);
      }
    });
  }

  /** Entries of one segment, for budgets of scans. */
  entriesOf(s: number): number {
    return this.used[s]!;
  }

  /** Looks at the next segment and gives back the memory of what is over there, when that is worth a copy. */
  sweep(dead: number): void {
    this.pages.shrink(this.used);
    const s = this.sweepAt;
    this.sweepAt = (s + 1) % SEGMENTS;
    const used = this.used[s]!;
    if (used <= MIN_SLOTS || this.countLive(s, dead) >= used * WORTH_KEEPING) return;
    this.compact(s, dead);
    this.reindex(s, slotsFor(this.used[s]!));
  }

  /** Subtracts `shift` from every stamp; entries below `dead` (before the shift) go. */
  shiftStamps(shift: number, dead: number): void {
    for (let s = 0; s < SEGMENTS; s++) {
      this.compact(s, dead);
      this.reindex(s, this.indexes[s]!.length);
      this.eachPage(s, (words, from, end) => {
        for (let at = from + STAMP; at < end; at += SLOT_WORDS) words[at] = (words[at]! >>> 0) - shift;
      });
    }
    this.lowest = 0;
  }

  private countLive(s: number, dead: number): number {
    if (dead <= this.lowest) return this.used[s]!;
    let live = 0;
    this.eachPage(s, (words, from, end) => {
      for (let at = from + STAMP; at < end; at += SLOT_WORDS) if (words[at]! >>> 0 >= dead) live++;
    });
    return live;
  }

  /** The entries of a segment, in order of arrival: words `from` to `end` of a slab at a time. */
  private eachPage(s: number, take: (words: Int32Array, from: number, end: number) => void): void {
    const used = this.used[s]!;
    for (let i = 0; i < used; i += PAGE_ENTRIES) {
      const from = this.pages.word(s, i);
      take(this.pages.slab(s, i), from, from + Math.min(PAGE_ENTRIES, used - i) * SLOT_WORDS);
    }
  }

  private makeRoom(s: number, dead: number): void {
    const used = this.used[s]!;
    if (this.countLive(s, dead) < used * WORTH_KEEPING) {
      this.compact(s, dead);
      this.reindex(s, this.indexes[s]!.length);
    } else this.reindex(s, Math.ceil(this.indexes[s]!.length * GROWTH));
  }

  /** Moves what lives to the front, in order; the index must be written anew after it. */
  private compact(s: number, dead: number): void {
    const used = this.used[s]!;
    let live = 0;
    for (let i = 0; i < used; i++) {
      const from = this.pages.slab(s, i);
      const at = this.pages.word(s, i);
      if (from[at + STAMP]! >>> 0 < dead) continue;
      if (i > live) {
        const to = this.pages.slab(s, live);
        const place = this.pages.word(s, live);
        for (let k = 0; k < SLOT_WORDS; k++) to[place + k] = from[at + k]!;
      }
      live++;
    }
    this.pages.truncate(s, used, live);
    this.used[s] = live;
  }

  /** Two passes: the first, without branches, lets the cache misses of the entries overlap. */
  private reindex(s: number, slots: number): void {
    const used = this.used[s]!;
    if (this.scratch.length < 2 * used) this.scratch = new Int32Array(3 * used);
    const { scratch } = this;
    let n = 0;
    this.eachPage(s, (words, from, end) => {
      for (let at = from; at < end; at += SLOT_WORDS) {
        scratch[n++] = words[at]!;
        scratch[n++] = words[at + 2]!;
      }
    });
    const index = new Int32Array(slots);
    for (let i = 0; i < n; i += 2) {
      let p = home(scratch[i]!, slots);
      while (index[p] !== 0) if (++p === slots) p = 0;
      index[p] = indexSlot(scratch[i + 1]!, i >>> 1);
    }
    this.indexBytes += (slots - this.indexes[s]!.length) * 4;
    this.indexes[s] = index;
  }
}

function home(h0: number, slots: number): number {
  return ((h0 + 2147483648) * (slots / 4294967296)) | 0;
}

/** What the index holds for entry `i` of a segment. */
function indexSlot(h2: number, i: number): number {
  return (h2 & ~NUMBER_MASK) | (i + 1);
}

function slotsFor(entries: number): number {
  return Math.max(MIN_SLOTS, Math.ceil((entries / MAX_LOAD) * GROWTH ** 0.5));
}
