import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { longRunVariance } from './long-run-variance.ts';
import type { Place } from './place.ts';
import { bernoulliThreshold } from './run-length.ts';

/** Above this share in control there is nothing left to rise to. */
const MAX_RATE = 0.9;

/** What a rate was like. */
export interface RateReference {
  readonly n: number;
  readonly hits: number;
  /** Long-run variance of the hits as a multiple of independent ones, 1 or more. */
  readonly dependence: number;
}

/** From bits in the order they came. */
export function rateReference(bits: Uint8Array): RateReference {
  let hits = 0;
  for (const bit of bits) hits += bit;
  const n = bits.length;
  const p = n === 0 ? 0 : hits / n;
  const independent = p * (1 - p);
  if (hits < 2 || hits > n - 2) return { n, hits, dependence: 1 };
  const centered = Float64Array.from(bits, (bit) => bit - p);
  return { n, hits, dependence: longRunVariance(centered, independent) / independent };
}

/**
 * Bernoulli CUSUM for a rate that rises, against a frozen reference.
 *
 * Idea: S := max(0, S + ln(p1/p0)) on a hit, + ln((1-p1)/(1-p0)) else. p0 is the reference's rate and half a standard
 * error, so that a reference that was lucky does not cry wolf; p1 = max(2.5 p0, p0 + .01) below .1, p0 + max(.1, .5 √(p0 (1 - p0))) above.
 * Hits that come in bursts raise the threshold by how much more their sums scatter.
 *
 * Source: Page 1954; Reynolds & Stoumbos 1999.
 */
export class RateChart {
  readonly name: string;
  private sum = 0;
  private offset = 0;
  private index = -1;
  private time = Number.NaN;
  private length = 0;
  private hits = 0;
  private up = 0;
  private down = 0;
  private threshold = Number.POSITIVE_INFINITY;
  private rate = 0;

  constructor(name: string) {
    this.name = name;
  }

  arm(reference: RateReference, runLength: number): void {
    const { n, hits, dependence } = reference;
    const observed = (hits + 0.5) / (n + 1);
    this.rate = observed;
    const p0 = observed + 0.5 * Math.sqrt((observed * (1 - observed) * dependence) / (n + 1));
    if (p0 > MAX_RATE) {
      this.threshold = Number.POSITIVE_INFINITY;
      return;
    }
    const p1 = alternative(p0);
    this.up = Math.log(p1 / p0);
    this.down = Math.log((1 - p0) / (1 - p1));
    this.threshold = bernoulliThreshold(p0, p1, runLength) * dependence;
  }

  /** True when the threshold is reached. */
  add(hit: boolean, place: Place): boolean {
    if (!hit) {
      if (this.sum === 0) return false;
      this.length++;
      this.sum -= this.down;
      if (this.sum <= 0) this.sum = 0;
      return this.sum >= this.threshold;
    }
    if (this.sum === 0) {
      this.offset = place.offset;
      this.index = place.index;
      this.time = place.time;
      this.length = 0;
      this.hits = 0;
    }
    this.length++;
    this.hits++;
    this.sum += this.up;
    return this.sum >= this.threshold;
  }

  facts(): RateFacts {
    const { rate, offset, index, time, length, sum, threshold } = this;
    const after = this.hits / Math.max(1, length);
    return {
      statistic: sum,
      threshold,
      offset,
      index,
      time,
      length,
      before: rate,
      after,
      sd: (after - rate) / Math.sqrt(rate * (1 - rate)),
    };
  }

  reset(): void {
    this.sum = 0;
  }

  get ratio(): number {
    return this.sum / this.threshold;
  }

  /** Rate of the reference. */
  get usual(): number {
    return this.rate;
  }

  write(to: ByteWriter): void {
    to.f64s([this.sum, this.offset, this.index, this.time, this.length, this.hits]);
  }

  read(from: ByteReader): void {
    const [sum, offset, index, time, length, hits] = from.f64s();
    this.sum = sum!;
    this.offset = offset!;
    this.index = index!;
    this.time = time!;
    this.length = length!;
    this.hits = hits!;
  }
}

export interface RateFacts {
  readonly statistic: number;
  readonly threshold: number;
  readonly offset: number;
  readonly index: number;
  readonly time: number;
  readonly length: number;
  readonly before: number;
  readonly after: number;
  /** Rise in standard deviations of one record. */
  readonly sd: number;
}

function alternative(p0: number): number {
  const p1 = p0 < 0.1 ? Math.max(2.5 * p0, p0 + 0.01) : p0 + Math.max(0.1, 0.5 * Math.sqrt(p0 * (1 - p0)));
  return Math.min(p1, (1 + p0) / 2);
}
