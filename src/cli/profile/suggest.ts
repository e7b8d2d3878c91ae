import { compileField } from '../../core/field.ts';
import { DataRecord } from '../../core/record.ts';
import { jsonCodec } from '../../formats/json/codec.ts';
import type { Column } from '../../kernels/suggest/column.ts';
import { isPlainNumber } from '../../kernels/suggest/numbers.ts';
import { type FieldCleaning, suggestCleaning } from '../../kernels/suggest/suggest-cleaning.ts';
import { type SuggestedDependency, suggestDependencies } from '../../kernels/suggest/suggest-dependencies.ts';
import { type SuggestedKey, suggestKeys } from '../../kernels/suggest/suggest-keys.ts';
import { type SuggestedRule, suggestRules } from '../../kernels/suggest/suggest-rules.ts';
import { check } from '../../operators/check.ts';
import { clean } from '../../operators/clean.ts';
import { applyOperator } from './apply.ts';

/** All rules together let at least so many records pass; the strictest ones are left out until they do. */
const MIN_PASS = 0.97;

export interface RatedCleaning extends FieldCleaning {
  /** Share of the records whose value it changes, 0 to 1. */
  readonly changes: number;
}

export interface RatedRule {
  readonly rule: SuggestedRule;
  /** Share of the records that pass, after cleaning. */
  readonly passes: number;
}

export interface Suggestion {
  readonly cleaning: readonly RatedCleaning[];
  readonly rules: readonly RatedRule[];
  /** Share of the records that pass all rules. */
  readonly passes: number;
  readonly keys: readonly SuggestedKey[];
  readonly dependencies: readonly SuggestedDependency[];
}

/** What the sample lets one suggest. Shares are those of the operators themselves, run over the sample. */
export async function suggest(
  sample: readonly unknown[],
  fields: readonly string[],
  isCsv: boolean,
): Promise<Suggestion> {
  const columns = columnsOf(sample, fields);
  const cleaning = suggestCleaning(columns, { isCsv });
  const typed = sample.map((value) => withTypes(value, cleaning));
  const steps = cleaning.filter((one) => one.steps.length > 0);
  const config = { fields: Object.fromEntries(steps.map((one) => [one.field, [...one.steps]])) };
  const cleaned = steps.length === 0 ? typed : (await applyOperator(clean, config, typed)).values;
  const after = columnsOf(cleaned, fields);
  const rated = cleaning.map((one): RatedCleaning => ({ ...one, changes: changedShare(one.field, columns, after) }));
  return {
    cleaning: rated,
    ...(await rateRules(suggestRules(after), cleaned)),
    keys: suggestKeys(after),
    dependencies: suggestDependencies(after),
  };
}

function columnsOf(sample: readonly unknown[], fields: readonly string[]): readonly Column[] {
  const codec = jsonCodec();
  const source = { topic: 'profiled', partition: 0 };
  const slots = fields.map(compileField);
  const lists = fields.map((): unknown[] => []);
  for (const data of sample) {
    const record = new DataRecord({ source, offset: 0, codec, payload: undefined, data });
    for (let f = 0; f < slots.length; f++) lists[f]!.push(slots[f]!.get(record));
  }
  return fields.map((field, f) => ({ field, values: lists[f]! }));
}

/** Cells as the input gives them once `csv.columns` has types. */
function withTypes(value: unknown, cleaning: readonly FieldCleaning[]): unknown {
  if (value === null || typeof value !== 'object') return value;
  const row: Record<string, unknown> = { ...value };
  for (const { field, csvType } of cleaning) {
    const cell = Object.hasOwn(row, field) ? row[field] : undefined;
    if (csvType === undefined || typeof cell !== 'string') continue;
    const text = cell.trim();
    if (isPlainNumber(text) && (csvType === 'number' || Number.isInteger(Number(text)))) row[field] = Number(text);
  }
  return row;
}

function changedShare(field: string, before: readonly Column[], after: readonly Column[]): number {
  const [was, is] = [before, after].map((columns) => columns.find((column) => column.field === field)?.values ?? []);
  let changed = 0;
  for (let i = 0; i < was!.length; i++) if (textOf(was![i]) !== textOf(is![i])) changed++;
  return was!.length === 0 ? 0 : changed / was!.length;
}

/** 12 and "12" are one cell. */
function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

async function rateRules(
  suggested: readonly SuggestedRule[],
  values: readonly unknown[],
): Promise<Pick<Suggestion, 'rules' | 'passes'>> {
  let rules = suggested.map((rule, i) => ({ ...rule, name: `r${i}` }));
  for (;;) {
    if (rules.length === 0 || values.length === 0) return { rules: [], passes: 1 };
    const { findings, rejected } = await applyOperator(check, { rules }, values);
    const passes = 1 - rejected.reduce((sum, one) => sum + one, 0) / values.length;
    const rated = rules.map(({ name, ...rule }) => ({ rule, passes: 1 - (findings.get(name) ?? 0) / values.length }));
    if (passes >= MIN_PASS) return { rules: rated, passes };
    const worst = Math.min(...rated.map((one) => one.passes));
    rules = rules.filter((_, i) => rated[i]!.passes > worst);
  }
}
