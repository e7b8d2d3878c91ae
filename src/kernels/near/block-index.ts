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
  /** Candidates that were not compared: beyond LOOKS or VERIFIED. */
  uncompared = 0;
  private readonly cap: number;
  /** A block of one is the entry itself: most bands of texts are met once. */
  private readonly blocks = new Map<number, E | E[]>();

  constructor(cap: number) {
    this.cap = cap;
  }

  sizeOf(key: number): number {
    const block = this.blocks.get(key);
    return block === undefined ? 0 : Array.isArray(block) ? block.length : 1;
  }

  add(entry: E): void {
    for (let i = 0; i < entry.keys.length; i++) {
      const key = entry.keys[i]!;
      const block = this.blocks.get(key);
      if (block === undefined || this.cap === 1) {
        if (block !== undefined) this.overflowed++;
        this.blocks.set(key, entry);
      } else if (!Array.isArray(block)) this.blocks.set(key, [block, entry]);
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
      if (block === entry) this.blocks.delete(key);
      else if (Array.isArray(block) && removeFrom(block, entry) === 0) this.blocks.delete(key);
    }
  }

  /** Best candidates first; ties by age. `accept` leaves out entries that cannot be partners. */
  search(keys: Int32Array, weightOf: (key: number) => number, accept: (entry: E) => boolean): E[] {
    const found: { readonly block: readonly E[]; readonly weight: number }[] = [];
    for (let i = 0; i < keys.length; i++) {
      const block = this.blocks.get(keys[i]!);
      if (block === undefined) continue;
      found.push({ block: Array.isArray(block) ? block : [block], weight: weightOf(keys[i]!) });
    }
    found.sort((a, b) => a.block.length - b.block.length);
    const touched: E[] = [];
    let looks = 0;
    for (const { block, weight } of found) {
      if (looks > 0 && looks + block.length > LOOKS) {
        this.uncompared += block.length;
        continue;
      }
      looks += block.length;
      for (const entry of block) {
        if (!accept(entry)) continue;
        if (entry.shared === 0) touched.push(entry);
        entry.shared += weight;
      }
    }
    touched.sort((a, b) => b.shared - a.shared || a.seq - b.seq);
    for (const entry of touched) entry.shared = 0;
    this.uncompared += Math.max(0, touched.length - VERIFIED);
    return touched.length > VERIFIED ? touched.slice(0, VERIFIED) : touched;
  }
}

/** What leaves is mostly the oldest, which stands first. Gives how many are left. */
function removeFrom<E>(block: E[], entry: E): number {
  const at = block.indexOf(entry);
  if (at === 0) block.shift();
  else if (at > 0) block.splice(at, 1);
  return block.length;
}
