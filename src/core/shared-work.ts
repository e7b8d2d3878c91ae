import type { DataRecord } from './record.ts';

/** Pure work on a value of a record that several steps may ask for. Two requests with one key give the same result on every record. */
export interface WorkRequest {
  readonly key: string;
  /** For people: `cel record.a > 1`. */
  readonly what: string;
  /** Fields it looks at: a step that writes one of them ends the sharing. */
  readonly reads: readonly string[];
}

/** Work of one record, given its value. Pure: nothing but the value decides. */
export type Work<T> = (data: unknown, record: DataRecord) => T;

/** Results kept a request: four frames. A power of two. */
const CAPACITY = 1024;
const MASK = CAPACITY - 1;
const LEAST_LOOK = 8;
const MOST_LOOK = 512;

/**
 * Work asked for by several steps of a stage is done once for each value that no step in between has changed.
 *
 * Idea: steps see the records of a frame one step after another in the same order, so that results stand in a ring and each
 * step reads on from where it is; the value's identity says whether it is the same (values of sealed records do not change).
 * Cost: about 5 ns a hit; a miss looks at 8 to 512 places, fewer the more often it misses. Memory: 1024 values a request.
 */
export class SharedWork {
  private readonly keys: ReadonlySet<string>;
  private readonly rings = new Map<string, Ring<unknown>>();

  /** `keys`: what more than one step asks for (see sharedRequests). */
  constructor(keys: ReadonlySet<string>) {
    this.keys = keys;
  }

  /** The same work, done once; undefined when nobody else asks for it. Each asking step calls this itself. */
  once<T>(key: string, work: Work<T>): Work<T> | undefined {
    if (!this.keys.has(key)) return undefined;
    let ring = this.rings.get(key) as Ring<T> | undefined; // one key, one kind of work
    if (ring === undefined) {
      ring = new Ring<T>();
      this.rings.set(key, ring);
    }
    const reader = new Reader(ring);
    return (data, record) => reader.read(data, record, work);
  }
}

class Ring<T> {
  readonly values: unknown[] = new Array(CAPACITY).fill(undefined);
  readonly results: (T | undefined)[] = new Array(CAPACITY).fill(undefined);
  written = 0;
}

class Reader<T> {
  private readonly ring: Ring<T>;
  private at = 0;
  private look = MOST_LOOK;

  constructor(ring: Ring<T>) {
    this.ring = ring;
  }

  read(data: unknown, record: DataRecord, work: Work<T>): T {
    const { ring } = this;
    if (data === null || typeof data !== 'object') return work(data, record);
    if (this.at < ring.written - CAPACITY) this.at = ring.written - CAPACITY;
    const end = Math.min(ring.written, this.at + this.look);
    for (let i = this.at; i < end; i++) {
      if (ring.values[i & MASK] !== data) continue;
      this.look = Math.max(this.look, Math.min(MOST_LOOK, 4 * (i - this.at) + LEAST_LOOK));
      this.at = i + 1;
      return ring.results[i & MASK] as T; // written with the value
    }
    const isAtEnd = this.at === ring.written;
    if (!isAtEnd) this.look = Math.max(LEAST_LOOK, this.look >> 1);
    const result = work(data, record);
    ring.values[ring.written & MASK] = data;
    ring.results[ring.written & MASK] = result;
    ring.written++;
    if (isAtEnd) this.at = ring.written;
    return result;
  }
}
