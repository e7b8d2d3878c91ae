import { isUseful, learnPair, newRegression, predict, type Regression } from './regression.ts';

export const NUMBER_METHODS = ['last', 'regression', 'hour-of-day'] as const;
export type NumberMethod = (typeof NUMBER_METHODS)[number];

/** Weight of a new error in a running mean of errors. */
const ERROR_WEIGHT = 1 / 500;
/** Errors after which a method is judged by them. */
const MIN_ERRORS = 10;
/** An hour-of-day mean must do better than the plain mean by this share of the variance. */
const MIN_HOUR_GAIN = 0.1;
/** Values an hour needs. */
const MIN_HOUR_VALUES = 3;
/** Confidence in a method that has shown nothing yet: enough to be used, not more. */
const UNTRIED = 0.5;
const HOURS = 24;
const HOUR_MS = 3_600_000;

interface ErrorMean {
  n: number;
  /** Mean squared error. */
  mean: number;
}

/** What a series knows of one field that may be missing; plain data. */
export interface ImputeState {
  /** The last values observed in a row, newest last; as many as `last` may bridge. */
  readonly recent: number[];
  /** Records since the last value. */
  gap: number;
  readonly lagErrors: ErrorMean[];
  readonly hours: { n: number; mean: number }[];
  readonly hourError: ErrorMean;
  n: number;
  mean: number;
  variance: number;
  /** By column. */
  readonly pairs: Map<number, Regression>;
}

export interface Imputation {
  readonly value: number;
  readonly method: NumberMethod;
  readonly confidence: number;
  /** Column a regression rests on. */
  readonly from?: number;
}

export function newImputeState(): ImputeState {
  return {
    recent: [],
    gap: 0,
    lagErrors: [],
    hours: Array.from({ length: HOURS }, () => ({ n: 0, mean: 0 })),
    hourError: { n: 0, mean: 0 },
    n: 0,
    mean: 0,
    variance: 0,
    pairs: new Map(),
  };
}

export interface ImputeSettings {
  readonly methods: readonly NumberMethod[];
  /** Longest gap, in records, that `last` may bridge; a longer one it leaves alone as a whole. */
  readonly limit: number;
}

/** The numbers of a record by column, and when it was. */
export interface Reading {
  readonly t: number;
  readonly numbers: (column: number) => number | undefined;
  /** Columns a regression may use. */
  readonly others: readonly number[];
  /** Records behind this one that lack the value too, as far as they are known. */
  readonly missingAhead?: number;
}

/**
 * Learns an observed value: the error each method would have made, then the value.
 * Cost: a few operations, and some 30 a column it is compared with.
 */
export function learnValue(state: ImputeState, x: number, reading: Reading, settings: ImputeSettings): void {
  if (state.gap > 0) state.recent.length = 0;
  for (let lag = 1; lag <= state.recent.length; lag++) {
    const miss = x - state.recent[state.recent.length - lag]!;
    let error = state.lagErrors[lag - 1];
    if (error === undefined) {
      error = { n: 0, mean: 0 };
      state.lagErrors[lag - 1] = error;
    }
    learnError(error, miss);
  }
  const hour = state.hours[hourOf(reading.t)];
  if (hour !== undefined) {
    if (hour.n >= MIN_HOUR_VALUES) learnError(state.hourError, x - hour.mean);
    hour.n++;
    hour.mean += Math.max(1 / hour.n, ERROR_WEIGHT) * (x - hour.mean);
  }
  for (const column of reading.others) {
    const z = reading.numbers(column);
    if (z === undefined) continue;
    let pair = state.pairs.get(column);
    if (pair === undefined) {
      pair = newRegression();
      state.pairs.set(column, pair);
    }
    learnPair(pair, z, x);
  }
  state.n++;
  const weight = Math.max(1 / state.n, ERROR_WEIGHT);
  const dx = x - state.mean;
  state.mean += weight * dx;
  state.variance = (1 - weight) * (state.variance + weight * dx * dx);
  state.recent.push(x);
  if (state.recent.length > settings.limit) state.recent.shift();
  state.gap = 0;
}

/**
 * The value for a missing one, by the method whose errors have been smallest; undefined: leave it null.
 *
 * Confidence: variance / (variance + squared error): 1 for a method that never errs, .5 for one as good as the mean.
 * Source: METHODS 7.1 for methods and limits; choosing by their errors so far is ours.
 */
export function impute(state: ImputeState, reading: Reading, settings: ImputeSettings): Imputation | undefined {
  state.gap++;
  let best: { readonly imputation: Imputation; readonly error: number } | undefined;
  for (const method of settings.methods) {
    const guess = guessBy(method, state, reading, settings);
    if (guess === undefined) continue;
    const { value, error, from } = guess;
    if (best !== undefined && !(error < best.error)) continue;
    const confidence = Number.isNaN(error) ? UNTRIED : trust(error, state.variance);
    best = { imputation: { value, method, confidence, ...(from === undefined ? {} : { from }) }, error };
  }
  return best?.imputation;
}

interface Guess {
  readonly value: number;
  /** Mean squared; NaN: not known. */
  readonly error: number;
  readonly from?: number;
}

function guessBy(
  method: NumberMethod,
  state: ImputeState,
  reading: Reading,
  settings: ImputeSettings,
): Guess | undefined {
  switch (method) {
    case 'last': {
      const value = state.recent.at(-1);
      if (value === undefined || state.gap + (reading.missingAhead ?? 0) > settings.limit) return undefined;
      return { value, error: meanError(state.lagErrors[state.gap - 1]) };
    }
    case 'regression': {
      let best: Guess | undefined;
      for (const [column, pair] of state.pairs) {
        const z = reading.numbers(column);
        if (z === undefined || !isUseful(pair) || (best !== undefined && pair.error >= best.error)) continue;
        best = { value: predict(pair, z), error: pair.error, from: column };
      }
      return best;
    }
    case 'hour-of-day': {
      const hour = state.hours[hourOf(reading.t)];
      if (hour === undefined || hour.n < MIN_HOUR_VALUES || state.hourError.n < MIN_ERRORS) return undefined;
      if (state.hourError.mean > (1 - MIN_HOUR_GAIN) * state.variance) return undefined;
      return { value: hour.mean, error: state.hourError.mean };
    }
  }
}

function trust(error: number, variance: number): number {
  return error === 0 ? 1 : variance / (variance + error);
}

function learnError(error: ErrorMean, miss: number): void {
  error.n++;
  error.mean += Math.max(1 / error.n, ERROR_WEIGHT) * (miss * miss - error.mean);
}

function meanError(error: ErrorMean | undefined): number {
  return error === undefined || error.n < MIN_ERRORS ? Number.NaN : error.mean;
}

/** Hour of a time in milliseconds, UTC; NaN of none. */
function hourOf(t: number): number {
  return Math.floor((((t % (HOURS * HOUR_MS)) + HOURS * HOUR_MS) % (HOURS * HOUR_MS)) / HOUR_MS);
}
