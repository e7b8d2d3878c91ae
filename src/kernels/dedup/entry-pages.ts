import { SLOT_WORDS } from './entry.ts';

/** Entries of a page, as a power of two. A segment owns whole pages. */
const PAGE_BITS = 5;
export const PAGE_ENTRIES = 1 << PAGE_BITS;
const PAGE_WORDS = PAGE_ENTRIES * SLOT_WORDS;
/** Pages of one allocation, as a power of two: 384 KiB. */
const SLAB_BITS = 9;
const SLAB_PAGES = 1 << SLAB_BITS;
/** A slab is given back while this share of all pages is free. */
const TOO_FREE = 1 / 4;

/**
 * Entries of many growing lists without ever moving one: lists own pages of 32 entries, pages are cut from slabs, and a
 * page that is given back is used again first.
 *
 * The place of an entry is a slab and a word in it: `slab(list, i)` and `word(list, i)`. Cost: 4 bytes a page, half a
 * page a list, one slab.
 */
export class EntryPages {
  private readonly slabs: Int32Array[] = [];
  /** Page numbers: row `list`, `stride` long. */
  private table: Int32Array;
  private stride = 2;
  private readonly lists: number;
  private free: number[] = [];
  private pages = 0;

  constructor(lists: number) {
    this.lists = lists;
    this.table = new Int32Array(lists * this.stride);
  }

  get byteLength(): number {
    return (this.slabs.length << SLAB_BITS) * PAGE_WORDS * 4 + this.table.byteLength;
  }

  /** The words that hold entry `i` of a list. */
  slab(list: number, i: number): Int32Array {
    return this.slabs[this.table[list * this.stride + (i >>> PAGE_BITS)]! >>> SLAB_BITS]!;
  }

  /** Its first word there. */
  word(list: number, i: number): number {
    const page = this.table[list * this.stride + (i >>> PAGE_BITS)]! & (SLAB_PAGES - 1);
    return page * PAGE_WORDS + (i & (PAGE_ENTRIES - 1)) * SLOT_WORDS;
  }

  /** A list of `length` entries, a multiple of a page, gets room for one page more. */
  extend(list: number, length: number): void {
    const at = length >>> PAGE_BITS;
    if (at >= this.stride) this.widen(at + 1);
    this.table[list * this.stride + at] = this.free.pop() ?? this.fresh();
  }

  /** A list of `from` entries keeps the pages of its first `to`. */
  truncate(list: number, from: number, to: number): void {
    const first = Math.ceil(to / PAGE_ENTRIES);
    const end = Math.ceil(from / PAGE_ENTRIES);
    for (let at = first; at < end; at++) this.free.push(this.table[list * this.stride + at]!);
  }

  /** Gives one slab back when many pages are free: what it holds moves to free pages elsewhere. `lengths`: of every list. */
  shrink(lengths: Int32Array): void {
    const last = this.slabs.length - 1;
    if (last < 1 || this.free.length < 2 * SLAB_PAGES || this.free.length < this.pages * TOO_FREE) return;
    this.free = this.free.filter((page) => page >>> SLAB_BITS < last);
    const from = this.slabs[last]!;
    for (let list = 0; list < this.lists; list++) {
      const row = list * this.stride;
      const end = row + Math.ceil(lengths[list]! / PAGE_ENTRIES);
      for (let at = row; at < end; at++) {
        const page = this.table[at]!;
        if (page >>> SLAB_BITS !== last) continue;
        const to = this.free.pop()!; // two slabs of pages were free, one of them is not the last
        const start = (page & (SLAB_PAGES - 1)) * PAGE_WORDS;
        const words = from.subarray(start, start + PAGE_WORDS);
        this.slabs[to >>> SLAB_BITS]!.set(words, (to & (SLAB_PAGES - 1)) * PAGE_WORDS);
        this.table[at] = to;
      }
    }
    this.slabs.pop();
    this.pages = last << SLAB_BITS;
  }

  private fresh(): number {
    const page = this.pages++;
    if (page >>> SLAB_BITS === this.slabs.length) this.slabs.push(new Int32Array(PAGE_WORDS << SLAB_BITS));
    return page;
  }

  private widen(least: number): void {
    const stride = Math.max(least, Math.ceil(this.stride * 1.25));
    const table = new Int32Array(this.lists * stride);
    for (let list = 0; list < this.lists; list++)
      table.set(this.table.subarray(list * this.stride, (list + 1) * this.stride), list * stride);
    this.table = table;
    this.stride = stride;
  }
}
