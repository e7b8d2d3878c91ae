import type { FieldSlot } from '../core/field.ts';
import type { DataRecord } from '../core/record.ts';

/** The record's key from fields (DESIGN 3): one field as the text of its value in UTF-8, several as a JSON array; null when every field is missing or null. */
export function keyBytes(record: DataRecord, fields: readonly FieldSlot[]): Uint8Array | null {
  const values = fields.map((field) => field.get(record));
  if (values.every((value) => value === undefined || value === null)) return null;
  if (values.length > 1) return Buffer.from(JSON.stringify(values.map((value) => value ?? null)));
  const value = values[0];
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}
