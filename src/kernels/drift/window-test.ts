import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';

/** Chance that χ² with `df` degrees of freedom exceeds x. Source: series and continued fraction of Abramowitz & Stegun 6.5.29, 6.5.31. */
export function chiSquareTail(x: number, df: number): number {
  const a = df / 2;
  const half = x / 2;
  const front = Math.exp(a * Math.log(half) - half - logGamma(a));
  if (half < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-15; n++) {
      term *= half / (a + n);
      sum += term;
    }
    return 1 - front * sum;
  }
  let fraction = 0;
  for (let n = 200; n >= 1; n--) fraction = (n * (n - a)) / (half + 2 * n + 1 - a - fraction);
  return front / (half + 1 - a - fraction);
}

/** Stirling's series from 10 on, by recurrence below. */
export function logGamma(x: number): number {
  if (x < 10) return logGamma(x + 1) - Math.log(x);
  const square = x * x;
  const series = (1 / 12 - (1 / 360 - 1 / (1260 * square)) / square) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** x that χ² with `df` degrees of freedom exceeds with chance `tail`, which is above 1e-200. */
export function chiSquareQuantile(tail: number, df: number): number {
  let low = 0;
  let high = df + 2000;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (chiSquareTail(middle, df) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
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
