import { enlarged } from './growing.ts';
import { KeyTable, NONE } from './key-table.ts';
import { NumberLists } from './number-lists.ts';

/** What a block holds. */
export interface Blocked {
  readonly seq: number;
  /** Where the index keeps it; its own business. */
  place: number;
}

/** Entries looked at in one search, over all blocks: what keeps the cost of a record the same however many are held. */
const LOOKS = 2400;
/** Candidates that are verified. */
const VERIFIED = 40;
const FIRST_PLACES = 1024;
/** Weight of an entry that was met and cannot be a partner: stays what it is whatever is added. */
const REFUSED = Number.NEGATIVE_INFINITY;

/** A block that was found: a list, or the place of its only entry. */
interface Found {
  readonly block: number;
  readonly length: number;
}

/**
 * Candidates by shared keys: words of records, bands of signatures.
 *
 * Idea: rare keys first, since they tell most; of the entries met those that share most weight are verified. A block
 * keeps the newest `cap` entries.
 * Layout: entries have places; a block is the place of its only entry, as most bands of texts are met once, or ~handle
 * of a list of places, the newest last.
 * Cost: at most LOOKS entries a search, VERIFIED of which are handed on; no object of the heap is looked at for them.
 */
export class BlockIndex<E extends Blocked> {
  /** Entries that left a full block. */
  overflowed = 0;
  /** Candidates that were not compared: beyond LOOKS or VERIFIED. */
  uncompared = 0;
  private readonly cap: number;
  private readonly blocks = new KeyTable();
  private readonly lists = new NumberLists();
  private readonly entries: (E | undefined)[] = [];
  private readonly free: number[] = [];
  /** By place: weight of the blocks shared with the record a search is for, 0 between searches; `seq`. */
  private shared = new Float64Array(FIRST_PLACES);
  private seqs = new Float64Array(FIRST_PLACES);
  private touched = new Int32Array(LOOKS);
  private readonly best = new Int32Array(VERIFIED);
  private readonly weights = new Float64Array(VERIFIED);

  constructor(cap: number) {
    this.cap = cap;
  }

  sizeOf(key: number): number {
    const block = this.blocks.get(key);
    return block === NONE ? 0 : block >= 0 ? 1 : this.lists.lengthOf(~block);
  }

  at(place: number): E {
    return this.entries[place]!;
  }

  add(entry: E, keys: Int32Array): void {
    this.settle(entry);
    for (let i = 0; i < keys.length; i++) this.join(keys[i]!, entry.place);
  }

  /** `keys`: those it was added with. */
  remove(entry: E, keys: Int32Array): void {
    const { blocks, lists } = this;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const block = blocks.get(key);
      if (block === entry.place) blocks.delete(key);
      else if (block < 0 && block !== NONE && lists.remove(~block, entry.place) === 0) {
        lists.free(~block);
        blocks.delete(key);
      }
    }
    this.entries[entry.place] = undefined;
    this.free.push(entry.place);
  }

  /** Where the best candidates are, those first, ties by age. `accept` leaves out entries that cannot be partners. */
  search(keys: Int32Array, accept?: (entry: E) => boolean): Int32Array {
    let [looks, met] = [0, 0];
    for (const found of this.found(keys)) {
      if (looks > 0 && looks + found.length > LOOKS) {
        this.uncompared += found.length;
        continue;
      }
      looks += found.length;
      met = this.look(found, met, accept);
    }
    return this.choose(met);
  }

  /** Blocks of the keys, the smallest first. */
  private found(keys: Int32Array): Found[] {
    const found: Found[] = [];
    for (let i = 0; i < keys.length; i++) {
      const block = this.blocks.get(keys[i]!);
      if (block !== NONE) found.push({ block, length: block >= 0 ? 1 : this.lists.lengthOf(~block) });
    }
    return found.sort((a, b) => a.length - b.length);
  }

  /** Adds what sharing this block tells, more the fewer are in it. Gives how many entries were met so far. */
  private look({ block, length }: Found, before: number, accept: ((entry: E) => boolean) | undefined): number {
    const { shared, entries } = this;
    const held = entries.length - this.free.length;
    const weight = Math.log((held + 2) / (length + 1));
    const places = block >= 0 ? Int32Array.of(block) : this.lists.memoryOf(~block);
    const start = block >= 0 ? 0 : this.lists.startOf(~block);
    let met = before;
    if (met + length > this.touched.length) this.touched = enlarged(this.touched, met + length);
    const { touched } = this;
    for (let i = start; i < start + length; i++) {
      const place = places[i]!;
      if (shared[place] === 0) {
        touched[met++] = place;
        if (accept !== undefined && !accept(entries[place]!)) shared[place] = REFUSED;
      }
      shared[place]! += weight;
    }
    return met;
  }

  /** Of the first `met` that were touched, those with most weight; all weights are 0 again. */
  private choose(met: number): Int32Array {
    const { shared, touched, best, weights, seqs } = this;
    let [chosen, accepted] = [0, 0];
    let least = 0;
    for (let i = 0; i < met; i++) {
      const place = touched[i]!;
      const weight = shared[place]!;
      shared[place] = 0;
      if (weight === REFUSED) continue;
      accepted++;
      if (weight < least) continue;
      const isFull = chosen === VERIFIED;
      if (isFull && weight === least && seqs[place]! > seqs[best[chosen - 1]!]!) continue;
      let at = isFull ? chosen - 1 : chosen++;
      for (; at > 0; at--) {
        const other = best[at - 1]!;
        if (weights[at - 1]! > weight || (weights[at - 1] === weight && seqs[other]! < seqs[place]!)) break;
        best[at] = other;
        weights[at] = weights[at - 1]!;
      }
      best[at] = place;
      weights[at] = weight;
      if (chosen === VERIFIED) least = weights[chosen - 1]!;
    }
    this.uncompared += accepted - chosen;
    return best.subarray(0, chosen);
  }

  /** Gives the entry a place. */
  private settle(entry: E): void {
    const place = this.free.pop() ?? this.entries.length;
    if (place === this.shared.length) {
      this.shared = enlarged(this.shared, 2 * place);
      this.seqs = enlarged(this.seqs, 2 * place);
    }
    this.entries[place] = entry;
    this.seqs[place] = entry.seq;
    entry.place = place;
  }

  private join(key: number, place: number): void {
    const { blocks, lists, cap } = this;
    const block = blocks.get(key);
    if (block === NONE) blocks.set(key, place);
    else if (block >= 0) {
      if (cap === 1) this.overflowed++;
      blocks.set(key, cap === 1 ? place : ~lists.pair(block, place));
    } else {
      const handle = ~block;
      if (lists.lengthOf(handle) === cap) {
        lists.remove(handle, lists.memoryOf(handle)[lists.startOf(handle)]!);
        this.overflowed++;
      }
      const moved = lists.push(handle, place);
      if (moved !== handle) blocks.set(key, ~moved);
    }
  }
}
