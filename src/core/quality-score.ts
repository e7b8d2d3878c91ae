/** Shares from 0 to 1; overall is null without a record. */
export interface Score {
  readonly overall: number | null;
  readonly dimensions: Readonly<Record<string, number>>;
  readonly records: number;
}

/** What a failure takes from the score, by severity: a warning is worth a third of an error, the rest nothing. */
export const SEVERITY_WEIGHTS: Readonly<Record<string, number>> = { error: 1, warn: 0.3 };

export interface DimensionFailures {
  readonly dimension: string;
  readonly severity: string;
  readonly failures: number;
}

/**
 * Quality of the records of a window, from 0 to 1. Of each dimension: 1 less the weighted failures of its rules per record,
 * never below 0. Overall: the product of the dimensions, as if their failures fell on records independently.
 * Example: 100 records, 5 errors of completeness and 10 warnings of validity give .95, .97 and overall .9215.
 * Dimensions: DAMA UK, The six primary dimensions for data quality assessment (2013).
 */
export function qualityScore(records: number, failures: readonly DimensionFailures[]): Score {
  if (records === 0) return { overall: null, dimensions: {}, records };
  const lost = new Map<string, number>();
  for (const { dimension, severity, failures: n } of failures) {
    const weight = SEVERITY_WEIGHTS[severity] ?? 0;
    if (weight > 0) lost.set(dimension, (lost.get(dimension) ?? 0) + weight * n);
  }
  const dimensions = Object.fromEntries(
    [...lost].map(([dimension, n]) => [dimension, Math.max(0, 1 - n / records)] as const),
  );
  return { overall: Object.values(dimensions).reduce((product, share) => product * share, 1), dimensions, records };
}
