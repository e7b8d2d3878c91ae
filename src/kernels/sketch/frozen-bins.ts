import { StateError } from '../../core/errors.ts';
import { ByteReader, ByteWriter, type Layout } from './bytes.ts';
import type { Kll } from './kll.ts';

const LAYOUT: Layout = { kind: 'BINS', version: 1 };

/**
 * Exact counts in bins whose edges never move again.
 *
 * Idea: bin b holds the values above cut b - 1 and up to cut b; the last one has no upper cut. Cuts are values that
 * occurred, so a value that is common (a tie) is the upper end of a bin of its own, and a strictly increasing change of
 * the values changes no count.
 * In: numbers (NaN is ignored). Merging adds counts and needs the same cuts: StateError `other-bins` otherwise.
 * Cost: log2 B comparisons a value; 16 bytes a bin.
 *
 * Example: `const bins = new FrozenBins([1, 2]); bins.add(2); bins.counts` is `[0, 1, 0]`.
 */
export class FrozenBins {
  readonly cuts: Float64Array;
  readonly counts: Float64Array;
  total = 0;

  constructor(cuts: ArrayLike<number>) {
    this.cuts = Float64Array.from(cuts);
    this.counts = new Float64Array(cuts.length + 1);
  }

  /** About `bins` bins of equal share; fewer where values tie. */
  static fromKll(sketch: Kll, bins: number): FrozenBins {
    const qs = Array.from({ length: bins - 1 }, (_, i) => (i + 1) / bins);
    return new FrozenBins(distinct(sketch.quantiles(qs)));
  }

  /** The same for values at hand; the list is sorted in place. */
  static fromValues(values: Float64Array, bins: number): FrozenBins {
    values.sort();
    const cuts: number[] = [];
    for (let i = 1; i < bins; i++)
      cuts.push(values[Math.min(values.length, Math.ceil((i * values.length) / bins)) - 1]!);
    return new FrozenBins(values.length === 0 ? [] : distinct(cuts));
  }

  get size(): number {
    return this.counts.length;
  }

  /** Number of cuts below x: the bin it falls in. */
  binOf(x: number): number {
    const { cuts } = this;
    let low = 0;
    let high = cuts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cuts[middle]! < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(x: number): void {
    if (!Number.isNaN(x)) this.put(this.binOf(x));
  }

  put(bin: number): void {
    this.counts[bin]!++;
    this.total++;
  }

  merge(other: FrozenBins): void {
    if (!sameCuts(this.cuts, other.cuts))
      throw new StateError('histograms with different bins cannot be merged', { code: 'other-bins' });
    for (let b = 0; b < this.counts.length; b++) this.counts[b]! += other.counts[b]!;
    this.total += other.total;
  }

  /** Shares of the total, all 0 when empty. */
  masses(): Float64Array {
    return this.counts.map((count) => (this.total === 0 ? 0 : count / this.total));
  }

  clear(): void {
    this.counts.fill(0);
    this.total = 0;
  }

  get byteLength(): number {
    return this.cuts.byteLength + this.counts.byteLength;
  }

  save(): Uint8Array {
    const to = new ByteWriter(LAYOUT);
    to.f64s(this.cuts);
    to.f64s(this.counts);
    return to.finish();
  }

  static load(bytes: Uint8Array): FrozenBins {
    const from = new ByteReader(bytes, LAYOUT);
    const bins = new FrozenBins(from.f64s());
    bins.counts.set(from.f64s());
    for (const count of bins.counts) bins.total += count;
    return bins;
  }
}

function distinct(sorted: readonly number[]): number[] {
  return sorted.filter((cut, i) => !Number.isNaN(cut) && (i === 0 || cut > sorted[i - 1]!));
}

function sameCuts(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
