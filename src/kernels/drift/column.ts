import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { DriftSeverity } from './distances.ts';
import type { Place } from './place.ts';
import { ShiftedLevel } from './shifted-level.ts';
import type { WindowEvidence } from './window-evidence.ts';

/** What an alarm says; the kernel adds field, segment, origins and incident. */
export interface AlarmFacts {
  readonly chart: string;
  /** A further change of a field in drift: everything here is against what it was like since its last alarm. */
  readonly against?: 'level';
  readonly direction?: 'up' | 'down';
  readonly k?: number;
  readonly statistic: number;
  readonly threshold: number;
  /** First record of the change. */
  readonly offset: number;
  readonly index: number;
  readonly time: number;
  /** Records from the change to the alarm. */
  readonly length: number;
  readonly effect: { readonly js: number; readonly psi: number; readonly w1?: number; readonly sd: number };
  readonly severity: DriftSeverity;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly histogram?: unknown;
  readonly moved?: unknown;
}

export interface ColumnSink {
  alarm(column: Column, facts: AlarmFacts): void;
  recovered(column: Column, facts: Readonly<Record<string, unknown>>): void;
  /** The reference is frozen. */
  referenced(column: Column, facts: Readonly<Record<string, unknown>>): void;
  rebaselined(column: Column, cause: 'policy' | 'command'): void;
}

export interface ColumnSettings {
  /** Records of the warm-up. */
  readonly referenceRecords: number;
  /** Records between false alarms of this column, in records it sees. */
  readonly runLength: number;
  /**
   * `run-length`: thresholds with a proof instead of ones solved for, where there is one. `discoveries`: no charts, the
   * step tests windows of all columns together.
   */
  readonly guarantee: 'none' | 'run-length' | 'discoveries';
  readonly minJs: number;
  readonly minSd: number;
  readonly holdOffRecords: number;
  readonly holdOffMs: number;
  readonly season: 'auto' | 'none' | 'hour-of-day' | 'hour-of-week';
  /** Records in drift after which a new reference is taken; 0: never. */
  readonly rebaselineAfter: number;
}

/** While a field is in drift this many records pass between two looks whether it still is. */
const LOOK_EVERY = 256;

/**
 * One thing that is watched: warm-up, then watching, then in drift until it has recovered or has a new reference.
 * Subclasses know how a value is taken and compared.
 */
export abstract class Column {
  readonly field: string;
  readonly kind: string;
  readonly settings: ColumnSettings;
  /** Changed since the last checkpoint; the same for what is written once. */
  dirty = true;
  referenceDirty = false;
  phase: 'warming' | 'watching' | 'drifted' = 'warming';
  protected readonly place: Place;
  protected readonly sink: ColumnSink;
  private readonly shifted: ShiftedLevel;
  /** Records since the alarm, and its time. */
  private sinceAlarm = 0;
  private alarmTime = Number.NaN;

  constructor(name: { field: string; kind: string }, settings: ColumnSettings, place: Place, sink: ColumnSink) {
    this.field = name.field;
    this.kind = name.kind;
    this.settings = settings;
    this.place = place;
    this.sink = sink;
    this.shifted = new ShiftedLevel(settings, place, (...of) => this.another(...of));
  }

  abstract observe(value: unknown): void;
  /** Statistic of each chart as a share of its threshold. */
  abstract ratios(): readonly (readonly [chart: string, ratio: number])[];
  abstract get byteLength(): number;
  abstract writeState(to: ByteWriter): void;
  abstract readState(from: ByteReader): void;
  /** Bytes of the frozen reference; undefined before. */
  abstract saveReference(): Uint8Array | undefined;
  abstract loadReference(bytes: Uint8Array): void;
  /** Warm-up values in chunks, so that a checkpoint writes the last ones alone. */
  abstract warmUpChunks(): readonly { readonly chunk: number; readonly bytes: Uint8Array }[];
  abstract loadWarmUp(chunk: number, bytes: Uint8Array): void;
  protected abstract resetCharts(): void;
  /** Facts when what came since the alarm looks like the reference again, undefined while it does not. */
  protected abstract looksUsual(): Readonly<Record<string, unknown>> | undefined;
  protected abstract startWarmUp(): void;
  /** A column of the same kind without memory; undefined: this one is never in drift for long. */
  protected abstract another(settings: ColumnSettings, sink: ColumnSink): Column | undefined;

  /** What the field is like while it is in drift, watched for a further change. */
  get level(): Column | undefined {
    return this.shifted.column;
  }

  /** For its saved state. */
  openLevel(): Column | undefined {
    return this.shifted.column ?? this.shifted.open();
  }

  /** The reference beside the newest values; undefined where there is none to show. */
  compared(): { readonly records: number; readonly histogram: unknown } | undefined {
    return undefined;
  }

  /** Forgets the reference and learns a new one. */
  rebaseline(cause: 'policy' | 'command'): void {
    this.sink.rebaselined(this, cause);
    this.shifted.stop();
    this.phase = 'warming';
    this.dirty = true;
    this.referenceDirty = true;
    this.resetCharts();
    this.startWarmUp();
  }

  /** What the records since the last call say against the reference, in a step that tests windows. */
  takeWindow(): WindowEvidence | undefined {
    return undefined;
  }

  /** The window that was taken is one of those found. */
  discover({ p, facts }: WindowEvidence, level: number): void {
    if (facts !== undefined)
      this.raise({ ...facts, statistic: -Math.log10(Math.max(p, Number.MIN_VALUE)), threshold: -Math.log10(level) });
  }

  protected raise(facts: AlarmFacts): void {
    this.phase = 'drifted';
    this.sinceAlarm = 0;
    this.alarmTime = this.place.time;
    this.sink.alarm(this, facts);
    this.resetCharts();
    this.shifted.start();
  }

  /** One more record in drift: is it over, is a new reference due, did it change once more? */
  protected wait(value: unknown): void {
    const { holdOffRecords, holdOffMs, rebaselineAfter } = this.settings;
    this.sinceAlarm++;
    if (rebaselineAfter > 0 && this.sinceAlarm >= rebaselineAfter) {
      this.rebaseline('policy');
      return;
    }
    this.shifted.observe(value);
    const beyond = this.sinceAlarm - holdOffRecords;
    if (beyond < 0 || beyond % LOOK_EVERY !== 0) return;
    if (this.place.time - this.alarmTime < holdOffMs) return;
    const facts = this.looksUsual();
    if (facts === undefined) {
      const further = this.shifted.take();
      if (further !== undefined) this.sink.alarm(this, further);
      return;
    }
    this.shifted.stop();
    this.phase = 'watching';
    this.resetCharts();
    this.sink.recovered(this, { ...facts, records: this.sinceAlarm });
  }

  writePhase(to: ByteWriter): void {
    to.u8(this.phase === 'warming' ? 0 : this.phase === 'watching' ? 1 : 2);
    to.f64s([this.sinceAlarm, this.alarmTime]);
    this.shifted.write(to);
  }

  readPhase(from: ByteReader): void {
    this.phase = (['warming', 'watching', 'drifted'] as const)[from.u8()] ?? 'warming';
    const [sinceAlarm, alarmTime] = from.f64s();
    this.sinceAlarm = sinceAlarm!;
    this.alarmTime = alarmTime!;
    this.shifted.read(from);
  }
}
