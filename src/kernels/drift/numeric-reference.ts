import { mix32 } from '../../core/hash.ts';
import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';
import { FrozenBins } from '../sketch/frozen-bins.ts';
import { Moments } from '../sketch/moments.ts';
import { longRunVariance } from './long-run-variance.ts';
import { normalQuantile } from './normal.ts';
import { PitBins } from './pit-bins.ts';

const LAYOUT: Layout = { kind: 'DRFN', version: 1 };
const BINS = 128;
const BUCKET_BINS = 32;
/** A bin holds this many values at least, on average. */
const VALUES_A_BIN = 1;
const DAY_MS = 86_400_000;
const WEEK_SEASON_MS = 28 * DAY_MS;
const DAY_SEASON_MS = 2 * DAY_MS;
/** Fewer cycles than this are counted as this many. */
const MIN_CYCLES = 1.5;
/** Rows that the smallest bucket of a season must have. */
const MIN_BUCKET_ROWS = 30;
/** How many standard deviations the ratio of variances must be beyond chance. */
const SEASON_SIGMAS = 4;
/** Scores end here: a value beyond everything seen must not decide alone. */
const CLAMP = 1e-9;

export type Season = 'none' | 'hour-of-day' | 'hour-of-week';
const SEASONS: readonly Season[] = ['none', 'hour-of-day', 'hour-of-week'];

export interface ReferenceSample {
  /** Finite values in the order they came. */
  readonly values: Float64Array;
  /** Hour of the week of each, -1 without a time. */
  readonly hours: Int16Array;
  /** From the first to the last time, milliseconds. */
  readonly spanMs: number;
  readonly season: 'auto' | Season;
  readonly seed: number;
}

/**
 * What a numeric field was like: bins for its values, per hour where there is a season, and the long-run deviation of its scores.
 * Frozen: nothing that is seen later changes it. 3.3 KB without a season.
 */
export class NumericReference {
  readonly n: number;
  readonly mean: number;
  readonly sd: number;
  /** Bins over all hours, and the mean of the sample in each. */
  readonly whole: PitBins;
  readonly centers: Float64Array;
  readonly season: Season;
  /** By hour; undefined where the sample had none: the whole stands in. */
  readonly buckets: readonly (PitBins | undefined)[];
  /** Long-run deviation of location scores and of scale scores, 1 or more. */
  readonly omega: number;
  readonly omegaScale: number;

  private constructor(facts: Omit<NumericReference, 'pitOf' | 'save' | 'byteLength'>) {
    this.n = facts.n;
    this.mean = facts.mean;
    this.sd = facts.sd;
    this.whole = facts.whole;
    this.centers = facts.centers;
    this.season = facts.season;
    this.buckets = facts.buckets;
    this.omega = facts.omega;
    this.omegaScale = facts.omegaScale;
  }

  static build(sample: ReferenceSample): NumericReference {
    const { values } = sample;
    const sorted = values.slice().sort();
    const whole = PitBins.fromSorted(sorted, Math.max(4, Math.min(BINS, Math.floor(values.length / VALUES_A_BIN))));
    const moments = new Moments();
    for (const value of values) moments.add(value);
    const season = chooseSeason(sample, whole);
    const buckets = season === 'none' ? [] : bucketed(sample, season);
    const facts = {
      n: values.length,
      mean: moments.mean,
      sd: values.length < 2 ? 0 : moments.sd,
      whole,
      centers: centersOf(sorted, whole),
      season,
      buckets,
    };
    const blank = new NumericReference({ ...facts, omega: 1, omegaScale: 1 });
    const { z, y } = scores(sample, (hour) => blank.pitOf(hour));
    const again = cycleFactor(season, sample.spanMs);
    const omega = again * Math.sqrt(longRunVariance(z, 1));
    // dependence makes sums of scale scores skewed: never trust them more than the location scores
    return new NumericReference({
      ...facts,
      omega,
      omegaScale: Math.max(omega, again * Math.sqrt(longRunVariance(y, 1))),
    });
  }

  pitOf(hour: number): PitBins {
    if (this.season === 'none' || hour < 0) return this.whole;
    return this.buckets[this.season === 'hour-of-day' ? hour % 24 : hour] ?? this.whole;
  }

  get byteLength(): number {
    let bytes = 64;
    for (const pit of [this.whole, ...this.buckets])
      if (pit !== undefined) bytes += pit.bins.byteLength + pit.below.byteLength;
    return bytes + this.centers.byteLength;
  }

  save(): Uint8Array {
    const to = new ByteWriter(LAYOUT);
    to.u8(SEASONS.indexOf(this.season));
    to.f64s([this.n, this.mean, this.sd, this.omega, this.omegaScale]);
    to.f64s(this.centers);
    to.u32(this.buckets.length + 1);
    for (const pit of [this.whole, ...this.buckets]) to.raw(pit === undefined ? new Uint8Array() : pit.bins.save());
    return to.finish();
  }

