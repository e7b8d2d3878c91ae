/** Highest order of the autoregression tried. */
const MAX_ORDER = 20;
/** The window estimate replaces the autoregression when it is larger by this many of its standard errors. */
const BEYOND = 2;

/**
 * Variance that a sum of dependent values has per value: γ0 + 2 Σ γl.
 *
 * Idea: an autoregression whose order is chosen by BIC says γ0 for white noise and needs few parameters for what is
 * dependent, so its error is small; a Bartlett window of √n lags assumes nothing and errs by √(4 / 3√n). The
 * autoregression counts unless the window says clearly more (a cycle, long memory).
 * In: values with mean about 0. Out: the variance, at least `floor`: ties and negative dependence give no credit.
 * Cost: n · √n multiplications.
 *
 * Example: an AR(1) with φ = .8 and innovations of 1 has 25; white noise its variance.
 *
 * Source: Newey & West 1987 (Bartlett); den Haan & Levin 1997 (autoregression by an information criterion).
 */
export function longRunVariance(values: Float64Array, floor: number): number {
  const n = values.length;
  if (n < 8) return floor;
  const lags = Math.floor(Math.sqrt(n));
  const order = Math.min(MAX_ORDER, lags);
  const gamma = autocovariances(values, lags);
  if (!(gamma[0]! > 0)) return floor;
  let bartlett = gamma[0]!;
  for (let l = 1; l <= lags; l++) bartlett += 2 * (1 - l / (lags + 1)) * gamma[l]!;
  const fitted = autoregressive(gamma, order, n);
  const clearly = fitted * (1 + BEYOND * Math.sqrt((4 * lags) / (3 * n)));
  return Math.max(floor, bartlett > clearly ? bartlett : fitted);
}

function autocovariances(values: Float64Array, lags: number): Float64Array {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  const centered = values.map((value) => value - mean);
  const gamma = new Float64Array(lags + 1);
  for (let l = 0; l <= lags; l++) {
    let sum = 0;
    for (let i = l; i < n; i++) sum += centered[i]! * centered[i - l]!;
    gamma[l] = sum / n;
  }
  return gamma;
}

/** Levinson-Durbin; at each order the spectrum at zero is known: σ² / (1 - Σφ)². */
function autoregressive(gamma: Float64Array, order: number, n: number): number {
  let phi = new Float64Array(order + 1);
  let noise = gamma[0]!;
  let best = gamma[0]!;
  let bestScore = n * Math.log(noise);
  for (let p = 1; p <= order; p++) {
    let top = gamma[p]!;
    for (let j = 1; j < p; j++) top -= phi[j]! * gamma[p - j]!;
    const reflection = top / noise;
    const next = phi.slice();
    next[p] = reflection;
    for (let j = 1; j < p; j++) next[j] = phi[j]! - reflection * phi[p - j]!;
    phi = next;
    noise *= 1 - reflection * reflection;
    if (!(noise > gamma[0]! * 1e-9)) break;
    const score = n * Math.log(noise) + p * Math.log(n);
    if (score >= bestScore) continue;
    bestScore = score;
    let sum = 0;
    for (let j = 1; j <= p; j++) sum += phi[j]!;
    best = noise / (1 - sum) ** 2;
  }
  return best;
}
