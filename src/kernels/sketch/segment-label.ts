import type { FieldSlot } from '../../core/field.ts';
import type { DataRecord } from '../../core/record.ts';
import { categoryOf } from './category.ts';

/** Values of the fields that make segments, as text by field. */
export function segmentLabel(by: readonly FieldSlot[], record: DataRecord): Readonly<Record<string, string>> {
  const label: Record<string, string> = {};
  for (const slot of by) label[slot.text] = categoryOf(slot.get(record) ?? null);
  return label;
}
