import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { Place } from './place.ts';
import type { Fired, ScoreWatch } from './score-charts.ts';

/** Shifts each side is made for, in standard deviations of a score. All are sums of two before them, so one exponential gives all. */
const RATES = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.2, 1.6, 2] as const;
/** Location up, location down, scale up, scale down. */
const SIDES = 4;
/** Shares of the false alarms. */
const SHARES = { location: 0.6, scale: 0.4 } as const;
/** Standard errors by which the scores of a sampled reference may be off. */
const SURE = 2;
/** A statistic stays below: evidence without an effect may go on for ever. */
const MOST = 1e300;

/**
 * Shiryaev-Roberts e-detectors on standard normal scores: location and scale, up and down, ten rates each.
 *
 * Idea: R := (R + 1) · exp(λ (z - m) - λ² s² / 2), alarm when the mean of the R of both sides and all λ reaches
 * c = run length. As the factor has a mean of at most 1 for every mean of z within ± m and variance up to s², R - t is a
 * supermartingale, and the average run length is c or more: no chain, no approximation. m and s² are what a reference of
 * n independent records leaves open at two standard errors. Beside each R a CUSUM of the same exponent dates the change.
 * Parameters: `runLength` records between false alarms of all here together; `n` records of the reference.
 * Cost: two exponentials and some 200 multiplications a value; 240 numbers.
 *
 * Source: Shin, Ramdas & Rinaldo 2023, "E-detectors", sections 2 and 4 (mixtures); Lorden 1971.
 */
export class EDetectors implements ScoreWatch {
  private readonly evidence = new Float64Array(SIDES * RATES.length);
  private readonly sums = new Float64Array(SIDES * RATES.length);
  private readonly starts = new Float64Array(SIDES * RATES.length);
  private readonly offsets = new Float64Array(SIDES * RATES.length);
  private readonly indexes = new Float64Array(SIDES * RATES.length);
  private readonly times = new Float64Array(SIDES * RATES.length);
  /** λ m + λ² s² / 2, and exp(-that). */
  private readonly drops = new Float64Array(RATES.length);
  private readonly shrinks = new Float64Array(RATES.length);
  private readonly powers = new Float64Array(RATES.length);
  private readonly thresholds = [0, 0];
  private scores = 0;

  arm(runLength: number, n: number): void {
    const mean = SURE / Math.sqrt(n);
    const variance = 1 + SURE * Math.sqrt(2 / n);
    for (const [r, rate] of RATES.entries()) {
      this.drops[r] = rate * mean + (rate * rate * variance) / 2;
      this.shrinks[r] = Math.exp(-this.drops[r]!);
    }
    this.thresholds[0] = runLength / SHARES.location;
    this.thresholds[1] = runLength / SHARES.scale;
  }

  add(z: number, y: number, place: Place): number {
    this.scores++;
    const { thresholds } = this;
    const location = this.both(0, z, place) / thresholds[0]!;
    const scale = this.both(2, y, place) / thresholds[1]!;
    if (location < 1 && scale < 1) return -1;
    return this.strongest(location >= scale ? 0 : 2);
  }

  /** Up and down from `side` on; their mean evidence. */
  private both(side: number, score: number, place: Place): number {
    const { powers } = this;
    const p = Math.exp(RATES[0] * score);
    powers[0] = p;
    powers[1] = p * p;
    powers[2] = p * powers[1]!;
    powers[3] = powers[1]! * powers[1]!;
    powers[4] = powers[1]! * powers[3]!;
    powers[5] = powers[3]! * powers[3]!;
    powers[6] = powers[1]! * powers[5]!;
    powers[7] = powers[3]! * powers[5]!;
    powers[8] = powers[5]! * powers[5]!;
    powers[9] = powers[3]! * powers[8]!;
    let sum = 0;
    for (let r = 0; r < RATES.length; r++) {
      const power = powers[r]!;
      sum += this.step(side * RATES.length + r, power * this.shrinks[r]!, RATES[r]! * score - this.drops[r]!, place);
      sum += this.step(
        side * RATES.length + RATES.length + r,
        this.shrinks[r]! / power,
        -RATES[r]! * score - this.drops[r]!,
        place,
      );
    }
    return sum / (2 * RATES.length);
  }

  private step(at: number, factor: number, step: number, place: Place): number {
    const { evidence, sums } = this;
    const grown = Math.min(MOST, (evidence[at]! + 1) * factor);
    evidence[at] = grown;
    const before = sums[at]!;
    const sum = before + step;
    sums[at] = Math.max(sum, 0);
    if (before === 0 && sum > 0) {
      this.starts[at] = this.scores;
      this.offsets[at] = place.offset;
      this.indexes[at] = place.index;
      this.times[at] = place.time;
    }
    return grown;
  }

  /** The statistic that contributes most to both sides from `side` on, as its number. */
  private strongest(side: number): number {
    let most = side * RATES.length;
    for (let at = most; at < (side + 2) * RATES.length; at++) if (this.evidence[at]! > this.evidence[most]!) most = at;
    return most;
  }

  facts(at: number): Fired {
    const side = Math.floor(at / RATES.length);
    const r = at % RATES.length;
    const rate = RATES[r]!;
    const chart = side < 2 ? 'location' : 'scale';
    const threshold = this.thresholds[side >> 1]!;
    const isRising = this.sums[at]! > 0;
    const length = isRising ? this.scores - this.starts[at]! + 1 : 1;
    return {
      chart,
      direction: (side & 1) === 0 ? 'up' : 'down',
      k: rate / 2,
      statistic: this.ratio(chart) * threshold,
      threshold,
      offset: this.offsets[at]!,
      index: this.indexes[at]!,
      time: this.times[at]!,
      length,
      mean: (this.sums[at]! / length + this.drops[r]!) / rate,
    };
  }

  reset(): void {
    this.evidence.fill(0);
    this.sums.fill(0);
  }

  ratio(chart: 'location' | 'scale'): number {
    const side = chart === 'location' ? 0 : 2;
    let sum = 0;
    for (let at = side * RATES.length; at < (side + 2) * RATES.length; at++) sum += this.evidence[at]!;
    return sum / (2 * RATES.length) / this.thresholds[side >> 1]!;
  }

  write(to: ByteWriter): void {
    to.f64(this.scores);
    for (const list of this.lists()) to.f64s(list);
  }

  read(from: ByteReader): void {
    this.scores = from.f64();
    for (const list of this.lists()) list.set(from.f64s());
  }

  private lists(): readonly Float64Array[] {
    return [this.evidence, this.sums, this.starts, this.offsets, this.indexes, this.times];
  }
}
