import { medianOf } from '../sketch/median.ts';

/** 1 / Φ⁻¹(3/4): makes the median absolute deviation of a normal its standard deviation. */
const MAD_TO_SD = 1.4826;
/** √(π/2): the same for the mean absolute deviation. */
const MEAN_TO_SD = 1.2533;

export interface HistoryOptions {
  /** Windows remembered. */
  readonly windows: number;
  /** Windows needed before it judges. */
  readonly atLeast: number;
  /** Half the width of what is expected, in robust standard deviations. */
  readonly deviations: number;
  /** Smallest half width, as a share of the median. */
  readonly tolerance: number;
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Bounds from the last windows of the measure itself.
 *
 * Idea: median ± deviations × 1.4826 × MAD, so that a bad window among the remembered ones moves nothing and a lasting
 * change becomes the new normal once it fills half of them. A short history knows its own spread badly: the width grows by
 * 1 + 4 / n. Where most windows agree exactly (MAD 0) the mean absolute deviation stands in, and `tolerance` keeps the
 * width from being nothing.
 * Cost: a sort of `windows` numbers a window.
 *
 * Source: Iglewicz & Hoaglin 1993, "How to Detect and Handle Outliers" (modified z-score).
 */
export class History {
  readonly values: number[] = [];
  private readonly options: HistoryOptions;

  constructor(options: HistoryOptions) {
    this.options = options;
  }

  bounds(): Bounds | undefined {
    const { atLeast, deviations, tolerance } = this.options;
    const n = this.values.length;
    if (n < atLeast) return undefined;
    const middle = medianOf(this.values);
    const distances = this.values.map((value) => Math.abs(value - middle));
    const mad = medianOf(distances) * MAD_TO_SD;
    const spread = mad > 0 ? mad : (distances.reduce((sum, d) => sum + d, 0) / n) * MEAN_TO_SD;
    const half = Math.max(spread * deviations * (1 + 4 / n), tolerance * Math.abs(middle));
    return { min: middle - half, max: middle + half };
  }

  learn(value: number): void {
    this.values.push(value);
    if (this.values.length > this.options.windows) this.values.shift();
  }
}
