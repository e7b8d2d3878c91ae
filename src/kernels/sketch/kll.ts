import { mix32 } from '../../core/hash.ts';
import { ByteReader, ByteWriter, type Layout } from './bytes.ts';

const LAYOUT: Layout = { kind: 'KLLQ', version: 1 };
/** Size of the largest compactor: rank error below .01 at a million values, with room. */
export const KLL_K = 256;
/** A compactor holds this share of the one above it. .8 instead of the paper's 2/3: a third more memory, a third less variance. */
const SHRINK = 0.8;
const SMALLEST = 16;

/**
 * Quantiles of a stream in about 10 KB.
 *
 * Idea: level h holds values that each stand for 2^h of the stream. A full level is sorted and every other value moves
 * one level up; whether odd or even ones is a coin, and each second compaction takes the opposite of the one before,
 * so that their errors cancel.
 * Parameters: `k` 8 to 65,535 (default 256); `seed` for the coins, all randomness there is.
 * In: numbers; NaN is counted in `skipped`. Out: quantiles and ranks (0 to 1) within .01 at k = 256 (over 100 sketches of a
 * million values the worst of 199 quantiles is .005 in the middle, .0078 in 99 of 100). Smallest and largest value are exact.
 * Merging: any shapes of the same `k`; the bound holds for the merged one.
 * Cost: 20 to 40 ns a value; 8 bytes × k / (1 - .8) at most, and 8 × 16 for each doubling beyond.
 *
 * Example: `const q = new Kll(); for (let i = 1; i <= 100; i++) q.add(i); q.quantile(0.5)` is 50.
 *
 * Source: Karnin, Lang & Liberty 2016; anti-correlated coins: Ivkin, Liberty, Lang, Karnin & Braverman 2019.
 */
export class Kll {
  readonly k: number;
  n = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  skipped = 0;
  private levels: Float64Array<ArrayBuffer>[];
  private sizes: number[];
  /** For each level: 0 the next compaction throws a coin, 1 and 2: it takes the even or the odd ones. */
  private pending: number[];
  private coins: number;

  constructor(k = KLL_K, seed = 0) {
    this.k = k;
    this.levels = [new Float64Array(k)];
    this.sizes = [0];
    this.pending = [0];
    this.coins = mix32(seed ^ 0x4b4c4c51);
  }

  add(x: number): void {
    if (Number.isNaN(x)) {
      this.skipped++;
      return;
    }
    this.n++;
    if (x < this.min) this.min = x;
    if (x > this.max) this.max = x;
    const size = this.sizes[0]!;
    this.levels[0]![size] = x;
    this.sizes[0] = size + 1;
    if (size + 1 >= this.k) this.compress();
  }

  merge(other: Kll): void {
    this.skipped += other.skipped;
    if (other.n === 0) return;
    this.n += other.n;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    for (let h = 0; h < other.levels.length; h++) {
      if (h === this.levels.length) this.grow();
      this.append(h, other.levels[h]!.subarray(0, other.sizes[h]));
    }
    this.compress();
  }

  /** Share of the stream at or below x. */
  rank(x: number): number {
    let below = 0;
    for (let h = 0; h < this.levels.length; h++) {
      const level = this.levels[h]!;
      let count = 0;
      for (let i = 0; i < this.sizes[h]!; i++) if (level[i]! <= x) count++;
      below += count * 2 ** h;
    }
    return this.n === 0 ? Number.NaN : below / this.n;
  }

  /** Smallest kept value whose rank reaches q; NaN when empty. */
  quantile(q: number): number {
    return this.quantiles([q])[0]!;
  }

