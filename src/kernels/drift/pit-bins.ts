import { FrozenBins } from '../sketch/frozen-bins.ts';

/** Further cuts in the tails, as 1 / share: a change of scale shows there. */
const TAIL_CUTS = [256, 512, 1024] as const;
/** A cut needs this many values beyond it. */
const MIN_BEYOND = 1.5;

/**
 * A sampled distribution that turns a value into a uniform number.
 *
 * Idea: bins with cuts that occurred in the sample, and shares counted on it; u is the share below the bin plus a
 * random part of its own share, so that ties come out uniform too. Smaller than the smallest and larger than the largest value
 * have bins of their own with the share 1 / (n + 2) that a new value has there by chance.
 *
 * Source: Rosenblatt 1952; Brockwell 2007 (randomized probability integral transform).
 */
export class PitBins {
  readonly bins: FrozenBins;
  /** below[b]: share under bin b; one more for the end. */
  readonly below: Float64Array;
  readonly median: number;

  constructor(bins: FrozenBins) {
    this.bins = bins;
    const { counts, size } = bins;
    this.below = new Float64Array(size + 1);
    const total = bins.total + 2;
    let sum = 0;
    for (let b = 0; b < size; b++) {
      sum += counts[b]! + (b === 0 ? 1 : 0) + (b === size - 1 ? 1 : 0);
      this.below[b + 1] = sum / total;
    }
    this.median = bins.cuts[Math.max(0, this.below.findIndex((share) => share >= 0.5) - 1)] ?? 0;
  }

  /** `sorted` in rising order, not empty. */
  static fromSorted(sorted: Float64Array, bins: number): PitBins {
    const n = sorted.length;
    const shares: number[] = [];
    for (let i = 1; i <= bins; i++) shares.push(i / bins);
    for (const tail of TAIL_CUTS) if (n / tail >= MIN_BEYOND && tail > bins) shares.push(1 / tail, 1 - 1 / tail);
    shares.sort((a, b) => a - b);
    const cuts = [nextBelow(sorted[0]!)];
    for (const share of shares) {
      const cut = sorted[Math.max(0, Math.ceil(share * n - 1e-9) - 1)]!;
      if (cut > cuts.at(-1)!) cuts.push(cut);
    }
    const frozen = new FrozenBins(cuts);
    for (const value of sorted) frozen.add(value);
    return new PitBins(frozen);
  }

  /** u in (0, 1); `draw` in (0, 1). */
  uniform(bin: number, draw: number): number {
    const from = this.below[bin]!;
    return from + draw * (this.below[bin + 1]! - from);
  }
}

const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

/** The next smaller number, so that what is below the smallest value has a bin of its own. */
function nextBelow(x: number): number {
  if (x === 0) return -Number.MIN_VALUE;
  if (x === -Number.MAX_VALUE) return x;
  double[0] = x;
  bits[0]! += x > 0 ? -1n : 1n;
  return double[0];
}
