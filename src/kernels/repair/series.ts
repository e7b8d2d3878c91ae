import { leftSideKey } from './cell.ts';
import type { Cells } from './columns.ts';
import { EntryStore } from './entry-store.ts';
import {
  type Imputation,
  type ImputeSettings,
  impute,
  learnValue,
  type NumberMethod,
  newImputeState,
} from './imputer.ts';
import {
  HAMPEL_SIDE,
  hampelRepair,
  isTooFast,
  type OutlierMethod,
  type Point,
  SPEED_AHEAD,
  speedRepair,
} from './outliers.ts';
import { ahead, confidenceOf, missingIn, SERIES_SHAPE, type Series, type Waiting } from './series-state.ts';
import { SpeedLimit } from './speed-limit.ts';

export interface SeriesSettings {
  /** Columns that make a series; none: all records are one. */
  readonly key: readonly number[];
  readonly outliers:
    | { readonly columns: readonly number[]; readonly method: OutlierMethod; readonly limit?: number }
    | undefined;
  readonly impute: (ImputeSettings & { readonly columns: readonly number[] }) | undefined;
}

/** A change to a number, or the filling of a gap. */
export interface SeriesChange {
  readonly column: number;
  readonly value: number;
  readonly method: OutlierMethod | NumberMethod;
  readonly confidence: number;
  /** Column a regression rests on. */
  readonly from?: number;
  /** Nothing after the point was known: it may be a step to a new level. */
  readonly isBlind: boolean;
}

/** A released point that turned out to be a spike. */
export interface SettledPoint {
  readonly origin: unknown;
  readonly key: string | null;
  readonly column: number;
  readonly value: number;
  readonly now: number;
  readonly confidence: number;
}

/** A record as a series sees it. */
export interface SeriesRecord {
  /** Number of the record in its task. */
  readonly seq: number;
  readonly cells: Cells;
  /** Milliseconds, NaN without. */
  readonly eventTime: number;
}

/** Of which record a correction would speak. */
export interface RecordName {
  readonly origin: unknown;
  readonly key: string | null;
}

/**
 * Series of numbers by key: outliers and gaps, judged when a record leaves, with the records that wait behind it as what
 * comes next. Time is the event time; where there is none, the number of the record in its series.
 *
 * Bound: `maxBytes` of series; the one met longest ago is forgotten.
 */
export class SeriesModel {
  readonly store: EntryStore<Series>;
  private readonly settings: SeriesSettings;
  private readonly maxBytes: number;
  /** What waits, by series, oldest first; read off the held records after a restore. */
  private readonly waiting = new Map<string, Waiting[]>();
  private settled: SettledPoint[] = [];

  constructor(settings: SeriesSettings, maxBytes: number) {
    this.settings = settings;
    this.maxBytes = maxBytes;
    this.store = new EntryStore<Series>('series', SERIES_SHAPE);
  }

  get active(): boolean {
    return this.settings.outliers !== undefined || this.settings.impute !== undefined;
  }

  /** The series of a record; undefined when a part of its key is missing. */
  keyOf(cells: Cells): string | undefined {
    return leftSideKey(this.settings.key.map((column) => cells[column]));
  }

  /** The record waits from now on. Gives the number of series forgotten for it. */
  arrive(record: SeriesRecord, untrusted: ReadonlySet<number>): number {
    const key = this.keyOf(record.cells);
    if (key === undefined) return 0;
    const series = this.store.get(key) ?? this.newSeries(record.seq);
    const t = Number.isNaN(record.eventTime) ? series.arrived : record.eventTime;
    series.arrived++;
    for (const [o, column] of (this.settings.outliers?.columns ?? []).entries()) {
      const x = record.cells[column];
      if (typeof x === 'number' && !untrusted.has(column)) series.limits[o]!.learn(t, x);
    }
    this.store.put(key, series);
    this.wait(key, { seq: record.seq, t, cells: record.cells });
    let evicted = 0;
    while (this.store.bytes > this.maxBytes && this.store.size > 1) {
      const [forgotten = ''] = this.store.shift() ?? [];
      this.waiting.delete(forgotten);
      evicted++;
    }
    return evicted;
  }

  /** After a restore, once for each held record in order. */
  waitAgain({ seq, cells, eventTime }: SeriesRecord): void {
    const key = this.keyOf(cells);
    const series = key === undefined ? undefined : this.store.get(key);
    if (key === undefined || series === undefined || seq < series.since) return;
    const place = this.waiting.get(key)?.length ?? 0;
    this.wait(key, { seq, cells, t: Number.isNaN(eventTime) ? series.left + place : eventTime });
  }

  /** Judges a record that leaves, and learns from what it leaves with. */
  leave(
    { seq, cells }: SeriesRecord,
    { untrusted, name }: { readonly untrusted: ReadonlySet<number>; readonly name: RecordName },
  ): readonly SeriesChange[] {
    const key = this.keyOf(cells);
    const series = key === undefined ? undefined : this.store.get(key);
    const waiting = key === undefined ? undefined : this.waiting.get(key);
    if (key === undefined || series === undefined || waiting?.[0]?.seq !== seq) return [];
    const first = waiting[0];
    waiting.shift();
    if (waiting.length === 0) this.waiting.delete(key);
    const changes = this.outliers(series, first, { waiting, name });
    const now = cells.slice();
    const doubted = new Set(untrusted);
    for (const { column, value, isBlind } of changes) {
      if (isBlind) doubted.add(column);
      else now[column] = value;
    }
    changes.push(...this.gaps(series, { seq, t: first.t, cells: now }, { untrusted: doubted, waiting }));
    series.left++;
    this.store.put(key, series);
    return changes;
  }

