/** C of the sequence below: Σ ξ_i (1 + ln i) is then at most α / b0. */
const XI = 0.139307;
/** Share of α that is there to be spent before the first discovery. */
const FIRST_WEALTH = 0.1;

/**
 * Which of several hypotheses to reject so that the expected share of wrong ones among the rejected is at most q.
 *
 * Idea: the largest k with p_(k) ≤ k q / m; the k smallest go.
 * In: p-values, independent or positively dependent. Out: for each whether it is rejected.
 *
 * Example: `benjaminiHochberg([0.01, 0.9, 0.03], 0.05)` is `[true, false, true]`.
 *
 * Source: Benjamini & Hochberg 1995.
 */
export function benjaminiHochberg(ps: readonly number[], q: number): boolean[] {
  const sorted = ps.toSorted((a, b) => a - b);
  const last = sorted.findLastIndex((p, i) => p <= ((i + 1) * q) / ps.length);
  const most = last < 0 ? -1 : sorted[last]!;
  return ps.map((p) => p <= most);
}

/**
 * One p-value for "none of them is false": `benjaminiHochberg` at q rejects something exactly when it is at most q.
 * Source: Simes 1986.
 */
export function simes(ps: readonly number[]): number {
  const sorted = ps.toSorted((a, b) => a - b);
  return sorted.reduce((least, p, i) => Math.min(least, (p * ps.length) / (i + 1)), 1);
}

/**
 * Levels for hypotheses that come one after the other for ever, so that the expected share of wrong ones among all that
 * were rejected stays at most `alpha`, whatever the p-values depend on.
 *
 * Idea: hypothesis i is tested at ξ_i · (wealth after the last discovery), which is paid; a discovery earns b0 = .9 α.
 * ξ_i = .139307 α / (b0 i ln(max(i, 2))³).
 * In: 0 < alpha < 1. Cost: three numbers.
 *
 * Source: Javanmard & Montanari 2018, "Online rules for control of false discovery rate", section 3.3 (LORD under dependence).
 */
export class Lord {
  private readonly alpha: number;
  private tested = 0;
  private wealth: number;
  private wealthThen: number;

  constructor(alpha: number) {
    this.alpha = alpha;
    this.wealth = FIRST_WEALTH * alpha;
    this.wealthThen = this.wealth;
  }

  /** Level of the next hypothesis. */
  get level(): number {
    const i = this.tested + 1;
    return lordShare(i, this.alpha) * this.wealthThen;
  }

  /** Tests the next hypothesis. */
  test(p: number): boolean {
    const { level } = this;
    const rejects = p <= level;
    this.tested++;
    this.wealth -= level;
    if (!rejects) return false;
    this.wealth += (1 - FIRST_WEALTH) * this.alpha;
    this.wealthThen = this.wealth;
    return true;
  }

  save(): readonly number[] {
    return [this.tested, this.wealth, this.wealthThen];
  }

  load([tested, wealth, wealthThen]: readonly number[]): void {
    this.tested = tested!;
    this.wealth = wealth!;
    this.wealthThen = wealthThen!;
  }
}

/** ξ_i. */
export function lordShare(i: number, alpha: number): number {
  return (XI * alpha) / ((1 - FIRST_WEALTH) * alpha * i * Math.log(Math.max(i, 2)) ** 3);
}
