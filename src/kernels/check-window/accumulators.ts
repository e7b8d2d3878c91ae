import { HyperLogLog } from '../sketch/hyper-log-log.ts';
import { Kll } from '../sketch/kll.ts';
import { Moments } from '../sketch/moments.ts';
import { instantOf, numberOf } from './readings.ts';

/** What a window adds up for one expectation. `invalid`: values that are there but of no use to the measure. */
export interface Accumulator {
  invalid: number;
  /** Values it speaks of. */
  readonly n: number;
  add(value: unknown): void;
  /** Undefined when there is nothing to say: no value. */
  result(): number | undefined;
  readonly bytes: number;
  save(): unknown;
  load(json: never): void;
}

/** Share of the values for which `test` holds; undefined from it leaves the value out. */
export class RatioAccumulator implements Accumulator {
  invalid = 0;
  n = 0;
  readonly bytes = 32;
  private hits = 0;
  private readonly test: (value: unknown) => boolean | undefined;

  constructor(test: (value: unknown) => boolean | undefined) {
    this.test = test;
  }

  add(value: unknown): void {
    const verdict = this.test(value);
    if (verdict === undefined) return;
    this.n++;
    if (verdict) this.hits++;
  }

  result(): number | undefined {
    return this.n === 0 ? undefined : this.hits / this.n;
  }

  save(): unknown {
    return [this.n, this.hits];
  }

  load([n, hits]: readonly [number, number]): void {
    this.n = n;
    this.hits = hits;
  }
}

abstract class NumberAccumulator implements Accumulator {
  invalid = 0;
  abstract readonly n: number;
  abstract readonly bytes: number;

  add(value: unknown): void {
    if (value === null || value === undefined) return;
    const number = numberOf(value);
    if (number === undefined) this.invalid++;
    else this.take(number);
  }

  protected abstract take(number: number): void;
  abstract result(): number | undefined;
  abstract save(): unknown;
  abstract load(json: never): void;
}

export class MomentsAccumulator extends NumberAccumulator {
  readonly bytes = 64;
  private moments = new Moments();
  private readonly of: (moments: Moments) => number;

  constructor(of: (moments: Moments) => number) {
    super();
    this.of = of;
  }

  get n(): number {
    return this.moments.n;
  }

  take(number: number): void {
    this.moments.add(number);
  }

  result(): number | undefined {
    const value = this.of(this.moments);
    return this.n === 0 || Number.isNaN(value) ? undefined : value;
  }

  save(): unknown {
    return [toText(this.moments.save()), this.invalid];
  }

  load([moments, invalid]: readonly [string, number]): void {
    this.moments = Moments.load(fromText(moments));
    this.invalid = invalid;
  }
}

/** Source: Neumaier 1974 (compensated summation): the sum does not lose what is small beside it. */
export class SumAccumulator extends NumberAccumulator {
  readonly bytes = 32;
  n = 0;
  private sum = 0;
  private lost = 0;

  take(number: number): void {
    this.n++;
    const total = this.sum + number;
    this.lost += Math.abs(this.sum) >= Math.abs(number) ? this.sum - total + number : number - total + this.sum;
    this.sum = total;
  }

  result(): number {
    return this.sum + this.lost;
  }

  save(): unknown {
    // as bytes: a sum beyond a double is no JSON
    return [this.n, toText(new Uint8Array(Float64Array.of(this.sum, this.lost).buffer)), this.invalid];
  }

  load([n, sums, invalid]: readonly [number, string, number]): void {
    const [sum = 0, lost = 0] = new Float64Array(fromText(sums).buffer);
    Object.assign(this, { n, sum, lost, invalid });
  }
}

export class QuantileAccumulator extends NumberAccumulator {
  n = 0;
  private sketch = new Kll();
  private readonly q: number;

  constructor(q: number) {
    super();
    this.q = q;
  }

  get bytes(): number {
    return this.sketch.byteLength;
  }

  take(number: number): void {
    this.n++;
    this.sketch.add(number);
  }

  result(): number | undefined {
    return this.n === 0 ? undefined : this.sketch.quantile(this.q);
  }

  save(): unknown {
    return [this.n, toText(this.sketch.save()), this.invalid];
  }

  load([n, sketch, invalid]: readonly [number, string, number]): void {
    this.n = n;
    this.sketch = Kll.load(fromText(sketch));
    this.invalid = invalid;
  }
}

/** Distinct values, exact up to a thousand and then within 2 %; `share`: of the values there are. */
export class DistinctAccumulator implements Accumulator {
  invalid = 0;
  n = 0;
  private sketch = new HyperLogLog();
  private readonly share: boolean;

  constructor(share: boolean) {
    this.share = share;
  }

  get bytes(): number {
    return this.sketch.byteLength;
  }

  add(value: unknown): void {
    if (value === null || value === undefined) return;
    this.n++;
    this.sketch.add(value);
  }

  result(): number | undefined {
    if (!this.share) return Math.round(this.sketch.estimate());
    return this.n === 0 ? undefined : Math.min(1, this.sketch.estimate() / this.n);
  }

  save(): unknown {
    return [this.n, toText(this.sketch.save())];
  }

  load([n, sketch]: readonly [number, string]): void {
    this.n = n;
    this.sketch = HyperLogLog.load(fromText(sketch));
  }
}

/** The newest instant, in milliseconds. */
export class NewestAccumulator implements Accumulator {
  invalid = 0;
  n = 0;
  readonly bytes = 32;
  private newest = Number.NEGATIVE_INFINITY;

  add(value: unknown): void {
    if (value === null || value === undefined) return;
    const at = instantOf(value);
    if (at === undefined) this.invalid++;
    else {
      this.n++;
      if (at > this.newest) this.newest = at;
    }
  }

  result(): number | undefined {
    return this.n === 0 ? undefined : this.newest;
  }

  save(): unknown {
    return [this.n, this.n === 0 ? null : this.newest, this.invalid];
  }

  load([n, newest, invalid]: readonly [number, number | null, number]): void {
    this.n = n;
    this.newest = newest ?? Number.NEGATIVE_INFINITY;
    this.invalid = invalid;
  }
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function fromText(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