  private wait(key: string, waiting: Waiting): void {
    const list = this.waiting.get(key);
    if (list === undefined) this.waiting.set(key, [waiting]);
    else list.push(waiting);
  }

  private newSeries(since: number): Series {
    const { outliers, impute: gaps } = this.settings;
    return {
      since,
      arrived: 0,
      left: 0,
      limits: (outliers?.columns ?? []).map(() => new SpeedLimit()),
      last: (outliers?.columns ?? []).map(() => undefined),
      blind: (outliers?.columns ?? []).map(() => undefined),
      before: (outliers?.columns ?? []).map(() => []),
      gaps: (gaps?.columns ?? []).map(newImputeState),
    };
  }

  /** Points that left too early and have turned out to be spikes, since the last call. */
  takeSettled(): readonly SettledPoint[] {
    const { settled } = this;
    if (settled.length > 0) this.settled = [];
    return settled;
  }

  private outliers(
    series: Series,
    { t, cells }: Waiting,
    { waiting, name }: { readonly waiting: readonly Waiting[]; readonly name: RecordName },
  ): SeriesChange[] {
    const { outliers } = this.settings;
    const found: SeriesChange[] = [];
    if (outliers === undefined) return found;
    const { method } = outliers;
    for (const [o, column] of outliers.columns.entries()) {
      const x = cells[column];
      if (typeof x !== 'number') continue;
      const next = ahead(waiting, column, method === 'speed' ? SPEED_AHEAD : HAMPEL_SIDE);
      const last = series.last[o];
      const limit = method === 'speed' ? (outliers.limit ?? series.limits[o]!.value) : Number.NaN;
      const before = series.before[o]!;
      const beside = next.map((point) => point.x);
      let value = method === 'speed' ? x : hampelRepair(before, x, beside);
      let isBlind = false;
      if (!Number.isNaN(limit)) {
        value = speedRepair(last, { t, x }, next, limit);
        isBlind = next.length === 0 && this.isBlind(series, o, { point: { t, x }, limit, name });
        if (isBlind && last !== undefined) value = last.x;
        else this.settle(series, o, { column, point: { t, x: value }, limit });
      }
      if (value !== x)
        found.push({ column, value, method, confidence: confidenceOf(x, value, { last, t, limit }), isBlind });
      if (!isBlind) series.last[o] = { t, x: value };
      before.push(x);
      if (before.length > HAMPEL_SIDE) before.shift();
    }
    return found;
  }

  /** Too fast, with nothing known after it: remembered, unless the blind point before it says that this is a new level. */
  private isBlind(
    series: Series,
    o: number,
    { point, limit, name }: { readonly point: Point; readonly limit: number; readonly name: RecordName },
  ): boolean {
    const last = series.last[o];
    const before = series.blind[o];
    if (last === undefined || !isTooFast(last, point, limit)) return false;
    if (before !== undefined && point.t > before.t && !isTooFast(before, point, limit)) {
      series.blind[o] = undefined;
      return false;
    }
    series.blind[o] = { ...point, ...name };
    return true;
  }

  /** The series goes on where it was before a blind point: that was a spike. */
  private settle(
    series: Series,
    o: number,
    { column, point, limit }: { readonly column: number; readonly point: Point; readonly limit: number },
  ): void {
    const last = series.last[o];
    const blind = series.blind[o];
    if (blind === undefined || last === undefined) return;
    series.blind[o] = undefined;
    const { origin, key, t, x: value } = blind;
    const now = last.x + ((point.x - last.x) * (t - last.t)) / (point.t - last.t);
    const confidence = confidenceOf(value, now, { last, t, limit });
    this.settled.push({ origin, key, column, value, now, confidence });
  }

  private gaps(
    series: Series,
    { t, cells }: Waiting,
    { untrusted, waiting }: { readonly untrusted: ReadonlySet<number>; readonly waiting: readonly Waiting[] },
  ): SeriesChange[] {
    const { impute: settings } = this.settings;
    const found: SeriesChange[] = [];
    if (settings === undefined) return found;
    const numbers = (column: number): number | undefined => {
      const cell = cells[column];
      return typeof cell === 'number' ? cell : undefined;
    };
    for (const [g, column] of settings.columns.entries()) {
      const state = series.gaps[g]!;
      const x = numbers(column);
      const others = cells.map((_, c) => c).filter((c) => c !== column && typeof cells[c] === 'number');
      const reading = { t, numbers, others };
      if (x !== undefined) {
        if (!untrusted.has(column)) learnValue(state, x, reading, settings);
        continue;
      }
      if (cells[column] !== undefined) continue;
      const missingAhead = missingIn(waiting, column, settings.limit);
      const imputation: Imputation | undefined = impute(state, { ...reading, missingAhead }, settings);
      if (imputation !== undefined) found.push({ column, isBlind: false, ...imputation });
    }
    return found;
  }
}
