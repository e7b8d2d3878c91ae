/** 32-bit words of a slot: h0, h1, h2, stamp, and two of the winner's origin. 24 bytes. */
export const SLOT_WORDS = 6;
/** Place of the stamp in a slot. */
export const STAMP = 3;

/** One entry as words; `low` and `high` are the winner's origin (see OriginTable). */
export interface Entry {
  h0: number;
  h1: number;
  h2: number;
  stamp: number;
  low: number;
  high: number;
}

/** Arrays outgrown are garbage outside the heap, of which 64 MiB make V8 collect all of it: few of them. */
const GROWTH = 3 / 2;
/** A log keeps up to 16 MiB of its memory for the next checkpoint. */
const KEPT_WORDS = 1 << 22;

/** Entries one after another in a growing array of words. */
export class EntryLog {
  words: Int32Array;
  length = 0;

  /** `expected`: entries there is room for at once. */
  constructor(expected = 64) {
    this.words = new Int32Array(expected * SLOT_WORDS);
  }

  get entries(): number {
    return this.length / SLOT_WORDS;
  }

  push(entry: Entry): void {
    const at = this.reserve();
    const words = this.words;
    words[at] = entry.h0;
    words[at + 1] = entry.h1;
    words[at + 2] = entry.h2;
    words[at + STAMP] = entry.stamp;
    words[at + 4] = entry.low;
    words[at + 5] = entry.high;
  }

  /** `from[at]`: the word after h0. */
  copy(h0: number, from: Int32Array, at: number): void {
    const to = this.reserve();
    const words = this.words;
    words[to] = h0;
    for (let i = 1; i < SLOT_WORDS; i++) words[to + i] = from[at + i - 1]!;
  }

  clear(): void {
    if (this.words.length > KEPT_WORDS) this.words = new Int32Array(64 * SLOT_WORDS);
    this.length = 0;
  }

  private reserve(): number {
    const at = this.length;
    this.length = at + SLOT_WORDS;
    if (this.length > this.words.length) {
      const grown = new Int32Array(Math.ceil((this.length * GROWTH) / SLOT_WORDS) * SLOT_WORDS);
      grown.set(this.words);
      this.words = grown;
    }
    return at;
  }
}
