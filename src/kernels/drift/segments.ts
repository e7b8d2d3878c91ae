import type { DataRecord } from '../../core/record.ts';
import { segmentLabel } from '../sketch/segment-label.ts';
import { CategoryColumn } from './category-column.ts';
import type { Column, ColumnSink } from './column.ts';
import { columnCount, type DriftSettings } from './drift-settings.ts';
import { NumericColumn } from './numeric-column.ts';
import type { Place } from './place.ts';
import { ErrorColumn, RateColumn } from './rate-column.ts';
import { VolumeColumn } from './volume.ts';

/** Name of the model's errors and of the lag as fields. */
export const TARGET = 'target';
export const FRESHNESS = 'freshness';
/** What a column may need beside its warm-up: reference, recent values, charts; in drift those of its level, which warms up in the place of its own. */
const BYTES_PER_COLUMN = 20_000;
const BYTES_PER_WARM_VALUE = 10;
const OVERFLOW_KEY = '(other)';
/** Hold-off of the volume chart, intervals. */
const VOLUME_HOLD_OFF = 60;

export interface Segment {
  /** Values of the `by` fields as JSON, or `(other)`; empty without `by`. */
  readonly key: string;
  readonly label: Readonly<Record<string, string>> | undefined;
  /** In the order of settings.fields, then rates, then the target. */
  readonly columns: readonly Column[];
}

/** The sub-populations a step watches apart, and what it watches in each. */
export class Segments {
  readonly list: Segment[] = [];
  readonly limit: number;
  /** Records that went to the overflow segment. */
  overflowed = 0;
  private readonly byKey = new Map<string, Segment>();
  private readonly settings: DriftSettings;
  private readonly shared: { place: Place; sink: ColumnSink; seed: number };
  private readonly runLength: number;

  constructor(
    settings: DriftSettings,
    shared: { place: Place; sink: ColumnSink; seed: number; maxStateBytes: number },
  ) {
    this.settings = settings;
    this.shared = shared;
    const columns = columnCount(settings);
    this.runLength = settings.falseAlarmEvery * Math.max(1, columns);
    const bytes = columns * (BYTES_PER_COLUMN + settings.column.referenceRecords * BYTES_PER_WARM_VALUE);
    this.limit = Math.max(1, Math.min(settings.maxSegments, Math.floor(shared.maxStateBytes / bytes)));
  }

  of(record: DataRecord): Segment {
    const { by } = this.settings;
    if (by.length === 0) return this.list[0] ?? this.open('', undefined);
    const label = segmentLabel(by, record);
    const key = JSON.stringify(Object.values(label));
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    if (this.byKey.size < this.limit) return this.open(key, label);
    this.overflowed++;
    return this.byKey.get(OVERFLOW_KEY) ?? this.open(OVERFLOW_KEY, { segment: OVERFLOW_KEY });
  }

  open(key: string, label: Segment['label']): Segment {
    const segment = { key, label, columns: this.columns() };
    this.list.push(segment);
    this.byKey.set(key, segment);
    return segment;
  }

  /** Watched over all records, not per segment. */
  stepColumns(): { readonly volume: VolumeColumn | undefined; readonly freshness: NumericColumn | undefined } {
    const { volume, freshness, column } = this.settings;
    // one value an interval or the lag of all records: no column of a window
    const guarantee = column.guarantee === 'discoveries' ? 'none' : column.guarantee;
    const settings = { ...column, guarantee, runLength: this.runLength };
    return {
      volume:
        volume === undefined
          ? undefined
          : new VolumeColumn(volume.everyMs, {
              ...this.shared,
              settings: { ...settings, referenceRecords: volume.referenceIntervals, holdOffRecords: VOLUME_HOLD_OFF },
            }),
      freshness: freshness ? new NumericColumn(FRESHNESS, { ...this.shared, settings }) : undefined,
    };
  }

  private columns(): Column[] {
    const { fields, rates, target, column, stored } = this.settings;
    const options = { ...this.shared, settings: { ...column, runLength: this.runLength } };
    const columns: Column[] = fields.map(({ slot, kind }) =>
      kind === 'numeric' ? new NumericColumn(slot.text, options) : new CategoryColumn(slot.text, options),
    );
    for (const rate of rates) columns.push(new RateColumn(rate.name, options));
    if (target !== undefined) columns.push(new ErrorColumn(TARGET, options));
    for (const one of columns) {
      const reference = stored?.get(one.field);
      if (reference === undefined) continue;
      one.loadReference(reference);
      one.referenceDirty = true;
    }
    return columns;
  }
}