  /** Like quantile, for several at once; one sort. */
  quantiles(qs: readonly number[]): number[] {
    if (this.n === 0) return qs.map(() => Number.NaN);
    const { values, weights } = this.sorted();
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const cumulated = new Float64Array(weights.length);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      sum += weights[i]!;
      cumulated[i] = sum;
    }
    return qs.map((q) => {
      if (q <= 0) return this.min;
      if (q >= 1) return this.max;
      let low = 0;
      let high = cumulated.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cumulated[middle]! >= q * total) high = middle;
        else low = middle + 1;
      }
      return values[low]!;
    });
  }

  /** Memory of the values held. */
  get byteLength(): number {
    return this.levels.reduce((sum, level) => sum + level.byteLength, 0);
  }

  save(): Uint8Array {
    const to = new ByteWriter(LAYOUT);
    to.u16(this.k);
    to.u32(this.coins);
    to.f64s([this.n, this.min, this.max, this.skipped]);
    to.u32(this.levels.length);
    for (let h = 0; h < this.levels.length; h++) {
      to.u8(this.pending[h]!);
      to.f64s(this.levels[h]!.subarray(0, this.sizes[h]));
    }
    return to.finish();
  }

  static load(bytes: Uint8Array): Kll {
    const from = new ByteReader(bytes, LAYOUT);
    const sketch = new Kll(from.u16());
    sketch.coins = from.u32();
    const [n, min, max, skipped] = from.f64s();
    const levels = from.u32();
    for (let h = 0; h < levels; h++) {
      if (h === sketch.levels.length) sketch.grow();
      sketch.pending[h] = from.u8();
      sketch.append(h, from.f64s());
    }
    sketch.n = n!;
    sketch.min = min!;
    sketch.max = max!;
    sketch.skipped = skipped!;
    return sketch;
  }

  /** Values in order with the weight of each. */
  private sorted(): { values: Float64Array; weights: Float64Array } {
    const total = this.sizes.reduce((sum, size) => sum + size, 0);
    const pairs: [number, number][] = [];
    for (let h = 0; h < this.levels.length; h++)
      for (let i = 0; i < this.sizes[h]!; i++) pairs.push([this.levels[h]![i]!, 2 ** h]);
    pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const values = new Float64Array(total);
    const weights = new Float64Array(total);
    for (const [i, [value, weight]] of pairs.entries()) {
      values[i] = value;
      weights[i] = weight;
    }
    return { values, weights };
  }

  /** How many values level h may hold before it is compacted. The lowest one is a buffer of k: sorting once a k is cheap. */
  private capacity(h: number): number {
    if (h === 0) return this.k;
    return Math.max(SMALLEST, Math.ceil(this.k * SHRINK ** (this.levels.length - 1 - h)));
  }

  private compress(): void {
    for (let h = 0; h < this.levels.length; h++) {
      if (this.sizes[h]! < this.capacity(h)) continue;
      if (h === this.levels.length - 1) this.grow();
      this.compact(h);
    }
  }

  /** Every other value of level h goes one up; with an odd count the largest stays. */
  private compact(h: number): void {
    const size = this.sizes[h]!;
    const values = this.levels[h]!.subarray(0, size);
    values.sort();
    const kept = size & 1;
    const pairs = size - kept;
    const offset = this.coin(h);
    const up = new Float64Array(pairs >> 1);
    for (let i = 0; i < up.length; i++) up[i] = values[2 * i + offset]!;
    if (kept === 1) values[0] = values[size - 1]!;
    this.sizes[h] = kept;
    this.shrink(h);
    this.append(h + 1, up);
  }

  private coin(h: number): 0 | 1 {
    const waiting = this.pending[h]!;
    if (waiting > 0) {
      this.pending[h] = 0;
      return waiting === 1 ? 0 : 1;
    }
    this.coins = mix32((this.coins + 0x9e3779b9) | 0);
    const coin = (this.coins >>> 16) & 1;
    this.pending[h] = coin === 0 ? 2 : 1;
    return coin === 0 ? 0 : 1;
  }

  private grow(): void {
    this.levels.push(new Float64Array(SMALLEST * 2));
    this.sizes.push(0);
    this.pending.push(0);
  }

  /** A level that was once the largest need not keep that much memory. */
  private shrink(h: number): void {
    const room = 2 * this.capacity(h);
    if (h > 0 && this.levels[h]!.length > room) this.levels[h] = this.levels[h]!.slice(0, room);
  }

  private append(h: number, values: Float64Array): void {
    const size = this.sizes[h]!;
    let level = this.levels[h]!;
    if (size + values.length > level.length) {
      level = new Float64Array(size + values.length + SMALLEST);
      level.set(this.levels[h]!.subarray(0, size));
      this.levels[h] = level;
    }
    level.set(values, size);
    this.sizes[h] = size + values.length;
  }
}
