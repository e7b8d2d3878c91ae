import type { FieldSlot } from '../../core/field.ts';
import type { DataRecord } from '../../core/record.ts';
import type { ColumnSettings } from './column.ts';
import type { DiscoveryOptions } from './discoveries.ts';

export interface DriftSettings {
  readonly fields: readonly { readonly slot: FieldSlot; readonly kind: 'numeric' | 'categorical' }[];
  readonly rates: readonly { readonly name: string; readonly test: (record: DataRecord) => boolean }[];
  /** True: an error; undefined: the record says nothing about the model. */
  readonly target: ((record: DataRecord) => boolean | undefined) | undefined;
  /** Interval of the volume chart, milliseconds; undefined: no such chart. */
  readonly volume: { readonly everyMs: number; readonly referenceIntervals: number } | undefined;
  /** Watches timestamp minus event time. */
  readonly freshness: boolean;
  readonly by: readonly FieldSlot[];
  readonly maxSegments: number;
  /** Records between false alarms of the whole step. */
  readonly falseAlarmEvery: number;
  readonly column: Omit<ColumnSettings, 'runLength'>;
  /** Windows tested together instead of charts; undefined: charts. */
  readonly discoveries: DiscoveryOptions | undefined;
  /** Records say the drift epoch to their certificates. */
  readonly certify: boolean;
  /** Field that gets the number of the drift epoch. */
  readonly epoch: FieldSlot | undefined;
  /** Frozen references by field, for a field without segments. */
  readonly stored: ReadonlyMap<string, Uint8Array> | undefined;
}

/** Everything that is watched side by side on one record. */
export function columnCount(settings: DriftSettings): number {
  const { fields, rates, target, volume, freshness } = settings;
  return (
    fields.length + rates.length + (target === undefined ? 0 : 1) + (volume === undefined ? 0 : 1) + (freshness ? 1 : 0)
  );
}
