/** What a block holds: its place in a search is kept on it. */
export interface Blocked {
  readonly seq: number;
  readonly keys: Int32Array;
  /** Weight of the blocks shared with the record a search is for. */
  shared: number;
}

/** Entries looked at in one search, over all blocks: what keeps the cost of a record the same however many are held. */
const LOOKS = 2400;
/** Candidates that are verified. */
const VERIFIED = 40;

/**
 * Candidates by shared keys: words of records, bands of signatures.
 *
 * Idea: rare keys first, since they tell most; of the entries met those that share most weight are verified. A block
 * keeps the newest `cap` entries.
 * Cost: at most LOOKS entries a search, VERIFIED of which are handed on.
 */
export class BlockIndex<E extends Blocked> {
  /** Entries that left a full block. */
  overflowed = 0;
  private readonly cap: number;
  private readonly blocks = new Map<number, E[]>();

  constructor(cap: number) {
    this.cap = cap;
  }

  sizeOf(key: number): number {
    return this.blocks.get(key)?.length ?? 0;
  }

  add(entry: E): void {
    for (let i = 0; i < entry.keys.length; i++) {
      const key = entry.keys[i]!;
      const block = this.blocks.get(key);
      if (block === undefined) this.blocks.set(key, [entry]);
      else {
        if (block.length === this.cap) {
          block.shift();
          this.overflowed++;
        }
        block.push(entry);
      }
    }
  }

  remove(entry: E): void {
    for (let i = 0; i < entry.keys.length; i++) {
      const key = entry.keys[i]!;
      const block = this.blocks.get(key);
      const at = block?.indexOf(entry) ?? -1;
      if (block === undefined || at < 0) continue;
      if (block.length === 1) this.blocks.delete(key);
      else block.splice(at, 1);
    }
  }

  /** Best candidates first; ties by age. `accept` leaves out entries that cannot be partners. */
  search(keys: Int32Array, weightOf: (key: number) => number, accept: (entry: E) => boolean): E[] {
    const found: E[][] = [];
    const weights = new Map<E[], number>();
    for (let i = 0; i < keys.length; i++) {
      const block = this.blocks.get(keys[i]!);
      if (block === undefined) continue;
      found.push(block);
      weights.set(block, weightOf(keys[i]!));
    }
    found.sort((a, b) => a.length - b.length);
    const touched: E[] = [];
    let looks = 0;
    for (const block of found) {
      if (looks > 0 && looks + block.length > LOOKS) break;
      looks += block.length;
      const weight = weights.get(block)!;
      for (const entry of block) {
        if (!accept(entry)) continue;
        if (entry.shared === 0) touched.push(entry);
        entry.shared += weight;
      }
    }
    touched.sort((a, b) => b.shared - a.shared || a.seq - b.seq);
    for (const entry of touched) entry.shared = 0;
    return touched.length > VERIFIED ? touched.slice(0, VERIFIED) : touched;
  }
}
