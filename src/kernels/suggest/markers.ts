import { type Column, countsOf, filled, quantileOf } from './column.ts';

/** Texts that mean "unknown" wherever they stand. Source: the lists of pandas.read_csv and OpenRefine. */
const MARKERS = new Set(
  'n/a,na,#n/a,#na,n.a.,null,<null>,(null),nil,none,nan,-nan,undefined,unknown,missing,empty,tbd,?,??,-,--,---,.,…'.split(
    ',',
  ),
);
/** A word that is also a value like others counts as a marker only among numbers or dates. */
const ALSO_WORDS = new Set(['unknown', 'none', 'empty', 'missing', 'na', '-', '.', 'tbd']);
/** Least share of the values a sentinel number has, and fewest. */
const SENTINEL_SHARE = 0.005;
const SENTINEL_COUNT = 5;

/** Texts among the values that mean "unknown", each as it is written most often. `others`: whether the rest is numbers or dates. */
export function nullMarkers(column: Column, others: 'numbers' | 'texts'): readonly string[] {
  const found = new Map<string, string>();
  for (const [value] of countsOf(filled(column))) {
    if (typeof value !== 'string') continue;
    const word = value.trim().toLowerCase();
    if (word === '' || (MARKERS.has(word) && (others === 'numbers' || !ALSO_WORDS.has(word)))) {
      if (!found.has(word)) found.set(word, value.trim());
    }
  }
  return [...found.values()];
}

/**
 * A number that stands for "unknown": -200, -999, 9999.
 *
 * Idea: it is the smallest or the largest value, comes again and again, and a gap lies between it and all others that is
 * wider than what they span; or it is the only negative one, and further from them than half of them are from each other.
 */
export function sentinel(numbers: readonly number[]): number | undefined {
  const counts = new Map(countsOf(numbers));
  for (const candidate of [Math.min(...counts.keys()), Math.max(...counts.keys())]) {
    const count = counts.get(candidate) ?? 0;
    if (count < SENTINEL_COUNT || count < SENTINEL_SHARE * numbers.length || !Number.isInteger(candidate)) continue;
    const rest = Float64Array.from(numbers.filter((value) => value !== candidate)).sort();
    if (rest.length < 20) continue;
    const [low, high] = [rest[0]!, rest[rest.length - 1]!];
    const gap = candidate < low ? low - candidate : candidate - high;
    const isOnlyNegative = candidate < 0 && low >= 0 && gap > (quantileOf(rest, 0.75) - quantileOf(rest, 0.25)) / 2;
    if (gap > high - low || (isOnlyNegative && isRound(candidate))) return candidate;
  }
  return undefined;
}

/** What people type for "unknown": -1, -9, -99, -100, -200, -999. */
function isRound(value: number): boolean {
  const text = String(Math.abs(value));
  return value === -1 || /^9+$/.test(text) || /^[1-9]00+$/.test(text);
}
