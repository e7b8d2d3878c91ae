import { cpus, totalmem } from 'node:os';

/** What a bench gives back: printed as text, or kept as JSON. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** Seeds, sizes, what was verified. */
  readonly notes: readonly string[];
}

export interface BenchOptions {
  /** Interleaved repeats; the median counts. */
  readonly runs: number;
  /** Size of the job in records; a bench may cap it. */
  readonly records: number;
  readonly seed: number;
  /** Only the variants with these names; empty: all. */
  readonly only: readonly string[];
}

export function printTable(table: Table): string {
  const rows = [table.columns, ...table.rows].map((row) => row.map(cell));
  const widths = table.columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  const [head, ...body] = rows;
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [table.title, '', line(head!), rule, ...body.map(line), '', ...table.notes, machine()].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function machine(): string {
  const cores = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `machine: ${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}, ${memory} GiB; node ${process.version}`;
}

function cell(value: string | number): string {
  if (typeof value === 'string') return value;
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
