import { ByteReader, ByteWriter, type Layout } from './bytes.ts';

const LAYOUT: Layout = { kind: 'MOMT', version: 1 };

/**
 * Count, mean, central moments up to the fourth, smallest and largest value, in one pass.
 *
 * Idea: each value moves the mean and corrects the sums of powers around it, so nothing large is subtracted from
 * anything large; two of them merge exactly.
 * In: finite numbers; others are counted in `skipped` and change nothing. Order of adding does not matter (within 1e-9 relative).
 * Cost: about 15 ns a value, 64 bytes.
 *
 * Example: `const m = new Moments(); for (const x of [1, 2, 3, 4]) m.add(x); m.mean` is 2.5, `m.variance` 5/3.
 *
 * Source: Welford 1962; Chan, Golub & LeVeque 1983; Pébay 2008 (SAND2008-6212) for the third and fourth.
 */
export class Moments {
  n = 0;
  mean = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  skipped = 0;
  private m2 = 0;
  private m3 = 0;
  private m4 = 0;

  add(x: number): void {
    if (!Number.isFinite(x)) {
      this.skipped++;
      return;
    }
    const before = this.n;
    const n = before + 1;
    const delta = x - this.mean;
    const step = delta / n;
    const squared = step * step;
    const term = delta * step * before;
    this.n = n;
    this.mean += step;
    this.m4 += term * squared * (n * n - 3 * n + 3) + 6 * squared * this.m2 - 4 * step * this.m3;
    this.m3 += term * step * (n - 2) - 3 * step * this.m2;
    this.m2 += term;
    if (x < this.min) this.min = x;
    if (x > this.max) this.max = x;
  }

  merge(other: Moments): void {
    this.skipped += other.skipped;
    if (other.n === 0) return;
    const [a, b] = [this.n, other.n];
    const n = a + b;
    const delta = other.mean - this.mean;
    const d = delta / n;
    this.m4 +=
      other.m4 +
      delta * d * d * d * a * b * (a * a - a * b + b * b) +
      6 * d * d * (a * a * other.m2 + b * b * this.m2) +
      4 * d * (a * other.m3 - b * this.m3);
    this.m3 += other.m3 + delta * d * d * a * b * (a - b) + 3 * d * (a * other.m2 - b * this.m2);
    this.m2 += other.m2 + delta * d * a * b;
    this.mean += d * b;
    this.n = n;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  /** Of the sample (n - 1); NaN below two values. */
  get variance(): number {
    return this.n < 2 ? Number.NaN : this.m2 / (this.n - 1);
  }

  get sd(): number {
    return Math.sqrt(this.variance);
  }

  /** g1; NaN for a constant. */
  get skewness(): number {
    return this.m2 > 0 ? (Math.sqrt(this.n) * this.m3) / this.m2 ** 1.5 : Number.NaN;
  }

  /** Excess kurtosis g2; NaN for a constant. */
  get kurtosis(): number {
    return this.m2 > 0 ? (this.n * this.m4) / (this.m2 * this.m2) - 3 : Number.NaN;
  }

  save(): Uint8Array {
    const to = new ByteWriter(LAYOUT);
    to.f64s([this.n, this.mean, this.m2, this.m3, this.m4, this.min, this.max, this.skipped]);
    return to.finish();
  }

  static load(bytes: Uint8Array): Moments {
    const moments = new Moments();
    const [n, mean, m2, m3, m4, min, max, skipped] = new ByteReader(bytes, LAYOUT).f64s();
    moments.n = n!;
    moments.mean = mean!;
    moments.m2 = m2!;
    moments.m3 = m3!;
    moments.m4 = m4!;
    moments.min = min!;
    moments.max = max!;
    moments.skipped = skipped!;
    return moments;
  }
}
