import type { FieldSlot } from '../../core/field.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Work, WorkRequest } from '../../core/shared-work.ts';
import { numberOf } from '../check-window/readings.ts';
import { categoryOf } from '../sketch/category.ts';
import { distinctHash } from '../sketch/hyper-log-log.ts';
import { formOf, type Runs } from './char-patterns.ts';

/** Objects are looked into this deep; below it they are values. */
const MAX_DEPTH = 4;

/** What a profile needs to know of a value, worked out once for all profiles of its field. */
export interface ValueFacts {
  readonly value: unknown;
  readonly category: string;
  readonly number: number | undefined;
  readonly hash: { readonly high: number; readonly low: number };
  readonly form: Runs | undefined;
}

/** Facts by field, in the order fields are profiled. */
export type RecordFacts = readonly (readonly [string, ValueFacts])[];

const NOTHING = { category: '', number: undefined, hash: { high: 0, low: 0 }, form: undefined };

export function factsOf(value: unknown): ValueFacts {
  if (value === null || value === undefined) return { value, ...NOTHING };
  return {
    value,
    category: categoryOf(value),
    number: numberOf(value),
    hash: distinctHash(value),
    form: typeof value === 'string' ? formOf(value) : undefined,
  };
}

/** Facts of the named fields, or of all that come; objects by their inner fields. */
export function recordFacts(fields: readonly FieldSlot[] | undefined): Work<RecordFacts> {
  if (fields === undefined) {
    return (data) => {
      const facts: [string, ValueFacts][] = [];
      eachField(data, (field, value) => facts.push([field, factsOf(value)]));
      return facts;
    };
  }
  return (_data, record: DataRecord) => fields.map((slot) => [slot.text, factsOf(slot.get(record))] as const);
}

/** Every field of a value and what stands in it; a value that is no map is the field `value`. */
export function eachField(value: unknown, visit: (field: string, value: unknown) => void, path = '', depth = 0): void {
  const isMap = value !== null && typeof value === 'object' && !Array.isArray(value);
  if (!isMap || depth === MAX_DEPTH) {
    visit(path === '' ? 'value' : path, value);
    return;
  }
  for (const [name, inner] of Object.entries(value))
    eachField(inner, visit, path === '' ? name : `${path}.${name}`, depth + 1);
}

/** A profile of these fields as a request other profiles of a stage may make too. */
export function profileWork(fields: readonly string[] | undefined): WorkRequest {
  const what = fields === undefined ? 'profile of all fields' : `profile of ${fields.join(', ')}`;
  return { key: `profile ${JSON.stringify(fields ?? null)}`, what, reads: fields ?? [''] };
}
