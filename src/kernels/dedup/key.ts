import { FormatError } from '../../core/errors.ts';
import type { FieldSlot } from '../../core/field.ts';
import { DataRecord } from '../../core/record.ts';
import { canonicalJsonWithout } from '../canonical-json/canonical-json.ts';
import type { KeyHasher } from '../hash/key-hasher.ts';
import type { Normalize } from './normalize.ts';

export interface KeyOptions {
  /** Fields of the key; empty: the whole payload. */
  readonly fields: readonly KeyField[];
  /** Whole payload only: top-level properties that do not count. */
  readonly ignore: ReadonlySet<string>;
  readonly normalizePayload: Normalize | undefined;
  /** A null or missing field is a value like any other. */
  readonly nullIsValue: boolean;
}

export interface KeyField {
  readonly slot: FieldSlot;
  readonly normalize: Normalize | undefined;
}

/**
 * Hashes the key of a record into `hasher`. False: the record has no key (a field is null or missing).
 *
 * A number a double cannot hold (beyond 2⁵³, or infinite) is read again from the payload's text, so that two long ids
 * never become one. Errors: what decoding the record throws; nothing is kept before it.
 */
export function hashKey(record: DataRecord, options: KeyOptions, hasher: KeyHasher): boolean {
  if (options.fields.length === 0) return hashPayload(record, options, hasher);
  hasher.begin();
  for (const field of options.fields) {
    let value = field.slot.get(record);
    if (typeof value === 'number' && !isExact(value)) {
      const text = exactText(record, field.slot);
      if (text !== undefined) {
        hasher.exactNumber(text);
        continue;
      }
    } else if (typeof value === 'object' && value !== null && holdsInexact(value)) {
      value = field.slot.get(exactRecord(record) ?? record);
    }
    if (field.normalize !== undefined) value = field.normalize(value);
    if ((value === undefined || value === null) && !options.nullIsValue) return false;
    hasher.value(value);
  }
  hasher.end();
  return true;
}

function hashPayload(record: DataRecord, options: KeyOptions, hasher: KeyHasher): boolean {
  let value = record.data;
  if ((value === null || value === undefined) && !options.nullIsValue) return false;
  if (holdsInexact(value)) value = exactRecord(record)?.data ?? value;
  if (options.normalizePayload !== undefined) value = options.normalizePayload(value);
  hasher.begin();
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) hasher.value(value);
  else hasher.value(canonicalText(record, value, options.ignore));
  hasher.end();
  return true;
}

/** RFC 8785 has no form for a lone surrogate or an infinity: such a payload is compared as it is written. */
function canonicalText(record: DataRecord, value: object, ignore: ReadonlySet<string>): string {
  try {
    return canonicalJsonWithout(value, ignore);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return writtenText(record) ?? JSON.stringify(value);
  }
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) < Number.MAX_SAFE_INTEGER;
}

function holdsInexact(value: unknown): boolean {
  if (typeof value === 'number') return !isExact(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (const item of items) if (holdsInexact(item)) return true;
  return false;
}

function exactText(record: DataRecord, slot: FieldSlot): string | undefined {
  const exact = exactRecord(record);
  const value = exact === undefined ? undefined : slot.get(exact);
  return typeof value === 'object' && value !== null && 'number' in value ? String(value.number) : undefined;
}

/** The record with each inexact number as `{ number: its text }`; undefined when its text is not at hand. */
function exactRecord(record: DataRecord): DataRecord | undefined {
  const text = writtenText(record);
  if (text === undefined) return undefined;
  const data: unknown = JSON.parse(text, keepInexact);
  return new DataRecord({ source: record.source, offset: record.offset, payload: text, codec: record.codec, data });
}

/** The value as it will leave, changes included; undefined when it is not JSON. */
function writtenText(record: DataRecord): string | undefined {
  if (record.codec.name !== 'json' || record.payload == null) return undefined;
  const written = record.patches === undefined ? record.payload : record.codec.encode(record);
  return written === null ? undefined : typeof written === 'string' ? written : new TextDecoder().decode(written);
}

/** `context.source` is the number as written (ECMAScript: JSON.parse source text access). */
function keepInexact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || isExact(value) || context?.source === undefined) return value;
  return { number: canonicalNumberText(context.source) };
}

/** Digits without trailing zeros, and the exponent they stand at: equal for all ways to write one number. */
function canonicalNumberText(source: string): string {
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(source);
  if (match === null) return source;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return `${sign}${short}e${Number(exponent) - fraction.length + (digits.length - short.length)}`;
}
