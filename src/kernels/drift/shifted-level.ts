import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { AlarmFacts, Column, ColumnSettings, ColumnSink } from './column.ts';
import type { Place } from './place.ts';

/** A level is learned from this many records at most: the first ones after the hold-off that keep the promise on false alarms. */
const MAX_LEVEL_RECORDS = 2000;
/**
 * Records between a further change and its report: what is kept of newest values (512) is by then from after the change, so
 * a field that only came back is known as recovered.
 */
const SETTLE_RECORDS = 512;

/**
 * Watches a field in drift for a further change.
 *
 * Idea: after the hold-off a second column of the same kind learns what the field is like now, with the same charts and
 * the same promise on false alarms; when it fires, that is reported and the next level is learned.
 * Cost: another column while the field is in drift.
 */
export class ShiftedLevel {
  column: Column | undefined;
  private readonly settings: ColumnSettings;
  private readonly place: Place;
  private readonly make: (settings: ColumnSettings, sink: ColumnSink) => Column | undefined;
  /** Since the alarm or the last further change. */
  private records = 0;
  private from = Number.NaN;
  private further: AlarmFacts | undefined;
  private settled = 0;

  constructor(settings: ColumnSettings, place: Place, make: ShiftedLevel['make']) {
    this.settings = settings;
    this.place = place;
    this.make = make;
  }

  start(): void {
    this.stop();
    this.records = 0;
    this.from = this.place.time;
  }

  stop(): void {
    this.column = undefined;
    this.further = undefined;
    this.settled = 0;
  }

  observe(value: unknown): void {
    this.records++;
    if (this.further !== undefined) {
      this.settled++;
      return;
    }
    if (this.column === undefined) {
      const { holdOffRecords, holdOffMs } = this.settings;
      if (this.records <= holdOffRecords || this.place.time - this.from < holdOffMs) return;
      this.open();
    }
    this.column?.observe(value);
    if (this.further !== undefined) this.column = undefined;
  }

  /** A further change that was no return to what is usual; undefined: none, or not known yet. */
  take(): AlarmFacts | undefined {
    const { further, settled } = this;
    if (further === undefined || settled < SETTLE_RECORDS) return undefined;
    this.start();
    return { ...further, against: 'level', length: further.length + settled };
  }

  /** Made new, and part of the next checkpoint. */
  open(): Column | undefined {
    const referenceRecords = Math.min(this.settings.referenceRecords, MAX_LEVEL_RECORDS);
    const nothing = (): void => {};
    const sink: ColumnSink = {
      alarm: (_column, facts) => {
        this.further = facts;
      },
      recovered: nothing,
      referenced: nothing,
      rebaselined: nothing,
    };
    // windows are tested for fields that are not in drift
    const guarantee = this.settings.guarantee === 'discoveries' ? 'none' : this.settings.guarantee;
    this.column = this.make({ ...this.settings, guarantee, referenceRecords, rebaselineAfter: 0 }, sink);
    if (this.column !== undefined) this.column.referenceDirty = true; // what an earlier level left is dropped
    return this.column;
  }

  write(to: ByteWriter): void {
    to.f64s([this.records, this.from, this.settled]);
    to.text(this.further === undefined ? '' : JSON.stringify(this.further));
  }

  read(from: ByteReader): void {
    const [records, since, settled] = from.f64s();
    this.records = records!;
    this.from = since!;
    this.settled = settled!;
    const further = from.text();
    this.further = further === '' ? undefined : withTime(JSON.parse(further)); // written by write()
  }
}

/** JSON has no NaN: a change without a clock has no time. */
function withTime(facts: AlarmFacts): AlarmFacts {
  return { ...facts, time: facts.time ?? Number.NaN };
}
