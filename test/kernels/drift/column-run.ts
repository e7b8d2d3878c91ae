import { mix32 } from '../../../src/core/hash.ts';
import type { AlarmFacts, Column, ColumnSettings, ColumnSink } from '../../../src/kernels/drift/column.ts';
import { NumericColumn } from '../../../src/kernels/drift/numeric-column.ts';
import { hourOfWeek, type Place } from '../../../src/kernels/drift/place.ts';

export interface Alarm extends AlarmFacts {
  /** Position of the record that raised it. */
  readonly at: number;
}

export const SETTINGS: ColumnSettings = {
  referenceRecords: 2000,
  runLength: 1e6,
  guarantee: 'none',
  minJs: 0.05,
  minSd: 0.1,
  holdOffRecords: 2000,
  holdOffMs: 0,
  season: 'auto',
  rebaselineAfter: 0,
};

/** One column without a step around it: values in, alarms out. */
export class ColumnRun {
  readonly alarms: Alarm[] = [];
  recovered = 0;
  readonly column: Column;
  private readonly place: Place = { offset: -1, index: -1, time: Number.NaN, hour: -1, draw: 0 };
  private at = -1;

  constructor(
    settings: Partial<ColumnSettings> = {},
    make = (options: { settings: ColumnSettings; place: Place; sink: ColumnSink; seed: number }): Column =>
      new NumericColumn('x', options),
    seed = 1,
  ) {
    const sink: ColumnSink = {
      alarm: (_column, facts) => this.alarms.push({ ...facts, at: this.at }),
      recovered: () => {
        this.recovered++;
      },
      referenced: () => {},
      rebaselined: () => {},
    };
    this.column = make({ settings: { ...SETTINGS, ...settings }, place: this.place, sink, seed });
  }

  push(value: unknown, time = Number.NaN): void {
    this.at++;
    this.place.offset = this.at;
    this.place.time = time;
    this.place.hour = hourOfWeek(time);
    this.place.draw = mix32(mix32(this.at) ^ 0x1b873593);
    this.column.observe(value);
  }
}
