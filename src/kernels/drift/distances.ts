/** Distances between a reference's shares and counts seen since; they grade an alarm and never raise one. */
export interface Distances {
  /** Jensen-Shannon divergence, base 2 (0 to 1), less what chance adds. */
  readonly js: number;
  /** Population stability index less (B - 1)(1/n + 1/m). */
  readonly psi: number;
}

/**
 * In: shares of B cells (sum 1) from n records, counts of the same cells from m records.
 * What chance alone adds on average is taken off, so that a short run does not look far away.
 *
 * Source: Lin 1991 (JS; its bias from the χ² approximation), Yurdakul 2018 (PSI and its bias).
 */
export function distances(shares: ArrayLike<number>, n: number, counts: ArrayLike<number>, m: number): Distances {
  if (m === 0) return { js: 0, psi: 0 };
  let js = 0;
  let psi = 0;
  for (let b = 0; b < shares.length; b++) {
    const p = shares[b]!;
    const q = counts[b]! / m;
    const middle = (p + q) / 2;
    if (p > 0) js += (p / 2) * Math.log2(p / middle);
    if (q > 0) js += (q / 2) * Math.log2(q / middle);
    const p1 = Math.max(p, 0.5 / n);
    const q1 = Math.max(q, 0.5 / m);
    psi += (q1 - p1) * Math.log(q1 / p1);
  }
  const cells = shares.length - 1;
  const chance = cells * (1 / n + 1 / m);
  return { js: Math.max(0, js - chance / (8 * Math.LN2)), psi: Math.max(0, psi - chance) };
}

export type DriftSeverity = 'minor' | 'moderate' | 'major';

/** By the usual readings of PSI (.1, .25) and by the shift in standard deviations. */
export function severityOf(effect: { readonly psi: number; readonly sd: number }): DriftSeverity {
  const shift = Math.abs(effect.sd);
  if (effect.psi >= 0.25 || shift >= 1) return 'major';
  return effect.psi >= 0.1 || shift >= 0.3 ? 'moderate' : 'minor';
}
