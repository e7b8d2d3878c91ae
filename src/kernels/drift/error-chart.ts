import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { bernoulliThreshold, bernoulliWalk } from './bernoulli-run-length.ts';
import type { Place } from './place.ts';
import type { RateFacts } from './rate-chart.ts';

/** Records before the running rate is believed. */
const ACTIVE_FROM = 100;
/** The threshold is solved again when the rate has moved by this share. */
const RESOLVE_AT = 0.02;

/**
 * Watches the errors of a model, whose rate in control is not known before: p0 runs along.
 *
 * Idea: Bernoulli CUSUM of p0 (mean since the last alarm) against p1 = p0 + max(.1, .5 √(p0 (1 - p0))), active after
 * 100 records. An alarm starts it again: the model is expected to be trained anew, or the new rate is what it is.
 * Cost: a few additions a record; a threshold now and then.
 *
 * Source: Page 1954; Reynolds & Stoumbos 1999; compared with DDM, HDDM, FHDDM and ADWIN in docs/drift.md.
 */
export class ErrorChart {
  private readonly runLength: number;
  private n = 0;
  private errors = 0;
  private sum = 0;
  private offset = 0;
  private index = -1;
  private time = Number.NaN;
  private length = 0;
  private hits = 0;
  private threshold = 0;
  private solvedFor = -1;

  constructor(runLength: number) {
    this.runLength = runLength;
  }

  /** True when the threshold is reached; read `facts()`, then `reset()`. */
  add(error: boolean, place: Place): boolean {
    const fires = this.n >= ACTIVE_FROM && this.step(error, place);
    this.n++;
    if (error) this.errors++;
    return fires;
  }

  facts(): RateFacts {
    const { offset, index, time, length, sum, threshold } = this;
    // the run itself is no part of what was usual
    const before = (this.errors - this.hits + 0.5) / (this.n - length + 1);
    const after = this.hits / Math.max(1, length);
    const sd = (after - before) / Math.sqrt(before * (1 - before));
    return { statistic: sum, threshold, offset, index, time, length, before, after, sd };
  }

  reset(): void {
    this.n = 0;
    this.errors = 0;
    this.sum = 0;
    this.solvedFor = -1;
  }

  get ratio(): number {
    return this.threshold === 0 ? 0 : this.sum / this.threshold;
  }

  write(to: ByteWriter): void {
    to.f64s([this.n, this.errors, this.sum, this.offset, this.index, this.time, this.length, this.hits]);
    to.f64s([this.threshold, this.solvedFor]);
  }

  read(from: ByteReader): void {
    const [n, errors, sum, offset, index, time, length, hits] = from.f64s();
    const [threshold, solvedFor] = from.f64s();
    this.n = n!;
    this.errors = errors!;
    this.sum = sum!;
    this.offset = offset!;
    this.index = index!;
    this.time = time!;
    this.length = length!;
    this.hits = hits!;
    this.threshold = threshold!;
    this.solvedFor = solvedFor!;
  }

  private step(error: boolean, place: Place): boolean {
    const p0 = (this.errors + 0.5) / (this.n + 1);
    const p1 = Math.min(p0 + Math.max(0.1, 0.5 * Math.sqrt(p0 * (1 - p0))), (1 + p0) / 2);
    if (Math.abs(p0 - this.solvedFor) > RESOLVE_AT * p0) {
      this.threshold = bernoulliThreshold(bernoulliWalk(p0, p1), p0, this.runLength);
      this.solvedFor = p0;
    }
    if (this.sum === 0) {
      if (!error) return false;
      this.offset = place.offset;
      this.index = place.index;
      this.time = place.time;
      this.length = 0;
      this.hits = 0;
    }
    this.length++;
    if (error) this.hits++;
    this.sum += error ? Math.log(p1 / p0) : Math.log((1 - p1) / (1 - p0));
    if (this.sum <= 0) this.sum = 0;
    return this.sum >= this.threshold;
  }
}
