import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { type Distances, distances } from './distances.ts';
import { locationScore, type NumericReference, scaleScore } from './numeric-reference.ts';

/** Values kept: what an alarm is graded and explained by. */
export const RECENT = 512;
/** Levels a uniform number is kept with. */
const LEVELS = 64;
/** Groups of bins an event shows. */
const GROUPS = 16;
const MIN_CELLS = 4;
const VALUES_A_CELL = 8;
const MOVED = 5;

export interface BinShare {
  /** Values above `from` and up to `to`; null: no end. */
  readonly from: number | null;
  readonly to: number | null;
  readonly before: number;
  readonly after: number;
}

/** The last 512 values as bin of the reference and level of their uniform number: 1 KB. */
export class RecentScores {
  private readonly bins = new Uint8Array(RECENT);
  private readonly levels = new Uint8Array(RECENT);
  private count = 0;

  push(bin: number, u: number): void {
    const at = this.count++ % RECENT;
    this.bins[at] = bin;
    this.levels[at] = Math.min(LEVELS - 1, Math.floor(u * LEVELS));
  }

  clear(): void {
    this.count = 0;
  }

  get size(): number {
    return Math.min(this.count, RECENT);
  }

  get byteLength(): number {
    return this.bins.byteLength + this.levels.byteLength;
  }

  /** JS and PSI of the last m values on the uniform scale, where the reference is flat whatever the hour. */
  distances(m: number, n: number): Distances {
    const length = Math.min(m, this.size);
    let cells = MIN_CELLS;
    while (cells * 2 * VALUES_A_CELL <= length && cells < LEVELS) cells *= 2;
    const counts = new Float64Array(cells);
    this.each(length, (at) => {
      counts[Math.floor((this.levels[at]! * cells) / LEVELS)]!++;
    });
    return distances(new Float64Array(cells).fill(1 / cells), n, counts, length);
  }

  /** Mean of location and scale scores of the last m values. */
  means(m: number): { readonly location: number; readonly scale: number } {
    const length = Math.min(m, this.size);
    let location = 0;
    let scale = 0;
    this.each(length, (at) => {
      const u = (this.levels[at]! + 0.5) / LEVELS;
      location += locationScore(u) / length;
      scale += scaleScore(u) / length;
    });
    return { location, scale };
  }

  /** Shares before and after in some 16 groups of the reference's bins, and the distance W1 in standard deviations. */
  histogram(m: number, reference: NumericReference): { readonly groups: readonly BinShare[]; readonly w1: number } {
    const length = Math.min(m, this.size);
    const { bins } = reference.whole;
    const after = new Float64Array(bins.size);
    this.each(length, (at) => {
      after[this.bins[at]!]! += 1 / length;
    });
    const before = bins.masses();
    return { groups: grouped(bins.cuts, before, after), w1: wasserstein(reference, before, after) };
  }

  write(to: ByteWriter): void {
    to.f64(this.count);
    to.raw(this.bins.subarray(0, this.size));
    to.raw(this.levels.subarray(0, this.size));
  }

  read(from: ByteReader): void {
    this.count = from.f64();
    this.bins.set(from.raw());
    this.levels.set(from.raw());
  }

  private each(length: number, visit: (at: number) => void): void {
    for (let i = this.count - length; i < this.count; i++) visit(i % RECENT);
  }
}

function grouped(cuts: Float64Array, before: Float64Array, after: Float64Array): BinShare[] {
  const groups: BinShare[] = [];
  let from: number | null = null;
  let open = { before: 0, after: 0 };
  for (let b = 0; b < before.length; b++) {
    open.before += before[b]!;
    open.after += after[b]!;
    const last = b === before.length - 1;
    if (!last && open.before < 1 / GROUPS && b !== 0 && b !== before.length - 2) continue;
    const to = last ? null : cuts[b]!;
    groups.push({ from, to, before: open.before, after: open.after });
    from = to;
    open = { before: 0, after: 0 };
  }
  return groups;
}

/** The groups whose share moved most. */
export function moved(groups: readonly BinShare[]): BinShare[] {
  return [...groups]
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
    .slice(0, MOVED)
    .filter((group) => group.after !== group.before);
}

function wasserstein(reference: NumericReference, before: Float64Array, after: Float64Array): number {
  const { centers, sd } = reference;
  let gap = 0;
  let sum = 0;
  for (let b = 0; b + 1 < before.length; b++) {
    gap += after[b]! - before[b]!;
    sum += Math.abs(gap) * (centers[b + 1]! - centers[b]!);
  }
  return sd > 0 ? sum / sd : 0;
}
