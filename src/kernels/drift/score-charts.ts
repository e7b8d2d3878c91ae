import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { Place } from './place.ts';
import { sampledThreshold } from './run-length.ts';

/** `share` of the false alarms of these charts; `up` how much of it belongs to the upper side. */
const CHARTS = [
  { chart: 'location', k: 0.125, share: 0.305, up: 0.5 },
  { chart: 'location', k: 0.25, share: 0.185, up: 0.5 },
  { chart: 'location', k: 0.5, share: 0.16, up: 0.5 },
  // a field that grows wider is what goes wrong; one that grows narrower is news, and may come later
  { chart: 'scale', k: 0.125, share: 0.11, up: 0.9 },
  { chart: 'scale', k: 0.25, share: 0.24, up: 0.9 },
] as const;
const SIDES = CHARTS.length * 2;
const LOCATION_SIDES = 6;

export interface Fired {
  readonly chart: 'location' | 'scale';
  readonly direction: 'up' | 'down';
  readonly k: number;
  readonly statistic: number;
  readonly threshold: number;
  /** First record of the run that crossed the threshold. */
  readonly offset: number;
  readonly index: number;
  readonly time: number;
  /** Scores since then, and their mean. */
  readonly length: number;
  readonly mean: number;
}

/** Watches the scores of a field, location and scale. */
export interface ScoreWatch {
  /** `runLength`: records between false alarms of all that is watched here; `n`: records of the reference. */
  arm(runLength: number, n: number): void;
  /** Takes the scores of one value; what reached its threshold, for facts(), or -1. */
  add(z: number, y: number, place: Place): number;
  facts(fired: number): Fired;
  reset(): void;
  /** Statistic as a share of its threshold. */
  ratio(chart: 'location' | 'scale'): number;
  write(to: ByteWriter): void;
  read(from: ByteReader): void;
}

/**
 * Five two-sided CUSUM charts on standard normal scores: location with k = .125, .25, .5 and scale with k = .125, .25.
 *
 * Idea: G⁺ := max(0, G⁺ + z - k), G⁻ likewise; each side remembers the record at which it last left zero, which is
 * the change point should it fire.
 * Parameters: `runLength` records between false alarms of all charts here together; `n` records of the reference.
 * Cost: ten additions a score; 40 numbers.
 *
 * Source: Page 1954; thresholds: Brook & Evans 1972, see run-length.ts.
 */
export class ScoreCharts implements ScoreWatch {
  private readonly sums = new Float64Array(SIDES);
  private readonly offsets = new Float64Array(SIDES);
  private readonly indexes = new Float64Array(SIDES);
  private readonly times = new Float64Array(SIDES);
  private readonly starts = new Float64Array(SIDES);
  private readonly thresholds = new Float64Array(SIDES);
  private scores = 0;

  arm(runLength: number, n: number): void {
    for (const [c, { k, share, up }] of CHARTS.entries()) {
      // a threshold is solved for two equal sides; one that gets `up` of both has 1 / (2 up) of that run length
      this.thresholds[2 * c] = sampledThreshold(k, runLength / share / (2 * up), n);
      this.thresholds[2 * c + 1] = sampledThreshold(k, runLength / share / (2 * (1 - up)), n);
    }
  }

  /** Takes the scores of one value; the side that crossed its threshold furthest, or -1. */
  add(z: number, y: number, place: Place): number {
    const { sums, thresholds } = this;
    const at = ++this.scores;
    let fired = -1;
    for (let s = 0; s < SIDES; s++) {
      const score = s < LOCATION_SIDES ? z : y;
      const before = sums[s]!;
      const sum = before + ((s & 1) === 0 ? score : -score) - CHARTS[s >> 1]!.k;
      if (sum <= 0) {
        if (before !== 0) sums[s] = 0;
        continue;
      }
      sums[s] = sum;
      if (before === 0) {
        this.starts[s] = at;
        this.offsets[s] = place.offset;
        this.indexes[s] = place.index;
        this.times[s] = place.time;
      }
      if (sum >= thresholds[s]! && (fired < 0 || sum / thresholds[s]! > sums[fired]! / thresholds[fired]!)) fired = s;
    }
    return fired;
  }

  facts(side: number): Fired {
    const { chart, k } = CHARTS[side >> 1]!;
    const length = this.scores - this.starts[side]! + 1;
    return {
      chart,
      direction: (side & 1) === 0 ? 'up' : 'down',
      k,
      statistic: this.sums[side]!,
      threshold: this.thresholds[side]!,
      offset: this.offsets[side]!,
      index: this.indexes[side]!,
      time: this.times[side]!,
      length,
      mean: k + this.sums[side]! / length,
    };
  }

  reset(): void {
    this.sums.fill(0);
  }

  /** Largest statistic as a share of its threshold. */
  ratio(chart: 'location' | 'scale'): number {
    let most = 0;
    for (let s = 0; s < SIDES; s++)
      if (CHARTS[s >> 1]!.chart === chart) most = Math.max(most, this.sums[s]! / this.thresholds[s]!);
    return most;
  }

  write(to: ByteWriter): void {
    to.f64(this.scores);
    for (const list of [this.sums, this.offsets, this.indexes, this.times, this.starts]) to.f64s(list);
  }

  read(from: ByteReader): void {
    this.scores = from.f64();
    for (const list of [this.sums, this.offsets, this.indexes, this.times, this.starts]) list.set(from.f64s());
  }
}
