import type { FieldReport } from '../../kernels/profile/field-profile.ts';

const BLOCKS = '▁▂▃▄▅▆▇█';
const BAR_CHARS = 8;
const MAX_NAME = 24;
const MAX_SHOWN = 44;

export interface TableRow {
  readonly report: FieldReport;
  /** Shares of equal spans between smallest and largest number; empty without numbers. */
  readonly histogram: readonly number[];
}

/** A line a field: type, how many records have it (bar), distinct values, distribution (sparkline) or frequent values. */
export function renderTable(rows: readonly TableRow[], records: number, undecodable: number): string {
  const lines = rows.map(({ report, histogram }) => [
    cut(report.field, MAX_NAME),
    `${report.inferred.type}${report.inferred.asText && report.inferred.type !== 'text' ? ' (text)' : ''}`,
    filledBar(report),
    String(report.distinct),
    isNumeric(report) ? sparkline(histogram) : topShare(report),
    cut(shown(report), MAX_SHOWN),
  ]);
  const table = aligned([['field', 'type', 'filled', 'distinct', 'spread', 'values'], ...lines]);
  const bad = undecodable === 0 ? '' : `, ${undecodable} could not be read`;
  return `${records} records, ${rows.length} fields${bad}\n\n${table}`;
}

function filledBar({ records, missing, nulls }: FieldReport): string {
  const share = records === 0 ? 0 : (records - missing - nulls) / records;
  const full = share === 1 ? BAR_CHARS : Math.min(BAR_CHARS - 1, Math.round(share * BAR_CHARS));
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CHARS - full)} ${percent(share)}`;
}

function percent(share: number): string {
  const value = share * 100;
  // 99.96 is not all of them
  const text =
    value > 99.9 && value < 100 ? '99.9' : value > 0 && value < 0.1 ? '0.1' : value.toFixed(value === 100 ? 0 : 1);
  return `${text} %`;
}

function sparkline(shares: readonly number[]): string {
  const most = Math.max(...shares, Number.MIN_VALUE);
  return shares.map((share) => (share === 0 ? ' ' : BLOCKS[Math.ceil((share / most) * BLOCKS.length) - 1])).join('');
}

/** How much of it the most frequent value is. */
function topShare({ top, records }: FieldReport): string {
  const first = top[0];
  return first === undefined || records === 0 ? '' : `top ${percent(first.count / records)}`;
}

/** At least half of its values are numbers: a text that happens to be one says nothing. */
function isNumeric({ records, missing, nulls, numbers }: FieldReport): boolean {
  return numbers !== undefined && numbers.n * 2 >= records - missing - nulls;
}

function shown(report: FieldReport): string {
  const { numbers, top, patterns, lengths } = report;
  if (numbers !== undefined && isNumeric(report)) {
    const { min, max, mean, quantiles } = numbers;
    return `${short(min)} … ${short(quantiles.p50 ?? mean)} … ${short(max)}`;
  }
  if (top.length > 0)
    return top
      .slice(0, 4)
      .map(({ value }) => printable(value))
      .join(', ');
  if (patterns.length > 0) return patterns[0]!.pattern;
  return lengths === undefined ? '' : `${lengths.min} to ${lengths.max} characters`;
}

function short(value: number | null): string {
  return value === null ? '?' : String(Number(value.toPrecision(5)));
}

/** Data may hold what a terminal obeys. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '·');
}

function cut(text: string, chars: number): string {
  const clean = printable(text);
  return clean.length <= chars ? clean : `${clean.slice(0, chars - 1)}…`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, c) => cell.padEnd(widths[c]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
