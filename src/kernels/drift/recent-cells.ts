import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { Place } from './place.ts';
import { RECENT } from './recent-scores.ts';

/** The last 512 categories as cells of the reference, each with where it came: 13 KB. */
export class RecentCells {
  private readonly cells = new Uint8Array(RECENT);
  private readonly offsets = new Float64Array(RECENT);
  private readonly indexes = new Float64Array(RECENT);
  private readonly times = new Float64Array(RECENT);
  private count = 0;

  push(cell: number, place: Place): void {
    const at = this.count++ % RECENT;
    this.cells[at] = cell;
    this.offsets[at] = place.offset;
    this.indexes[at] = place.index;
    this.times[at] = place.time;
  }

  clear(): void {
    this.count = 0;
  }

  get size(): number {
    return Math.min(this.count, RECENT);
  }

  get byteLength(): number {
    return this.cells.byteLength + 3 * this.offsets.byteLength;
  }

  counts(cells: number, m: number): Float64Array {
    const counts = new Float64Array(cells);
    for (let i = Math.max(this.count - m, this.count - this.size); i < this.count; i++)
      counts[this.cells[i % RECENT]!]!++;
    return counts;
  }

  /** The most likely first record of the change from shares p to shares q, and how many records ago that is. */
  changePoint(p: Float64Array, q: Float64Array): { offset: number; index: number; time: number; length: number } {
    let sum = 0;
    let best = Number.NEGATIVE_INFINITY;
    let from = this.count - 1;
    for (let i = this.count - 1; i >= this.count - this.size; i--) {
      const cell = this.cells[i % RECENT]!;
      sum += Math.log(q[cell]! / p[cell]!);
      if (sum > best) {
        best = sum;
        from = i;
      }
    }
    const at = ((from % RECENT) + RECENT) % RECENT;
    const length = this.count - from;
    return { offset: this.offsets[at]!, index: this.indexes[at]!, time: this.times[at]!, length };
  }

  write(to: ByteWriter): void {
    to.f64(this.count);
    to.raw(this.cells.subarray(0, this.size));
    for (const list of [this.offsets, this.indexes, this.times]) to.f64s(list.subarray(0, this.size));
  }

  read(from: ByteReader): void {
    this.count = from.f64();
    this.cells.set(from.raw());
    for (const list of [this.offsets, this.indexes, this.times]) list.set(from.f64s());
  }
}
