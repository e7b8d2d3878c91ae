import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { AlarmFacts } from './column.ts';
import { normalCdf } from './normal.ts';
import type { Place } from './place.ts';
import type { RateFacts, RateReference } from './rate-chart.ts';
import type { Fired } from './score-charts.ts';
import { logGamma } from './window-test.ts';

/** What a window says against its reference. */
export interface WindowEvidence {
  /** Chance of as much without drift. */
  readonly p: number;
  /** Undefined where the effect is too small to be told of. */
  readonly facts: AlarmFacts | undefined;
}

interface Tested<Facts> {
  readonly p: number;
  readonly facts: Facts;
}

/**
 * The smallest p of several tests of one window with an effect, times the number of tests. Source: Bonferroni's inequality.
 */
export function smallest(tests: readonly WindowEvidence[]): WindowEvidence | undefined {
  if (tests.length === 0) return undefined;
  const nothing: WindowEvidence = { p: 1, facts: undefined };
  const least = tests.reduce((a, b) => (b.facts !== undefined && b.p < a.p ? b : a), nothing);
  return { ...least, p: Math.min(1, least.p * tests.length) };
}

/** First record of a window, and how many it has. */
class Stretch {
  protected records = 0;
  protected offset = -1;
  protected index = -1;
  protected time = Number.NaN;

  protected count({ offset, index, time }: Place): void {
    if (this.records++ > 0) return;
    this.offset = offset;
    this.index = index;
    this.time = time;
  }

  protected get start() {
    const { offset, index, time } = this;
    return { offset, index, time, length: this.records };
  }
}

/** Standard normal scores of a window: their means against those of the reference, each a sample. */
export class ScoreWindow extends Stretch {
  private location = 0;
  private scale = 0;

  add(z: number, y: number, place: Place): void {
    this.count(place);
    this.location += z;
    this.scale += y;
  }

  clear(): void {
    this.records = 0;
    this.location = 0;
    this.scale = 0;
  }

  /** `n`: records of the reference. */
  tests(n: number): readonly Tested<Fired>[] {
    if (this.records === 0) return [];
    const { records } = this;
    const error = Math.sqrt(1 / records + 1 / n);
    return (['location', 'scale'] as const).map((chart) => {
      const mean = this[chart] / records;
      const far = Math.abs(mean) / error;
      const direction = mean > 0 ? 'up' : 'down';
      const facts = {
        chart,
        direction,
        k: 0,
        statistic: far,
        threshold: 0,
        mean: Math.abs(mean),
        ...this.start,
      } as const;
      return { p: 2 * normalCdf(-far), facts };
    });
  }

  write(to: ByteWriter): void {
    to.f64s([this.records, this.offset, this.index, this.time, this.location, this.scale]);
  }

  read(from: ByteReader): void {
    const [records, offset, index, time, location, scale] = from.f64s();
    Object.assign(this, { records, offset, index, time, location, scale });
  }
}

/** Hits of a window against those of the reference, by Fisher's exact test for a rise. */
export class RateWindow extends Stretch {
  private hits = 0;

  add(hit: boolean, place: Place): void {
    this.count(place);
    if (hit) this.hits++;
  }

  clear(): void {
    this.records = 0;
    this.hits = 0;
  }

  tests(reference: RateReference): readonly Tested<RateFacts>[] {
    if (this.records === 0) return [];
    const { records, hits } = this;
    const before = (reference.hits + 0.5) / (reference.n + 1);
    const after = hits / records;
    const sd = (after - before) / Math.sqrt(before * (1 - before));
    // what comes in bursts is worth fewer records
    const worth = (count: number): number => Math.round(count / reference.dependence);
    const p = fisher(worth(hits), worth(records), worth(reference.hits), worth(reference.n));
    return [{ p, facts: { statistic: hits, threshold: 0, before, after, sd, ...this.start } }];
  }

  write(to: ByteWriter): void {
    to.f64s([this.records, this.offset, this.index, this.time, this.hits]);
  }

  read(from: ByteReader): void {
    const [records, offset, index, time, hits] = from.f64s();
    Object.assign(this, { records, offset, index, time, hits });
  }
}

/** A window of a numeric field. */
export class NumericWindow {
  readonly scores = new ScoreWindow();
  readonly nulls = new RateWindow();
  readonly invalid = new RateWindow();

  rates(isNull: boolean, isNumber: boolean, place: Place): void {
    this.nulls.add(isNull, place);
    if (!isNull) this.invalid.add(!isNumber, place);
  }

  clear(): void {
    for (const part of this.parts()) part.clear();
  }

  write(to: ByteWriter): void {
    for (const part of this.parts()) part.write(to);
  }

  read(from: ByteReader): void {
    for (const part of this.parts()) part.read(from);
  }

  private parts() {
    return [this.scores, this.nulls, this.invalid];
  }
}

/**
 * Chance that a window of m records has x hits or more when it and the reference (`hits` of n) have one rate.
 *
 * Example: `fisher(3, 4, 1, 4)` is 17/70, the lady tasting tea with one cup wrong.
 *
 * Source: Fisher 1935 (hypergeometric tail).
 */
export function fisher(x: number, m: number, hits: number, n: number): number {
  const all = hits + x;
  const choose = (of: number, k: number): number => logGamma(of + 1) - logGamma(k + 1) - logGamma(of - k + 1);
  let sum = 0;
  for (let k = x; k <= Math.min(m, all); k++)
    if (all - k <= n) sum += Math.exp(choose(m, k) + choose(n, all - k) - choose(m + n, all));
  return Math.min(1, sum);
}
