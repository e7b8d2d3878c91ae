import { boundedObserved } from '../check/observed.ts';
import { cellHash } from './cell.ts';
import type { Cells, Columns } from './columns.ts';
import type { Settled } from './groups.ts';
import type { Suspicion } from './soft-check.ts';
import { rounded } from './writer.ts';

/** Data of the event `dependency.suspended`. `atHand`: records in which the value behind a hash may be found. */
export function suspensionData(
  { determinant, target, health, concentration, proposal }: Suspicion,
  columns: Columns,
  atHand: () => readonly Cells[],
): Readonly<Record<string, unknown>> {
  const text = (from: readonly number[]): string =>
    `${from.map((c) => columns.list[c]!.name).join(', ')} -> ${columns.list[target.column]!.name}`;
  const data: Record<string, unknown> = {
    dependency: text(determinant.columns),
    confidence: rounded(health.confidence),
    records: health.judged,
  };
  if (concentration !== undefined) {
    const { column, hash, rows } = concentration;
    const { name, hidden } = columns.list[column]!;
    const value = hidden ? undefined : atHand().find((cells) => cellHash(cells[column]) === hash)?.[column];
    Object.assign(data, { field: name, violations: rows });
    if (value !== undefined) data.value = boundedObserved(value);
  }
  if (proposal !== undefined) data.proposal = text([...determinant.columns, proposal]);
  return data;
}

/** A record of the port `corrections`. */
export function correctionData(
  settled: Omit<Settled, 'determinant'>,
  method: string,
  columns: Columns,
): Readonly<Record<string, unknown>> {
  const { origin, key, column, value, now, confidence } = settled;
  return {
    origin,
    ...(key === null ? {} : { key }),
    field: columns.list[column]!.name,
    old: value,
    new: now,
    method,
    confidence: rounded(confidence),
  };
}
