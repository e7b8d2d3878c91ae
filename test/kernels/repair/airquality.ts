import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { uniform } from '../../../src/core/hash.ts';
import { type RepairConfig, repair } from '../../../src/operators/repair.ts';
import { runStep } from '../../support/step-run.ts';

export interface Hour {
  readonly time: number;
  readonly values: Readonly<Record<string, number | null>>;
}

const MISSING = -200;
const GAP_HOURS = 24;

/** The hours of the set: -200 is null, the blank rows at its end are left out. */
export function readAirQuality(folder: string): readonly Hour[] {
  const rows: Record<string, string>[] = parse(readFileSync(join(folder, 'AirQualityUCI.csv')), { columns: true });
  return rows
    .filter((row) => row.Date !== '')
    .map(({ Date: day = '', Time: clock = '', ...cells }) => {
      const [month = 0, date = 0, year = 0] = day.split('/').map(Number);
      const [hour = 0] = clock.split(':').map(Number);
      const values = Object.entries(cells).filter(([name]) => name !== '');
      return {
        time: Date.UTC(year, month - 1, date, hour),
        values: Object.fromEntries(values.map(([name, v]) => [name, Number(v) === MISSING ? null : Number(v)])),
      };
    });
}

export interface SpikeScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Adds spikes of 2 to 4 times the 99th percentile of the steps to `share` of the values, and scores what is repaired. */
export async function scoreSpikes(
  hours: readonly Hour[],
  field: string,
  { seed, share = 0.02, outliers = {} }: { seed: number; share?: number; outliers?: object },
): Promise<SpikeScore> {
  const known = hours.filter(({ values }) => values[field] !== null);
  const steps = known.slice(1).map((hour, i) => {
    const before = known[i]!;
    return Math.abs(hour.values[field]! - before.values[field]!) / ((hour.time - before.time) / 3_600_000);
  });
  const p99 = steps.sort((a, b) => a - b)[Math.floor(0.99 * steps.length)]!;
  const spiked = new Set<Hour>();
  const rows = hours.map((hour, i) => {
    if (hour.values[field] === null || uniform(seed, i) >= share) return hour.values;
    spiked.add(hour);
    const size = (2 + 2 * uniform(seed, i, 1)) * p99 * (uniform(seed, i, 2) < 0.5 ? -1 : 1);
    return { ...hour.values, [field]: hour.values[field]! + size };
  });
  const config = { outliers: { fields: [field], ...outliers }, grace: { records: 50 } } as RepairConfig;
  const out = await runStep(repair, config, rows, { timeOf: (i) => hours[i]!.time });
  let changed = 0;
  let right = 0;
  for (const [i, { evidence }] of out.port(0).entries()) {
    if (evidence.length === 0) continue;
    changed++;
    if (spiked.has(hours[i]!)) right++;
  }
  const precision = right / changed;
  const recall = right / spiked.size;
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}

export interface GapScore {
  /** Mean absolute error of what was filled, in standard deviations of the field. */
  readonly error: number;
  readonly filled: number;
  readonly left: number;
  readonly methods: Readonly<Record<string, number>>;
}

/** Hides whole days, one in ten (or single values, one in ten), and scores what is filled in. */
export async function scoreGaps(
  hours: readonly Hour[],
  field: string,
  { seed, kind, impute = {} }: { seed: number; kind: 'days' | 'single'; impute?: object },
): Promise<GapScore> {
  const hidden = new Set<number>();
  for (let i = 0; i < hours.length; i++) if (kind === 'single' && uniform(seed, i) < 0.1) hidden.add(i);
  for (let block = 1; kind === 'days' && (block + 1) * 10 * GAP_HOURS < hours.length; block++) {
    const from = block * 10 * GAP_HOURS + Math.floor(uniform(seed, block) * 9 * GAP_HOURS);
    for (let i = from; i < from + GAP_HOURS; i++) hidden.add(i);
  }
  const rows = hours.map(({ values }, i) => (hidden.has(i) ? { ...values, [field]: null } : values));
  const config = { impute: { fields: [field], ...impute }, grace: { records: 50 } } as RepairConfig;
  const out = await runStep(repair, config, rows, { timeOf: (i) => hours[i]!.time });
  const known = hours.flatMap(({ values }) => values[field] ?? []);
  const mean = known.reduce((sum, x) => sum + x, 0) / known.length;
  const deviation = Math.sqrt(known.reduce((sum, x) => sum + (x - mean) ** 2, 0) / known.length);
  const methods: Record<string, number> = {};
  let sum = 0;
  let filled = 0;
  let left = 0;
  for (const [i, { data, evidence }] of out.port(0).entries()) {
    const truth = hours[i]!.values[field];
    if (!hidden.has(i) || truth == null) continue;
    const value = (data as Hour['values'])[field];
    if (value == null) left++;
    else {
      filled++;
      sum += Math.abs(value - truth);
      const method = evidence.at(-1)!.method;
      methods[method] = (methods[method] ?? 0) + 1;
    }
  }
  return { error: sum / filled / deviation, filled, left, methods };
}
