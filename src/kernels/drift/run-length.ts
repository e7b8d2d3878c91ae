import { normalCdf } from './normal.ts';

/** Siegmund's correction for the overshoot of a normal walk, both ends. */
const OVERSHOOT = 1.166;
/** States of the chain that thresholds are solved with; twice as many, extrapolated, is within .1 % of 800 (tested). */
const STATES = 120;

/**
 * Average run length of a one-sided CUSUM G := max(0, G + z - k) with threshold h from G = 0, z normal with mean `shift`.
 * Siegmund's closed form: within a few percent.
 *
 * Source: Siegmund 1985, "Sequential Analysis", section 2.6.
 */
export function siegmundRunLength(chart: { readonly k: number; readonly h: number }, shift = 0): number {
  const b = chart.h + OVERSHOOT;
  const drift = shift - chart.k;
  if (Math.abs(drift) < 1e-9) return b * b;
  return (Math.exp(-2 * drift * b) + 2 * drift * b - 1) / (2 * drift * drift);
}

/**
 * The same by a Markov chain of `states` steps between 0 and h.
 * Cost: states³ / 3 multiplications.
 *
 * Example: k = .5, h = 5 gives 465.4, 38.0 and 10.4 at a shift of 0, .5 and 1.
 *
 * Source: Brook & Evans 1972.
 */
export function chainRunLength(chart: { readonly k: number; readonly h: number }, shift = 0, states = STATES): number {
  const m = states;
  const width = (2 * chart.h) / (2 * m - 1);
  const from = chart.k - shift;
  // steps[d] = P(the walk moves by d states), d from -(m - 1) to m - 1
  const steps = new Float64Array(2 * m - 1);
  for (let d = -(m - 1); d <= m - 1; d++)
    steps[d + m - 1] = normalCdf(d * width + width / 2 + from) - normalCdf(d * width - width / 2 + from);
  const rows: Float64Array[] = [];
  for (let i = 0; i < m; i++) {
    const row = new Float64Array(m + 1);
    row[0] = -normalCdf(width / 2 - i * width + from);
    for (let j = 1; j < m; j++) row[j] = -steps[j - i + m - 1]!;
    row[i]! += 1;
    row[m] = 1;
    rows.push(row);
  }
  return firstOfSolution(rows);
}

/** x[0] of a linear system whose last column is the right side; I - Q needs no pivoting. Eliminated from the end upwards. */
function firstOfSolution(rows: readonly Float64Array[]): number {
  const m = rows.length;
  for (let p = m - 1; p > 0; p--) {
    const pivot = rows[p]!;
    for (let i = 0; i < p; i++) {
      const row = rows[i]!;
      const factor = row[p]! / pivot[p]!;
      if (factor === 0) continue;
      for (let j = 0; j < p; j++) row[j]! -= factor * pivot[j]!;
      row[m]! -= factor * pivot[m]!;
    }
  }
  return rows[0]![m]! / rows[0]![0]!;
}

const solved = new Map<string, number>();

/**
 * Threshold h at which a two-sided CUSUM of normal scores has average run length `runLength` in control.
 *
 * Idea: each side gets twice the run length; ln ARL is almost straight in h, so a few secant steps from Siegmund's
 * threshold on the chain (two sizes, extrapolated: the chain's error falls with the square of its step) are enough.
 * In: k > 0, runLength > 10. Cost: some 10 ms, once for each pair.
 *
 * Example: `cusumThreshold(0.25, 1e6)` is about 23.7, `cusumThreshold(0.5, 4e6)` about 14.05.
 */
export function cusumThreshold(k: number, runLength: number): number {
  const key = `${k}/${runLength}`;
  const known = solved.get(key);
  if (known !== undefined) return known;
  const target = Math.log(2 * runLength);
  let h = bisect((x) => Math.log(siegmundRunLength({ k, h: x })) - target, 0.1, 400 / k);
  for (let step = 0; step < 3; step++) {
    const fine = Math.log(chainRunLength({ k, h }, 0, 2 * STATES));
    const coarse = Math.log(chainRunLength({ k, h }, 0, STATES));
    const off = fine + (fine - coarse) / 3 - target;
    h -= off / (2 * k);
    if (Math.abs(off) < 1e-4) break;
  }
  if (solved.size < 10_000) solved.set(key, h);
  return h;
}

/** How far expected false alarms may exceed the nominal ones because the reference is a sample. */
export const SAMPLE_EXCESS = 2.5;
/** Below this no threshold can make up for what a small reference does not know. */
const CORRECTED_FROM_RECORDS = 1000;

/**
 * The threshold for a reference of `n` records.
 *
 * Idea: scores under a sampled reference have a mean of size 1 / √n for ever, and a slow chart adds that up. So h is
 * raised until the false alarms expected over that error are at most 2.5 times the nominal ones. (To demand 1 costs a
 * fifth in delay at a quarter of a standard deviation; 10,000 records need next to nothing.)
 */
export function sampledThreshold(k: number, runLength: number, n: number): number {
  const exact = cusumThreshold(k, runLength);
  if (n < CORRECTED_FROM_RECORDS) return exact;
  const most = Math.log(SAMPLE_EXCESS / runLength);
  if (Math.log(expectedRate(k, exact, n)) <= most) return exact;
  return bisect((h) => most - Math.log(expectedRate(k, h, n)), exact, 2 * exact);
}

/** False alarms a record of both sides, averaged over a normal error of the mean with standard deviation 1 / √n. */
function expectedRate(k: number, h: number, n: number): number {
  let sum = 0;
  let weights = 0;
  for (let i = -40; i <= 40; i++) {
    const error = i / 10;
    const weight = Math.exp(-0.5 * error * error);
    sum += (weight * 2) / siegmundRunLength({ k, h }, error / Math.sqrt(n));
    weights += weight;
  }
  return sum / weights;
}

/** Root of a rising function. */
export function bisect(rising: (x: number) => number, from: number, to: number): number {
  let low = from;
  let high = to;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
