/** One field of a sample: `values[i]` belongs to record i, undefined where it is missing. */
export interface Column {
  readonly field: string;
  readonly values: readonly unknown[];
}

/** Values that are there: neither missing nor null. */
export function filled(column: Column): readonly unknown[] {
  return column.values.filter((value) => value !== null && value !== undefined);
}

/** Counts by value, most frequent first; ties in order of appearance. */
export function countsOf<T>(values: Iterable<T>): readonly (readonly [value: T, count: number])[] {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** Share of the values a test holds for; 0 of none. */
export function shareOf<T>(values: readonly T[], test: (value: T) => boolean): number {
  if (values.length === 0) return 0;
  let hits = 0;
  for (const value of values) if (test(value)) hits++;
  return hits / values.length;
}

/** Quantile of sorted numbers by nearest rank. */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]!;
}
