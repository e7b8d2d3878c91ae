import type { Features } from './features.ts';
import type { FeatureFrequencies } from './frequencies.ts';

type Counted = Pick<Features, 'hashes' | 'counts'>;

/** Share of the features of either that both have, 0 to 1; two empty sets are nothing alike. */
export function jaccard(a: Int32Array, b: Int32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i]!, b[j]!];
    if (x === y) shared++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  const either = a.length + b.length - shared;
  return either === 0 ? 0 : shared / either;
}

/**
 * Cosine of (1 + ln tf) · idf, 0 to 1, with the frequencies of now: weights kept from earlier would go stale.
 * Symmetric; 1 of a record with itself. Cost: one step a feature. Source: Salton & Buckley 1988.
 */
export function cosine(a: Counted, b: Counted, frequencies: FeatureFrequencies): number {
  let [dot, left, right] = [0, 0, 0];
  let [i, j] = [0, 0];
  while (i < a.hashes.length || j < b.hashes.length) {
    const x = i < a.hashes.length ? a.hashes[i]! : 0x80000000;
    const y = j < b.hashes.length ? b.hashes[j]! : 0x80000000;
    const weight = frequencies.weight(Math.min(x, y));
    const u = x <= y ? weight * tf(a.counts[i++]!) : 0;
    const v = y <= x ? weight * tf(b.counts[j++]!) : 0;
    dot += u * v;
    left += u * u;
    right += v * v;
  }
  return left === 0 || right === 0 ? 0 : Math.min(1, dot / Math.sqrt(left * right));
}

const LOGS = Float64Array.from({ length: 256 }, (_, n) => (n === 0 ? 0 : 1 + Math.log(n)));

function tf(count: number): number {
  return count < LOGS.length ? LOGS[count]! : 1 + Math.log(count);
}
