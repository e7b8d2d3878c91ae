/**
 * Probability that a random sample of `part.records` out of `whole` holds at least `part.failures` of its failures.
 * Source: Fisher's exact test, one-sided (hypergeometric tail).
 */
export function fisherTail(
  part: { readonly records: number; readonly failures: number },
  whole: { readonly records: number; readonly failures: number },
): number {
  const most = Math.min(part.records, whole.failures);
  let term = Math.exp(
    lnChoose(whole.failures, part.failures) +
      lnChoose(whole.records - whole.failures, part.records - part.failures) -
      lnChoose(whole.records, part.records),
  );
  let sum = 0;
  for (let k = part.failures; k <= most && term > 0; k++) {
    sum += term;
    if (term < sum * 1e-12) break;
    term *=
      ((whole.failures - k) * (part.records - k)) / ((k + 1) * (whole.records - whole.failures - part.records + k + 1));
  }
  return Math.min(1, sum);
}

function lnChoose(n: number, k: number): number {
  return k < 0 || k > n ? Number.NEGATIVE_INFINITY : lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);
}

/** Stirling's series beyond 20, to 1e-12. */
function lnFactorial(n: number): number {
  if (n < 2) return 0;
  if (n <= 20) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (
    (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5)
  );
}

/** Φ⁻¹(p), by bisection on a continued-fraction tail: exact to 1e-9 for 0 < p < 1. */
export function normalQuantile(p: number): number {
  if (p < 0.5) return -normalQuantile(1 - p);
  const target = 1 - p;
  let low = 0;
  let high = 38;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (upperTail(middle) > target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(Z > x) for x ≥ 0. Source: Abramowitz & Stegun 26.2.10 (series) and 26.2.14 (continued fraction). */
function upperTail(x: number): number {
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let k = 1; k < 200; k++) {
      term *= (x * x) / (2 * k + 1);
      sum += term;
      if (term < 1e-17 * sum) break;
    }
    return 0.5 - density * sum;
  }
  let fraction = 0;
  for (let k = 100; k >= 1; k--) fraction = k / (x + fraction);
  return density / (x + fraction);
}
