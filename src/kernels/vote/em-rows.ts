/** Keeps a probability away from 0: plain Dawid–Skene would be sure after one vote. */
export const FLOOR = 1e-10;

/** What voters said where the posterior says what was true. */
export interface Counts {
  /** `[(w · K + j) · K + l]` */
  readonly confusion: Float64Array;
  /** `[j · K + l]`, summed over voters. */
  readonly pool: Float64Array;
}

interface Rows {
  readonly counts: Counts;
  readonly k: number;
  /** Votes the pooled row and the voter's own accuracy are worth; Infinity for the latter: one coin alone. */
  readonly poolStrength: number;
  readonly ownStrength: number;
  /** Out: log θ. */
  readonly theta: Float64Array;
  /** Out: diagonal share. */
  readonly accuracy: Float64Array;
}

/** M-step: a voter's rows, drawn to the pooled row and to the voter's own accuracy. */
export function logConfusion({ counts, k, poolStrength, ownStrength, theta, accuracy }: Rows): void {
  const { confusion, pool } = counts;
  const pooled = pooledRows(pool, k);
  const g = pooledAccuracy(pool, k);
  const coin = ownStrength === Number.POSITIVE_INFINITY;
  const own = coin ? 1 : ownStrength;
  for (let w = 0; w < accuracy.length; w++) {
    const base = w * k * k;
    let diagonal = 0;
    let total = 0;
    for (let j = 0; j < k; j++) {
      diagonal += confusion[base + j * k + j]!;
      for (let l = 0; l < k; l++) total += confusion[base + j * k + l]!;
    }
    accuracy[w] = (diagonal + 2 * g) / (total + 2);
    const off = k > 1 ? (1 - accuracy[w]!) / (k - 1) : 1;
    for (let j = 0; j < k; j++) {
      let row = 0;
      for (let l = 0; l < k; l++) {
        const seen = coin ? 0 : confusion[base + j * k + l]! + poolStrength * pooled[j * k + l]!;
        const value = seen + own * (l === j ? accuracy[w]! : off) + FLOOR;
        theta[base + j * k + l] = value;
        row += value;
      }
      for (let l = 0; l < k; l++) theta[base + j * k + l] = Math.log(theta[base + j * k + l]! / row);
    }
  }
}

/** P[j][l]: the confusion rows of all voters together, smoothed by ones and three on the diagonal. */
export function pooledRows(pool: Float64Array, k: number): Float64Array {
  const rows = new Float64Array(k * k);
  for (let j = 0; j < k; j++) {
    let sum = k + 3;
    for (let l = 0; l < k; l++) sum += pool[j * k + l]!;
    for (let l = 0; l < k; l++) rows[j * k + l] = (pool[j * k + l]! + (l === j ? 4 : 1)) / sum;
  }
  return rows;
}

/** Share of the diagonal in the pooled counts, with the same smoothing. */
export function pooledAccuracy(pool: Float64Array, k: number): number {
  let diagonal = 4 * k;
  let total = k * (k + 3);
  for (let j = 0; j < k; j++) {
    diagonal += pool[j * k + j]!;
    for (let l = 0; l < k; l++) total += pool[j * k + l]!;
  }
  return diagonal / total;
}

/** In place, by log-sum-exp. */
export function softmax(log: Float64Array, length: number = log.length): void {
  let top = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < length; j++) if (log[j]! > top) top = log[j]!;
  let sum = 0;
  for (let j = 0; j < length; j++) {
    const value = Math.exp(log[j]! - top);
    log[j] = value;
    sum += value;
  }
  for (let j = 0; j < length; j++) log[j]! /= sum;
}
