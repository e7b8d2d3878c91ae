import { FormatError } from '../core/errors.ts';
import type { Plan } from '../topology/plan.ts';
import { codecOf, inputOf } from './records.ts';
import type { ReplayRecord } from './replay-set.ts';

/** Runs values through the steps of a fix; undefined for one that does not come out. */
export type FixValues = (values: readonly string[]) => Promise<readonly (string | undefined)[]>;

/**
 * Records as a fix makes them. What the fix cannot read, or does not let through, goes back as it was.
 * A csv row becomes JSON by it.
 */
export async function fixRecords(
  plan: Plan,
  records: readonly ReplayRecord[],
  fix: FixValues,
): Promise<readonly ReplayRecord[]> {
  const texts = records.map((record) => jsonText(plan, record));
  const known = texts.flatMap((text, i) => (text === undefined ? [] : [i]));
  const fixed = await fix(known.map((i) => texts[i] ?? ''));
  const result = records.slice();
  known.forEach((index, i) => {
    const value = fixed[i];
    const { columns: _columns, ...record } = records[index] as ReplayRecord; // known holds indices of records
    if (value !== undefined && value !== texts[index]) result[index] = { ...record, value, fixed: true };
  });
  return result;
}

function jsonText(plan: Plan, record: ReplayRecord): string | undefined {
  const input = inputOf(plan, record.origin.topic);
  if (record.value === null || input === undefined) return undefined;
  const codec = codecOf(record, input);
  if (codec.name === 'json')
    return typeof record.value === 'string' ? record.value : Buffer.from(record.value).toString();
  try {
    return JSON.stringify(codec.decode(record.value));
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
