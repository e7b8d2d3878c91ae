import type { FieldSlot } from '../../core/field.ts';
import { hash32 } from '../../core/hash.ts';
import type { DataRecord } from '../../core/record.ts';
import { textOf } from './words.ts';

/** Apart from the hashes of words, which stand among them. */
const KEY_SEED = 0x7f4a7c15;

/** A declared blocking key: records whose fields say the same, or begin the same, are candidates. */
export interface DeclaredKey {
  readonly fields: readonly FieldSlot[];
  /** Characters of each field that count. */
  readonly first: number;
}

/** Hashes of the keys of a record; one with an empty field is none, or all that is empty would be one block. */
export function declaredKeysOf(record: DataRecord, keys: readonly DeclaredKey[]): Int32Array {
  const hashes: number[] = [];
  for (const [i, { fields, first }] of keys.entries()) {
    const texts = fields.map((slot) => textOf(slot.get(record)).slice(0, first));
    if (texts.every((text) => text !== '')) hashes.push(hash32(texts.join('\0'), KEY_SEED + i) | 0);
  }
  return Int32Array.from(new Set(hashes));
}

/** The declared keys of a record and those of its words, or bands, in one list. */
export function joinKeys(declared: Int32Array, found: Int32Array): Int32Array {
  const all = new Int32Array(declared.length + found.length);
  all.set(declared);
  all.set(found, declared.length);
  return all;
}
