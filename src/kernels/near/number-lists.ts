import { enlarged } from './growing.ts';

const CLASSES = 32;
const FIRST_LISTS = 16;
/** Of one class: a handle has 31 bits. */
const MAX_LISTS = 2 ** 31 / CLASSES;

/** Lists of one class: as many words each. */
interface Pool {
  readonly words: number;
  memory: Int32Array;
  /** Lists ever made, and the first of those that are free again, or -1. */
  made: number;
  free: number;
}

/**
 * Many short lists of 32-bit numbers in a few arrays, each known by a handle, 0 or more.
 *
 * Layout: a list of class c has room for 2 << c numbers and lies in the array of its class: length | numbers; where it
 * is free, the length names the next free one. handle = place in the array of the class · 32 + class.
 * Cost: a list that is full moves to the next class; 4 bytes a number, twice that at worst. Bound: 67 M lists of a
 * class; beyond, a RangeError.
 */
export class NumberLists {
  private readonly pools: Pool[] = [];

  /** A list of two. */
  pair(first: number, second: number): number {
    const handle = this.claim(0);
    const { memory } = this.pools[0]!;
    const at = this.startOf(handle);
    memory[at - 1] = 2;
    memory[at] = first;
    memory[at + 1] = second;
    return handle;
  }

  lengthOf(handle: number): number {
    return this.memoryOf(handle)[this.startOf(handle) - 1]!;
  }

  /** The array the list lies in, until the next change. */
  memoryOf(handle: number): Int32Array {
    return this.pools[handle % CLASSES]!.memory;
  }

  /** Where in `memoryOf` its first number is. */
  startOf(handle: number): number {
    return Math.floor(handle / CLASSES) * this.pools[handle % CLASSES]!.words + 1;
  }

  /** Gives the handle from now on. */
  push(handle: number, value: number): number {
    const length = this.lengthOf(handle);
    const isFull = length === this.pools[handle % CLASSES]!.words - 1;
    const to = isFull ? this.move(handle, length) : handle;
    const [memory, at] = [this.memoryOf(to), this.startOf(to)];
    memory[at + length] = value;
    memory[at - 1] = length + 1;
    return to;
  }

  /** Takes out the first of that value; gives how many are left. Only lists of none may be freed. */
  remove(handle: number, value: number): number {
    const [memory, at] = [this.memoryOf(handle), this.startOf(handle)];
    const end = at + memory[at - 1]!;
    let place = at;
    while (place < end && memory[place] !== value) place++;
    if (place < end) {
      memory.copyWithin(place, place + 1, end);
      memory[at - 1]!--;
    }
    return memory[at - 1]!;
  }

  free(handle: number): void {
    const pool = this.pools[handle % CLASSES]!;
    pool.memory[this.startOf(handle) - 1] = pool.free;
    pool.free = Math.floor(handle / CLASSES);
  }

  private move(handle: number, length: number): number {
    const to = this.claim((handle % CLASSES) + 1);
    const [from, at] = [this.memoryOf(handle), this.startOf(handle)];
    this.memoryOf(to).set(from.subarray(at, at + length), this.startOf(to));
    this.free(handle);
    return to;
  }

  private claim(kind: number): number {
    this.pools[kind] ??= { words: (2 << kind) + 1, memory: new Int32Array(0), made: 0, free: -1 };
    const pool = this.pools[kind]!;
    const reused = pool.free;
    if (reused >= 0) {
      pool.free = pool.memory[reused * pool.words]!;
      return reused * CLASSES + kind;
    }
    if (pool.made === MAX_LISTS)
      throw new RangeError(`more than ${MAX_LISTS} blocks of up to ${pool.words - 1} entries`);
    if ((pool.made + 1) * pool.words > pool.memory.length)
      pool.memory = enlarged(pool.memory, Math.max(FIRST_LISTS, 2 * pool.made) * pool.words);
    return pool.made++ * CLASSES + kind;
  }
}
