import type { FieldReport } from './field-profile.ts';

/** What may be shown as a metric. */
export const FIGURES = ['null-ratio', 'distinct', 'mean', 'sd', 'min', 'max', 'p5', 'p50', 'p95'] as const;

/** Undefined where the field has none. */
export function figureOf(report: FieldReport, figure: string): number | undefined {
  const { numbers } = report;
  switch (figure) {
    case 'null-ratio':
      return report.records === 0 ? undefined : (report.missing + report.nulls) / report.records;
    case 'distinct':
      return report.distinct;
    case 'mean':
    case 'sd':
    case 'min':
    case 'max':
      return numbers?.[figure] ?? undefined;
    default:
      return numbers?.quantiles[figure];
  }
}
