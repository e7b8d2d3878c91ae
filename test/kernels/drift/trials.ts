import type { ColumnSettings } from '../../../src/kernels/drift/column.ts';
import { normalQuantile } from '../../../src/kernels/drift/normal.ts';
import { type Alarm, ColumnRun } from './column-run.ts';
import { FAMILIES, type Family, SEASON_STEP_MS, uniforms } from './families.ts';

export const REFERENCE = 2000;
/** Records in control between reference and change. */
const SETTLED = 1000;
const LONGEST = 100_000;

/** D1: false alarms of one column, a fresh reference of 2,000 records for each of `references` streams of `length` records. */
export function falseAlarms(
  family: Family,
  { seed, references, length }: { seed: number; references: number; length: number },
): readonly Alarm[] {
  const alarms: Alarm[] = [];
  for (let r = 0; r < references; r++) {
    const next = FAMILIES[family](uniforms(seed * 7919 + r));
    const run = new ColumnRun({ referenceRecords: REFERENCE }, undefined, seed + r);
    const clock = family === 'daily season' ? SEASON_STEP_MS : Number.NaN;
    for (let i = 0; i < REFERENCE + length; i++) run.push(next(i), i * clock);
    alarms.push(...run.alarms);
  }
  return alarms;
}

export interface Change {
  readonly shift?: number;
  readonly scale?: number;
  /** Null rate before and after. */
  readonly nulls?: readonly [before: number, after: number];
}

/** D2, D3: mean records from a change to the alarm, and mean distance of the change point from the truth, on N(0, 1). */
export function delays(
  change: Change,
  { seed, runs, reference, ...settings }: { seed: number; runs: number; reference: number } & Partial<ColumnSettings>,
): { readonly delay: number; readonly changePoint: number } {
  let delay = 0;
  let changePoint = 0;
  let counted = 0;
  for (let r = 0; r < runs; r++) {
    const u = uniforms(seed * 104_729 + r);
    const run = new ColumnRun({ ...settings, referenceRecords: reference }, undefined, seed + r);
    const { shift = 0, scale = 1, nulls = [0, 0] } = change;
    const push = (rate: number, sd: number, mean: number): void => {
      const z = normalQuantile(u()); // drawn in any case, so that a null costs the same draws
      run.push(u() < rate ? null : z * sd + mean);
    };
    const start = reference + SETTLED;
    for (let i = 0; i < start; i++) push(nulls[0], 1, 0);
    if (run.alarms.length > 0) continue; // a false alarm before the change: D1 counts those
    let i = 0;
    for (; i < LONGEST && run.alarms.length === 0; i++) push(nulls[1], scale, shift);
    counted++;
    delay += i;
    changePoint += Math.abs((run.alarms[0]?.offset ?? 0) - start);
  }
  return { delay: delay / counted, changePoint: changePoint / counted };
}

export interface Aim {
  readonly name: string;
  readonly change: Change;
  readonly minimum: number;
  readonly target: number | undefined;
}

export const AIMS: readonly Aim[] = [
  { name: 'mean + .25 sd', change: { shift: 0.25 }, minimum: 400, target: 366 },
  { name: 'mean + .5 sd', change: { shift: 0.5 }, minimum: 110, target: 103 },
  { name: 'mean + 1 sd', change: { shift: 1 }, minimum: 35, target: 29 },
  { name: 'sd × 1.25', change: { scale: 1.25 }, minimum: 350, target: undefined },
  { name: 'sd × 1.5', change: { scale: 1.5 }, minimum: 90, target: undefined },
];
export const NULLS: Aim = {
  name: 'nulls .01 to .03',
  change: { nulls: [0.01, 0.03] },
  minimum: 1000,
  target: undefined,
};
/** A rare rate leaves long tails: a mean within 20 records needs this many streams for each of another change. */
export const NULLS_RUNS = 8;
export const LONGER_REFERENCE = 10_000;
