/** Published detectors with the defaults of their papers, as yardsticks: true means drift. Each starts anew after an alarm. */
export interface Detector {
  add(value: number): boolean;
}

/** Adaptive windows. Source: Bifet & Gavaldà 2007, with the exponential histogram of section 4; checked every 32 values. */
export class Adwin implements Detector {
  private readonly delta: number;
  /** rows[r]: [sum, variance sum] of buckets of 2^r values, newest last. */
  private rows: [number, number][][] = [[]];
  private n = 0;
  private sum = 0;
  private ticks = 0;

  constructor(delta = 0.002) {
    this.delta = delta;
  }

  add(value: number): boolean {
    this.rows[0]!.push([value, 0]);
    this.n++;
    this.sum += value;
    for (let r = 0; this.rows[r]!.length > 5; r++) {
      const [a, b] = this.rows[r]!.splice(0, 2) as [[number, number], [number, number]];
      const size = 2 ** r;
      this.rows[r + 1] ??= [];
      this.rows[r + 1]!.push([a[0] + b[0], a[1] + b[1] + (size / 2) * ((a[0] - b[0]) / size) ** 2]);
    }
    if (++this.ticks % 32 !== 0 || this.n < 10) return false;
    let found = false;
    while (this.cut()) found = true;
    return found;
  }

  private cut(): boolean {
    const variance = this.variance();
    const logs = Math.log((2 * Math.log(this.n)) / this.delta);
    let [n0, sum0] = [0, 0];
    for (let r = this.rows.length - 1; r >= 0; r--)
      for (const [sum] of this.rows[r]!) {
        n0 += 2 ** r;
        sum0 += sum;
        const n1 = this.n - n0;
        if (n0 < 5 || n1 < 5) continue;
        const m = 1 / (1 / (n0 - 4) + 1 / (n1 - 4));
        const bound = Math.sqrt((2 / m) * variance * logs) + (2 / (3 * m)) * logs;
        if (Math.abs(sum0 / n0 - (this.sum - sum0) / n1) <= bound) continue;
        this.dropOldest();
        return true;
      }
    return false;
  }

  private variance(): number {
    const mean = this.sum / this.n;
    let squares = 0;
    for (const [r, row] of this.rows.entries())
      for (const [sum, within] of row) squares += within + 2 ** r * (sum / 2 ** r - mean) ** 2;
    return squares / this.n;
  }

  private dropOldest(): void {
    while (this.rows.at(-1)!.length === 0) this.rows.pop();
    const [sum] = this.rows.at(-1)!.shift()!;
    this.n -= 2 ** (this.rows.length - 1);
    this.sum -= sum;
  }
}

/** Page-Hinkley on a running mean, both sides. Source: Page 1954; defaults of MOA and river. */
export class PageHinkley implements Detector {
  private n = 0;
  private mean = 0;
  private up = 0;
  private down = 0;
  private least = 0;
  private most = 0;

  add(value: number): boolean {
    this.mean += (value - this.mean) / ++this.n;
    this.up = 0.9999 * this.up + value - this.mean - 0.005;
    this.down = 0.9999 * this.down + value - this.mean + 0.005;
    this.least = Math.min(this.least, this.up);
    this.most = Math.max(this.most, this.down);
    if (this.n < 30 || (this.up - this.least <= 50 && this.most - this.down <= 50)) return false;
    Object.assign(this, new PageHinkley());
    return true;
  }
}

/** Error rate three deviations above its minimum. Source: Gama, Medas, Castillo & Rodrigues 2004. */
export class Ddm implements Detector {
  private n = 0;
  private p = 1;
  private least = Number.POSITIVE_INFINITY;
  private leastP = 0;
  private leastS = 0;

  add(value: number): boolean {
    this.p += (value - this.p) / ++this.n;
    const s = Math.sqrt((this.p * (1 - this.p)) / this.n);
    if (this.n < 30) return false;
    if (this.p + s < this.least) {
      this.least = this.p + s;
      this.leastP = this.p;
      this.leastS = s;
    }
    if (this.p + s <= this.leastP + 3 * this.leastS) return false;
    Object.assign(this, new Ddm());
    return true;
  }
}

interface Weighted {
  readonly mean: number;
  readonly squares: number;
}

/** Weighted means with McDiarmid's bound, λ = .05, confidence .001. Source: Frías-Blanco et al. 2015, HDDM_W. */
export class HddmW implements Detector {
  private total: Weighted | undefined;
  private before: Weighted | undefined;
  private after: Weighted | undefined;
  private limit = Number.POSITIVE_INFINITY;

  add(value: number): boolean {
    this.total = step(this.total, value);
    const bound = this.total.mean + radius(this.total.squares);
    if (this.before === undefined || bound < this.limit) {
      this.limit = bound;
      this.before = this.total;
      this.after = undefined;
    } else this.after = step(this.after, value);
    if (this.after === undefined) return false;
    if (this.after.mean - this.before.mean <= radius(this.after.squares + this.before.squares)) return false;
    Object.assign(this, new HddmW());
    return true;
  }
}

function step(old: Weighted | undefined, value: number): Weighted {
  if (old === undefined) return { mean: value, squares: 1 };
  return { mean: 0.05 * value + 0.95 * old.mean, squares: 0.05 ** 2 + 0.95 ** 2 * old.squares };
}

function radius(squares: number): number {
  return Math.sqrt((squares * Math.log(1 / 0.001)) / 2);
}

/** Every nth value, or (n = 0) never: what a score must beat. */
export class Clockwork implements Detector {
  private readonly every: number;
  private n = 0;

  constructor(every: number) {
    this.every = every;
  }

  add(): boolean {
    return this.every > 0 && ++this.n % this.every === 0;
  }
}

export const DETECTORS: Readonly<Record<string, () => Detector>> = {
  'ADWIN .002': () => new Adwin(),
  'Page-Hinkley': () => new PageHinkley(),
  DDM: () => new Ddm(),
  HDDM_W: () => new HddmW(),
  'always (every 100)': () => new Clockwork(100),
  never: () => new Clockwork(0),
};
