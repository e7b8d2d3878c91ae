import { parseInstant } from '../core/time.ts';
import { datePattern } from '../kernels/clean/date-pattern.ts';

/** Two-digit years from here on are of the last century. */
const CENTURY_PIVOT = 70;

/** Reads an event time: RFC 3339 without patterns, else by the first pattern that fits. NaN when none does. */
export function timeParser(patterns: readonly string[]): (text: string) => number {
  if (patterns.length === 0) return parseInstant;
  const readers = patterns.map((pattern) => datePattern(pattern, { pivot: CENTURY_PIVOT }));
  return (text) => {
    for (const reader of readers) {
      const at = reader.parse(text);
      if (!Number.isNaN(at)) return at;
    }
    return Number.NaN;
  };
}
