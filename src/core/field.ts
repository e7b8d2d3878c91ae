import type { DataRecord } from './record.ts';

/**
 * A compiled field reference (DESIGN 3): a plain name, a dotted path (`address.city`), `items[].price` for each element
 * of a list, or a JSON Pointer with a leading `/`. An own key equal to the whole text wins over the path.
 * Kernels read and write through slots only, never by walking the value.
 */
export interface FieldSlot {
  readonly text: string;
  /** True for paths with `[]`: use expand(). get() then gives the list of values found. */
  readonly many: boolean;
  /** Own value, or undefined when missing. */
  get(record: DataRecord): unknown;
  /** Sets on a draft (DataRecord.edit()). */
  set(draft: DataRecord, value: unknown): void;
  /** Removes on a draft; no-op when missing. */
  remove(draft: DataRecord): void;
  /** For `many`: one concrete slot for each element present (`items[0].price`, …); else [this]. */
  expand(record: DataRecord): readonly FieldSlot[];
}
