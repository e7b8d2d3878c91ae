import { KeyTable, NONE } from './key-table.ts';
import { NumberLists } from './number-lists.ts';
import { Tally } from './tally.ts';

/** What a block holds. */
export interface Blocked {
  /** Where the index keeps it; its own business. */
  place: number;
}

/** Entries looked at in one search, over all blocks: what keeps the cost of a record the same however many are held. */
const LOOKS = 800;
/** Candidates that are verified. */
const VERIFIED = 40;
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
  /** Weight of the blocks shared with the record a search is for. */
  private readonly shared: Tally;
  private readonly best = new Int32Array(VERIFIED);
  private readonly weights = new Float64Array(VERIFIED);

  constructor(cap: number) {
    this.cap = cap;
    this.shared = new Tally(Math.max(LOOKS, cap));
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

  /**
   * Where the best candidates are, those first, of equals the one from the smaller block, then the older one. `accept`
   * leaves out entries that cannot be partners.
   */
  search(keys: Int32Array, accept?: (entry: E) => boolean): Int32Array {
    let looks = 0;
    for (const found of this.found(keys)) {
      if (looks > 0 && looks + found.length > LOOKS) {
        this.uncompared += found.length;
        continue;
      }
      looks += found.length;
      this.look(found, accept);
    }
    return this.choose();
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

  /** Adds what sharing this block tells, more the fewer are in it. */
  private look({ block, length }: Found, accept: ((entry: E) => boolean) | undefined): void {
    const { shared, entries } = this;
    const held = entries.length - this.free.length;
    const weight = Math.log((held + 2) / (length + 1));
    const places = block >= 0 ? Int32Array.of(block) : this.lists.memoryOf(~block);
    const start = block >= 0 ? 0 : this.lists.startOf(~block);
    const { weights } = shared;
    for (let i = start; i < start + length; i++) {
      const place = places[i]!;
      const slot = shared.slotOf(place);
      if (weights[slot] === 0 && accept !== undefined && !accept(entries[place]!)) weights[slot] = REFUSED;
      weights[slot]! += weight;
    }
  }

  /** Of those that were met, those with most weight; none is met any more. */
  private choose(): Int32Array {
    const { shared, best, weights } = this;
    let [chosen, accepted] = [0, 0];
    let least = REFUSED;
    for (let i = 0; i < shared.count; i++) {
      const slot = shared.met(i);
      const weight = shared.weights[slot]!;
      if (weight !== REFUSED) accepted++;
      if (weight <= least) continue;
      let at = chosen === VERIFIED ? chosen - 1 : chosen++;
      for (; at > 0 && weights[at - 1]! < weight; at--) {
        best[at] = best[at - 1]!;
        weights[at] = weights[at - 1]!;
      }
      best[at] = shared.placeIn(slot);
      weights[at] = weight;
      if (chosen === VERIFIED) least = weights[chosen - 1]!;
    }
    shared.clear();
    this.uncompared += accepted - chosen;
    return best.subarray(0, chosen);
  }

  /** Gives the entry a place. */
  private settle(entry: E): void {
    const place = this.free.pop() ?? this.entries.length;
    this.entries[place] = entry;
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
