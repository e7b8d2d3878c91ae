/** The newest `size` buckets of equal width; what lies between two additions is 0. */
export class Ring {
  private readonly values: Float64Array;
  private readonly widthMs: number;
  /** Number of the newest bucket since the epoch of the clock. */
  private newest = Number.NaN;

  constructor(size: number, widthMs: number) {
    this.values = new Float64Array(size);
    this.widthMs = widthMs;
  }

  add(nowMs: number, n: number): void {
    this.moveTo(nowMs);
    const { values } = this;
    values[this.newest % values.length] = (values[this.newest % values.length] ?? 0) + n;
  }

  /** Oldest first, the bucket of `nowMs` last. */
  list(nowMs: number): number[] {
    this.moveTo(nowMs);
    const { values, newest } = this;
    return Array.from(values, (_, i) => values[(newest + 1 + i) % values.length] ?? 0);
  }

  sum(nowMs: number, buckets: number): number {
    this.moveTo(nowMs);
    let sum = 0;
    for (let i = 0; i < Math.min(buckets, this.values.length); i++)
      sum += this.values[(this.newest - i + this.values.length * buckets) % this.values.length] ?? 0;
    return sum;
  }

  private moveTo(nowMs: number): void {
    const at = Math.floor(nowMs / this.widthMs);
    if (Number.isNaN(this.newest)) this.newest = at;
    const { values } = this;
    if (at - this.newest >= values.length) values.fill(0);
    else for (let i = this.newest + 1; i <= at; i++) values[i % values.length] = 0;
    if (at > this.newest) this.newest = at;
  }
}
