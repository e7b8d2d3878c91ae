/** Steps a series remembers. */
const WINDOW_STEPS = 512;
/** Steps after which there is a limit at all. */
const MIN_STEPS = 20;
/** The limit is worked out again after so many steps. */
const REFRESH_STEPS = 32;
/** Times the 99th percentile of what is normal. */
const SPEED_FACTOR = 1.5;
/** A point further out of both its neighbours than this times what nine of ten points are is no witness. */
const SPIKE_FACTOR = 3;

export interface StoredLimit {
  readonly speeds: Float64Array;
  readonly bumps: Float64Array;
  readonly count: number;
  readonly limit: number;
  /** Time and value of the last two points, time of the limit. */
  readonly last: readonly [t1: number, x1: number, t0: number, x0: number];
}

/**
 * How fast a series moves at most, learned from its raw values.
 *
 * Idea: 1.5 × the 99th percentile of |Δx| / Δt. A spike would raise it by its two large steps, so steps at points that
 * stick out of both neighbours (by more than three times the 90th percentile of that) are left out.
 * Cost: a sort of 512 numbers every 32 points; 8 KB.
 * Source: Song et al. 2015 (speed constraints); the way around the spikes is ours.
 */
export class SpeedLimit {
  private readonly speeds: Float64Array;
  /** How far point k sticks out of both its neighbours; 0 when it does not. */
  private readonly bumps: Float64Array;
  private count = 0;
  private limit = Number.NaN;
  private t1 = Number.NaN;
  private x1 = Number.NaN;
  private t0 = Number.NaN;
  private x0 = Number.NaN;

  constructor(stored?: StoredLimit) {
    this.speeds = new Float64Array(WINDOW_STEPS);
    this.bumps = new Float64Array(WINDOW_STEPS);
    if (stored === undefined) return;
    this.speeds.set(stored.speeds);
    this.bumps.set(stored.bumps);
    this.count = stored.count;
    this.limit = stored.limit;
    [this.t1, this.x1, this.t0, this.x0] = stored.last;
  }

  /** Units of the value per unit of time; NaN while too little is known, or when nothing ever moves. */
  get value(): number {
    return this.limit > 0 ? this.limit : Number.NaN;
  }

  /** Takes in the next raw point; one that is not later than the last is left out. */
  learn(t: number, x: number): void {
    if (t <= this.t1) return;
    const { t1, x1, t0, x0 } = this;
    this.t0 = t1;
    this.x0 = x1;
    this.t1 = t;
    this.x1 = x;
    if (Number.isNaN(x0)) return;
    const before = x1 - x0;
    const after = x1 - x;
    const at = this.count % WINDOW_STEPS;
    this.speeds[at] = Math.abs(before) / (t1 - t0);
    this.bumps[at] = before * after > 0 ? Math.min(Math.abs(before), Math.abs(after)) : 0;
    this.count++;
    if (this.count >= MIN_STEPS && (this.count % REFRESH_STEPS === 0 || this.count === MIN_STEPS)) this.refresh();
  }

  save(): StoredLimit {
    const n = Math.min(this.count, WINDOW_STEPS);
    const last = [this.t1, this.x1, this.t0, this.x0] as const;
    return {
      speeds: this.speeds.slice(0, n),
      bumps: this.bumps.slice(0, n),
      count: this.count,
      limit: this.limit,
      last,
    };
  }

  private refresh(): void {
    const n = Math.min(this.count, WINDOW_STEPS);
    const most = SPIKE_FACTOR * quantile(this.bumps.slice(0, n), 0.9);
    const normal: number[] = [];
    for (let i = 0; i < n; i++) {
      const before = this.bumps[(i + n - 1) % n]!;
      if (this.bumps[i]! <= most && before <= most) normal.push(this.speeds[i]!);
    }
    this.limit = SPEED_FACTOR * quantile(Float64Array.from(normal), 0.99);
  }
}

/** Sorts `values`; 0 of none. */
function quantile(values: Float64Array, share: number): number {
  values.sort();
  return values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
}
