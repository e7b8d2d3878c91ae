import type { StepConfig } from '../clean/step-schema.ts';
import { type Column, filled } from './column.ts';
import { readDates } from './dates.ts';
import { nullMarkers, sentinel } from './markers.ts';
import { findMisplaced, type Misplaced } from './misplaced.ts';
import { isPlainNumber, noiseDigits, readNumbers } from './numbers.ts';
import { readTexts } from './spellings.ts';

export interface FieldCleaning {
  readonly field: string;
  readonly steps: readonly StepConfig[];
  readonly why: readonly string[];
  /** Type of the column in a csv file: what every plain cell becomes while it is read. */
  readonly csvType?: 'number' | 'integer';
}

export interface CleaningOptions {
  /** Cells are texts, whatever they hold: numbers are read by the type of the column. */
  readonly isCsv: boolean;
}

/** Cleaning steps for mixed formats, field by field; nothing for a field that needs none. */
export function suggestCleaning(columns: readonly Column[], options: CleaningOptions): readonly FieldCleaning[] {
  const fields = columns.map((column) => cleaningOf(column, options));
  const misplaced = findMisplaced(columns.map((column, i) => withoutMarkers(column, fields[i]!)));
  for (const one of misplaced) addMisplaced(fields, one);
  return fields.filter(({ steps, csvType }) => steps.length > 0 || csvType !== undefined);
}

function cleaningOf(column: Column, { isCsv }: CleaningOptions): Draft {
  const { field } = column;
  const values = filled(column);
  const strings = values.filter((value) => typeof value === 'string');
  const draft: Draft = { field, steps: [], why: [] };
  if (values.length === 0) return draft;
  const numeric = values.filter((value) => typeof value === 'number');
  if (strings.length + numeric.length < 0.95 * values.length) return draft;
  const markers = nullMarkers(column, 'numbers');
  const rest = without(strings, markers);
  const reading = rest.length === 0 && numeric.length > 0 ? { steps: [], why: [], numbers: [] } : readNumbers(rest);
  if (reading !== undefined) return numbersOf(draft, { markers, reading, numeric, isCsv, rest });
  const dates = numeric.length > 0 ? undefined : readDates(rest);
  if (dates !== undefined) {
    addMarkers(draft, markers);
    return add(draft, dates);
  }
  const words = nullMarkers(column, 'texts');
  const text = readTexts(without(strings, words));
  addMarkers(draft, words);
  return add(draft, text);
}

interface Draft {
  readonly field: string;
  readonly steps: StepConfig[];
  readonly why: string[];
  csvType?: 'number' | 'integer';
}

interface Numbers {
  readonly markers: readonly string[];
  readonly reading: NonNullable<ReturnType<typeof readNumbers>>;
  readonly numeric: readonly number[];
  readonly rest: readonly string[];
  readonly isCsv: boolean;
}

function numbersOf(draft: Draft, { markers, reading, numeric, rest, isCsv }: Numbers): Draft {
  const numbers = [...numeric, ...reading.numbers];
  const plain = rest.filter(isPlainNumber).length;
  if (isCsv && plain > 0) draft.csvType = numbers.every(Number.isSafeInteger) ? 'integer' : 'number';
  const missing = sentinel(numbers);
  addMarkers(draft, [...markers, ...(missing === undefined ? [] : [missing])]);
  const mustRead = reading.steps.length > 0 || (!isCsv && rest.length > 0);
  if (mustRead) {
    draft.steps.push(...(reading.steps.length > 0 ? reading.steps : (['to-number'] as const)));
    draft.why.push(...(reading.why.length > 0 ? reading.why : ['numbers written as texts']));
  }
  if (missing !== undefined && mustRead) moveLast(draft, missing);
  const digits = noiseDigits(numbers);
  if (digits !== undefined) {
    draft.steps.push({ round: digits });
    draft.why.push('some numbers carry the noise of a calculation');
  }
  return draft;
}

/** A sentinel is known only once the texts are numbers. */
function moveLast(draft: Draft, missing: number): void {
  const at = draft.steps.findIndex((step) => typeof step === 'object' && 'nulls' in step);
  const step = draft.steps[at];
  if (typeof step !== 'object' || !('nulls' in step) || step.nulls === undefined) return;
  const texts = step.nulls.filter((value) => value !== missing);
  draft.steps.splice(at, 1, ...(texts.length > 0 ? [{ nulls: texts }] : []));
  draft.steps.push({ nulls: [missing] });
}

function addMarkers(draft: Draft, markers: readonly (string | number)[]): void {
  const shown = markers.filter((marker) => marker !== '');
  if (markers.length === 0) return;
  draft.steps.push({ nulls: [...markers] });
  draft.why.push(
    shown.length === 0 ? 'empty texts' : `${shown.join(', ')} ${shown.length === 1 ? 'means' : 'mean'} unknown`,
  );
}

function add(draft: Draft, reading: { readonly steps: readonly StepConfig[]; readonly why: readonly string[] }): Draft {
  draft.steps.push(...reading.steps);
  draft.why.push(...reading.why);
  return draft;
}

function without(values: readonly string[], markers: readonly string[]): readonly string[] {
  if (markers.length === 0) return values;
  const known = new Set(markers.map((marker) => marker.toLowerCase()));
  return values.filter((value) => !known.has(value.trim().toLowerCase()));
}

function withoutMarkers(column: Column, cleaning: FieldCleaning): Column {
  const markers = cleaning.steps.flatMap((step) =>
    typeof step === 'object' && 'nulls' in step ? (step.nulls ?? []) : [],
  );
  if (markers.length === 0) return column;
  const known = new Set(markers.map((marker) => String(marker).toLowerCase()));
  const values = column.values.map((value) =>
    typeof value === 'string' && known.has(value.trim().toLowerCase()) ? null : value,
  );
  return { field: column.field, values };
}

/** First the empty field takes its value from the end of the text, then the text loses it. */
function addMisplaced(fields: Draft[], { from, in: text, names, separator, rows }: Misplaced): void {
  const field = fields.find((one) => one.field === from);
  const other = fields.find((one) => one.field === text);
  if (field === undefined || other === undefined) return;
  const tail = `[\\s,;/|-]*${escaped(separator)}(?:${names.map(escaped).join('|')})$`;
  const [own, path] = [from, text].map((name) => `record[${JSON.stringify(name)}]`) as [string, string]; // two in, two out
  const taken = `${path}.substring(${path}.lastIndexOf(${JSON.stringify(separator)}) + 1)`;
  field.steps.push({ derive: `${own} == null && ${path}.matches(${JSON.stringify(tail)}) ? ${taken} : ${own}` });
  field.why.push(`${rows} times it stands at the end of ${text}`);
  other.steps.push({ replace: { pattern: tail, with: '' } });
  other.why.push(`${rows} times the ${from} stands at its end`);
  fields.splice(fields.indexOf(field), 1);
  fields.splice(fields.indexOf(other), 0, field);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
