import type { OperatorDeps, Out } from '../../core/operator.ts';
import { hash128 } from '../hash/key-hasher.ts';
import type { AlarmFacts, Column, ColumnSink } from './column.ts';
import type { DriftSettings } from './drift-settings.ts';
import type { Place, Places } from './place.ts';
import type { Segment } from './segments.ts';

const DAY_MS = 86_400_000;
const INCIDENT_DIGITS = 16;
const WINDOW_STEP = 4;
/** The first record beyond the bound of segments, then every tenfold number of them. */
const NEXT_OVERFLOW = 10;

/** Turns what columns notice into events: origins, segment, incident; values of redacted fields are left out. */
export class DriftEvents implements ColumnSink {
  out: Out | undefined;
  segment: Segment | undefined;
  /** Rises with every alarm, recovery and new baseline of the task. */
  epoch = 0;
  private readonly deps: OperatorDeps;
  private readonly place: Place;
  private readonly places: Places;
  private readonly holdOffMs: number;
  private readonly holdOffRecords: number;
  private firstTime = Number.NaN;
  private records = 0;
  /** Alarms by column, and the incident that is open there. */
  private readonly alarms = new Map<string, { count: number; incident: string }>();
  private overflowAt = 1;

  constructor(settings: DriftSettings, around: { deps: OperatorDeps; place: Place; places: Places }) {
    this.deps = around.deps;
    this.place = around.place;
    this.places = around.places;
    this.holdOffMs = settings.column.holdOffMs;
    this.holdOffRecords = settings.column.holdOffRecords;
  }

  /** One more record of the task: how dense they are sets the window of an incident. */
  see(time: number): void {
    if (Number.isNaN(this.firstTime)) this.firstTime = time;
    this.records++;
  }

  alarm(column: Column, facts: AlarmFacts): void {
    this.epoch++;
    const key = this.keyOf(column);
    const count = (this.alarms.get(key)?.count ?? 0) + 1;
    const incident = this.incidentOf(column, count);
    this.alarms.set(key, { count, incident });
    const { offset, index, time, length, effect, severity, ...chart } = facts;
    const hidden = this.hides(column);
    const { histogram, moved, before, after, ...shown } = chart;
    this.out?.event('drift.alarm', {
      ...this.names(column),
      ...shown,
      statistic: round(facts.statistic),
      threshold: round(facts.threshold),
      changePoint: this.places.origin(offset, index) ?? null,
      ...(Number.isFinite(time) ? { changeTime: new Date(time).toISOString() } : {}),
      detectedAt: this.places.origin(this.place.offset, this.place.index) ?? null,
      recordsSinceChange: length,
      effect: rounded(effect),
      severity,
      ...(before === undefined ? {} : rounded({ before, after })),
      ...(hidden || histogram === undefined ? {} : { histogram: rounded(histogram), moved: rounded(moved) }),
      incident,
    });
  }

  recovered(column: Column, facts: Readonly<Record<string, unknown>>): void {
    this.epoch++;
    const incident = this.alarms.get(this.keyOf(column))?.incident;
    this.out?.event('drift.recovered', { ...this.names(column), ...(rounded(facts) as object), incident });
  }

  rebaselined(column: Column, cause: 'policy' | 'command'): void {
    this.epoch++;
    const incident = this.alarms.get(this.keyOf(column))?.incident;
    this.out?.event('drift.rebaselined', {
      ...this.names(column),
      cause,
      ...(incident === undefined ? {} : { incident }),
    });
  }

  referenced(column: Column, facts: Readonly<Record<string, unknown>>): void {
    const bytes = column.saveReference();
    const hidden = this.hides(column);
    const { mean: _mean, sd: _sd, ...shown } = facts;
    this.out?.event('drift.referenced', {
      ...this.names(column),
      kind: column.kind,
      ...(rounded(hidden ? shown : facts) as object),
      ...(hidden || bytes === undefined ? {} : { reference: Buffer.from(bytes).toString('base64') }),
    });
  }

  overflow(records: number, bound: number): void {
    if (records < this.overflowAt) return;
    this.overflowAt = records * NEXT_OVERFLOW;
    this.out?.event('drift.overflow', { bound, records });
  }

  save(): unknown {
    const { epoch, overflowAt, records } = this;
    const firstTime = Number.isNaN(this.firstTime) ? null : this.firstTime;
    return { epoch, overflowAt, records, firstTime, alarms: [...this.alarms] };
  }

  load(saved: unknown): void {
    const { epoch, overflowAt, records, firstTime, alarms } = saved as {
      epoch: number;
      overflowAt: number;
      records: number;
      firstTime: number | null;
      alarms: [string, { count: number; incident: string }][];
    }; // written by save()
    this.epoch = epoch;
    this.overflowAt = overflowAt;
    this.records = records;
    this.firstTime = firstTime ?? Number.NaN;
    for (const [key, entry] of alarms) this.alarms.set(key, entry);
  }

  private names(column: Column): { field: string; segment?: Readonly<Record<string, string>> } {
    const segment = this.labelOf(this.segment);
    return segment === undefined ? { field: column.field } : { field: column.field, segment };
  }

  /** Values of a segment as they may be shown. */
  labelOf(segment: Segment | undefined): Readonly<Record<string, string>> | undefined {
    if (segment?.label === undefined) return undefined;
    const shown = Object.entries(segment.label);
    return Object.fromEntries(
      shown.map(([name, value]) => [name, this.deps.redacted(name) ? '[redacted]' : value] as const),
    );
  }

  hides(column: Column): boolean {
    return this.deps.redacted(column.field);
  }

  private keyOf(column: Column): string {
    return `${this.segment?.key ?? ''}\0${column.field}`;
  }

  /**
   * The hold-off. In records it is turned into days, times 4 until it fits, so that partitions that are about equally
   * dense agree on it.
   */
  private windowMs(time: number): number {
    if (this.holdOffMs > 0) return this.holdOffMs;
    const holdOff = (this.holdOffRecords * (time - this.firstTime)) / this.records;
    let window = DAY_MS;
    while (window < holdOff) window *= WINDOW_STEP;
    return window;
  }

  /** The same for every partition: its name, and the window of stream time (without a clock: the how manieth alarm). */
  private incidentOf(column: Column, count: number): string {
    const { topology, step } = this.deps;
    const { time } = this.place;
    const window = Number.isFinite(time) ? Math.floor(time / this.windowMs(time)) : `#${count}`;
    const text = JSON.stringify([topology, step, column.field, this.segment?.key ?? '', window]);
    return hash128(text).slice(0, INCIDENT_DIGITS);
  }
}

const DIGITS = 6;

function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : value;
}

/** Numbers below at six digits; edges of bins stay exact. */
function rounded<T>(value: T, name = ''): T {
  if (typeof value === 'number') return (name === 'from' || name === 'to' ? value : round(value)) as T;
  if (Array.isArray(value)) return value.map((item) => rounded(item)) as T; // same shape
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item, key)])) as T; // same shape
}
