import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { uniform } from '../../../src/core/hash.ts';
import { type RepairConfig, repair } from '../../../src/operators/repair.ts';
import { runStep, type StepEvent } from '../../support/step-run.ts';

export type Row = Readonly<Record<string, string | null>>;

/** Cells as a csv input gives them: texts, an empty one is null. */
export function readRows(path: string): readonly Row[] {
  return parse(readFileSync(path), { columns: true, cast: (value) => (value === '' ? null : value) });
}

export interface RepairScore {
  /** Cells that differ from the clean file. */
  readonly wrong: number;
  readonly changed: number;
  readonly right: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly events: readonly StepEvent[];
}

/** Repairs rows and compares cell by cell with the clean ones. */
export async function scoreRepair(
  config: RepairConfig,
  { dirty, clean }: { readonly dirty: readonly Row[]; readonly clean: readonly Row[] },
): Promise<RepairScore> {
  const out = await runStep(repair, config, dirty);
  let wrong = 0;
  let changed = 0;
  let right = 0;
  for (const [i, { data }] of out.port(0).entries())
    for (const name of Object.keys(dirty[i]!)) {
      const was = dirty[i]![name];
      const now = (data as Row)[name];
      const should = clean[i]![name];
      if (was !== should) wrong++;
      if (was !== now) changed++;
      if (was !== now && now === should) right++;
    }
  const precision = changed === 0 ? 1 : right / changed;
  const recall = wrong === 0 ? 1 : right / wrong;
  const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { wrong, changed, right, precision, recall, f1, events: out.events };
}

export interface HospitalSet {
  readonly dirty: readonly Row[];
  readonly clean: readonly Row[];
  /** The 13 published dependencies; one of them is false. */
  readonly published: readonly string[];
}

export function readHospital(folder: string): HospitalSet {
  return {
    dirty: readRows(join(folder, 'dirty.csv')),
    clean: readRows(join(folder, 'clean.csv')),
    published: readFileSync(join(folder, 'dc_rules-validate-fd-horizon.txt'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.trim().replace('Stateavg', 'StateAverage')),
  };
}

/** The clean rows with errors of a kind in `share` of the cells: one letter changed, lost or added, or another row's value. */
export function corrupt(
  rows: readonly Row[],
  { kind, share, seed }: { readonly kind: 'letter' | 'swap'; readonly share: number; readonly seed: number },
): readonly Row[] {
  return rows.map((row, i) => {
    const dirty: Record<string, string | null> = { ...row };
    for (const [c, [name, value]] of Object.entries(row).entries()) {
      if (value === null || name === 'index' || uniform(seed, i, c) >= share) continue;
      const pick = (draw: number, n: number): number => Math.floor(uniform(seed, i, c, draw) * n);
      if (kind === 'swap') dirty[name] = rows[pick(1, rows.length)]![name]!;
      else {
        const at = pick(2, value.length);
        const letter = String.fromCharCode(97 + pick(3, 26));
        const what = pick(4, 3);
        const wrong = value.slice(0, at) + (what === 0 ? '' : letter) + value.slice(what === 1 ? at : at + 1);
        if (wrong !== '') dirty[name] = wrong;
      }
    }
    return dirty;
  });
}