  static load(bytes: Uint8Array): NumericReference {
    const from = new ByteReader(bytes, LAYOUT);
    const season = SEASONS[from.u8()] ?? 'none';
    const [n, mean, sd, omega, omegaScale] = from.f64s();
    const centers = from.f64s();
    const pits: (PitBins | undefined)[] = [];
    for (let count = from.u32(); count > 0; count--) {
      const bins = from.raw();
      pits.push(bins.length === 0 ? undefined : new PitBins(FrozenBins.load(bins)));
    }
    const [whole, ...buckets] = pits;
    return new NumericReference({
      n: n!,
      mean: mean!,
      sd: sd!,
      omega: omega!,
      omegaScale: omegaScale!,
      centers,
      season,
      whole: whole!,
      buckets,
    });
  }
}

/** u as a standard normal score. */
export function locationScore(u: number): number {
  return normalQuantile(Math.min(Math.max(u, CLAMP), 1 - CLAMP));
}

/** Distance from the middle as a standard normal score: up is wider. */
export function scaleScore(u: number): number {
  return locationScore(Math.abs(2 * u - 1));
}

function scores(sample: ReferenceSample, pitOf: (hour: number) => PitBins): { z: Float64Array; y: Float64Array } {
  const { values, hours, seed } = sample;
  const z = new Float64Array(values.length);
  const y = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const pit = pitOf(hours[i]!);
    const u = pit.uniform(pit.bins.binOf(values[i]!), (mix32(mix32(i) ^ seed) + 0.5) / 4294967296);
    z[i] = locationScore(u);
    y[i] = scaleScore(u);
  }
  return { z, y };
}

/** The finest season that the sample is long enough for and that shows in it. */
function chooseSeason(sample: ReferenceSample, whole: PitBins): Season {
  if (sample.season !== 'auto') return sample.season;
  const { z, y } = scores(sample, () => whole);
  for (const [season, spanMs] of [
    ['hour-of-week', WEEK_SEASON_MS],
    ['hour-of-day', DAY_SEASON_MS],
  ] as const) {
    if (!(sample.spanMs >= spanMs)) continue;
    const size = season === 'hour-of-day' ? 24 : 168;
    if (shows(z, sample.hours, size) || shows(y, sample.hours, size)) return season;
  }
  return 'none';
}

/**
 * Whether hours differ by more than days do: an analysis of variance of visits, a visit being the records of one hour
 * of one day. Records that depend on the one before make hours of a day differ, but not the same way on every day.
 */
function shows(scored: Float64Array, hours: Int16Array, size: number): boolean {
  const visits = new Float64Array(size);
  const sums = new Float64Array(size);
  const squares = new Float64Array(size);
  const rows = new Float64Array(size);
  for (let from = 0; from < scored.length; ) {
    const hour = hours[from]!;
    let sum = 0;
    let to = from;
    for (; to < scored.length && hours[to] === hour; to++) sum += scored[to]!;
    if (hour >= 0) {
      const bucket = hour % size;
      const mean = sum / (to - from);
      rows[bucket]! += to - from;
      visits[bucket]!++;
      sums[bucket]! += mean;
      squares[bucket]! += mean * mean;
    }
    from = to;
  }
  let [used, count, total, means, within] = [0, 0, 0, 0, 0];
  for (let b = 0; b < size; b++) {
    if (visits[b] === 0) continue;
    if (rows[b]! < MIN_BUCKET_ROWS) return false;
    used++;
    count += visits[b]!;
    total += sums[b]!;
    means += sums[b]! ** 2 / visits[b]!;
    within += squares[b]! - sums[b]! ** 2 / visits[b]!;
  }
  if (used < 2 || count <= used) return false;
  const ratio = (means - total ** 2 / count) / (used - 1) / (within / (count - used));
  return ratio > 1 + SEASON_SIGMAS * Math.sqrt(2 / (used - 1) + 2 / (count - used));
}

/**
 * A bucket's error comes back on every cycle: with c cycles in the sample, sums of scores scatter 1 / c more than they
 * should, and in the sample itself 1 / c less.
 */
function cycleFactor(season: Season, spanMs: number): number {
  if (season === 'none') return 1;
  const cycles = Math.max(MIN_CYCLES, spanMs / (season === 'hour-of-day' ? DAY_MS : 7 * DAY_MS));
  return Math.sqrt((1 + 1 / cycles) / (1 - 1 / cycles));
}

function bucketed({ values, hours }: ReferenceSample, season: Season): (PitBins | undefined)[] {
  const size = season === 'hour-of-day' ? 24 : 168;
  const lists: number[][] = Array.from({ length: size }, () => []);
  for (let i = 0; i < values.length; i++) if (hours[i]! >= 0) lists[hours[i]! % size]!.push(values[i]!);
  return lists.map((list) =>
    list.length === 0
      ? undefined
      : PitBins.fromSorted(
          Float64Array.from(list).sort(),
          Math.max(4, Math.min(BUCKET_BINS, Math.floor(list.length / VALUES_A_BIN))),
        ),
  );
}

/** Mean of the sample in each bin; the outer ones take the value next to them. */
function centersOf(sorted: Float64Array, pit: PitBins): Float64Array {
  const { bins } = pit;
  const sums = new Float64Array(bins.size);
  for (const value of sorted) {
    const bin = bins.binOf(value);
    sums[bin]! += value / bins.counts[bin]!;
  }
  sums[0] = sorted[0]!;
  sums[bins.size - 1] = sorted.at(-1)!;
  return sums;
}
