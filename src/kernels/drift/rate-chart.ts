import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { bernoulliThreshold, bernoulliWalk, sampledBernoulliThreshold } from './bernoulli-run-length.ts';
import type { ColumnSettings } from './column.ts';
import { longRunVariance } from './long-run-variance.ts';
import type { Place } from './place.ts';
import { SAMPLE_EXCESS } from './run-length.ts';

/** Above this share in control there is nothing left to rise to. */
const MAX_RATE = 0.9;
/**
 * How far the false alarms expected of a chart of nulls may exceed its share: a rise to three times as many is to be seen
 * within 1,000 records after 20 nulls in a reference of 2,000, which leave their rate open by a quarter.
 */
export const NULLS_EXCESS = 4.75;

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
 * Idea: S := max(0, S + ln(p1/p0)) on a hit, + ln((1-p1)/(1-p0)) else. p0 is the reference's rate; p1 is 3.2 p0, at
 * least p0 + .01 and at most p0 + max(.1, .5 √(p0 (1 - p0))). The threshold keeps the run length at p0, and a bound on
 * the false alarms expected over all rates that the reference leaves open, so that one that was lucky does not cry wolf.
 * Hits that come in bursts raise the threshold by how much more their sums scatter, and count for as much less.
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

  arm(reference: RateReference, runLength: number, options: ArmOptions = {}): void {
    const { n, hits, dependence } = reference;
    const { excess = SAMPLE_EXCESS, guarantee = 'none' } = options;
    const observed = (hits + 0.5) / (n + 1);
    const sample = { n: n / dependence, hits: hits / dependence };
    const p0 = guarantee !== 'run-length' ? observed : highestRate(sample);
    this.rate = observed;
    if (p0 > MAX_RATE) {
      this.threshold = Number.POSITIVE_INFINITY;
      return;
    }
    const walk = bernoulliWalk(p0, alternative(p0));
    this.up = walk.up;
    this.down = walk.down;
    const threshold =
      guarantee !== 'run-length'
        ? Math.max(bernoulliThreshold(walk, p0, runLength), sampledBernoulliThreshold(walk, sample, excess / runLength))
        : Math.log(runLength);
    this.threshold = dependence * threshold;
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

export interface ArmOptions {
  /** How far the false alarms expected over what the reference leaves open may exceed one in `runLength`. */
  readonly excess?: number;
  /** `run-length`: e^h is a lower bound of the run length at the highest rate that the reference leaves open (Lorden 1971). */
  readonly guarantee?: ColumnSettings['guarantee'];
}

/** Two standard errors above: Wilson's upper limit. Source: Wilson 1927. */
function highestRate({ n, hits }: { readonly n: number; readonly hits: number }): number {
  const p = hits / n;
  return (p + 2 / n + 2 * Math.sqrt((p * (1 - p) + 1 / n) / n)) / (1 + 4 / n);
}

/** The rate a chart is aimed at: a little beyond a tripling, which forgives an error in p0 better than a doubling does. */
function alternative(p0: number): number {
  const rise = Math.max(0.01, Math.min(2.2 * p0, Math.max(0.1, 0.5 * Math.sqrt(p0 * (1 - p0)))));
  return Math.min(p0 + rise, (1 + p0) / 2);
}
