import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { normalQuantile } from './normal.ts';

/** Quantile of χ² with `df` degrees of freedom; far out, a few percent too large. Source: Wilson & Hilferty 1931. */
export function chiSquareQuantile(tail: number, df: number): number {
  const spread = 2 / (9 * df);
  return df * (1 - spread - normalQuantile(Math.max(tail, 1e-300)) * Math.sqrt(spread)) ** 3;
}

/**
 * Two-sample G-test of a window of category cells against the reference's counts.
 *
 * Idea: G = 2 Σ O ln(O/E) over both samples, so that a reference of n records counts as the sample it is; divided by Williams'
 * correction and by how much more than chance the reference's own windows scattered.
 *
 * Source: Sokal & Rohlf, Biometry, G-test of independence; Williams 1976.
 */
export function gStatistic(
  reference: Float64Array,
  n: number,
  window: Float64Array,
  m: number,
): { g: number; df: number } {
  const total = n + m;
  let g = 0;
  let cells = 0;
  let inverse = 0;
  for (let c = 0; c < window.length; c++) {
    const both = reference[c]! + window[c]!;
    if (both === 0) continue;
    cells++;
    inverse += total / both;
    for (const [observed, size] of [
      [reference[c]!, n],
      [window[c]!, m],
    ] as const)
      if (observed > 0) g += 2 * observed * Math.log((observed * total) / (both * size));
  }
  if (cells < 2) return { g: 0, df: 0 };
  const df = cells - 1;
  const williams = 1 + ((total / n + total / m - 1) * (inverse - 1)) / (6 * total * df);
  return { g: g / williams, df };
}

/** Counts of cells over a fixed number of records. */
export class CellWindow {
  readonly size: number;
  counts = new Float64Array(0);
  filled = 0;
  /** Where the window began. */
  offset = 0;
  index = -1;
  time = Number.NaN;

  constructor(size: number) {
    this.size = size;
  }

  start(cells: number): void {
    this.counts = new Float64Array(cells);
    this.filled = 0;
  }

  /** True when the window is full: read it, then start the next one. */
  add(cell: number, place: { readonly offset: number; readonly index: number; readonly time: number }): boolean {
    if (this.filled === 0) {
      this.offset = place.offset;
      this.index = place.index;
      this.time = place.time;
    }
    this.counts[cell]!++;
    return ++this.filled >= this.size;
  }

  write(to: ByteWriter): void {
    to.f64s([this.filled, this.offset, this.index, this.time]);
    to.f64s(this.counts);
  }

  read(from: ByteReader): void {
    const [filled, offset, index, time] = from.f64s();
    this.filled = filled!;
    this.offset = offset!;
    this.index = index!;
    this.time = time!;
    this.counts = from.f64s();
  }
}
