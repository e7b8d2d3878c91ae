import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { type Window, Windows } from '../window/windows.ts';
import type { Accumulator } from './accumulators.ts';
import { Expectation, type ExpectationSpec } from './expectation.ts';
import { HeldWindows } from './held-windows.ts';
import { WindowClock } from './window-clock.ts';
import { type Judged, type Span, WindowReport } from './window-report.ts';
import { addToSums, emptySums, loadSums, type Sums, saveSums } from './window-sums.ts';

export interface CheckWindowOptions {
  /** Sizes in milliseconds of event time, or in records. */
  readonly window: { readonly unit: 'ms' | 'records'; readonly size: number; readonly every: number };
  readonly expectations: readonly ExpectationSpec[];
  /** Holds the records of a window, and rejects all of them when an expectation of severity error fails. */
  readonly holds: boolean;
  /** What of a window that was cut off by the start or end of the input. */
  readonly partial: 'judge' | 'skip';
  /** Values of the `by` fields that all records have; events say them. */
  readonly segment?: Readonly<Record<string, string>>;
}

export const CHECK_WINDOW_PORT = { out: 0, rejected: 1, late: 2 } as const;
/** Open windows: far-off event times must not fill the memory. */
const MAX_OPEN = 1000;
const META = 'windows';
const VERSION = 1;

/**
 * Expectations on windows of records.
 *
 * In: records in order, with stream time. Out: every record, at once or (when it holds) once its window is judged; an
 * event for each expectation a window does not meet, and one when it is met again.
 * Cost: one accumulator update an expectation and window a record stands in; memory per open window and expectation is
 * that of its sketch (at most 16 KiB for distinct, 10 KiB for a quantile, below 100 B else).
 */
export class CheckWindowKernel implements Kernel {
  private readonly options: CheckWindowOptions;
  private readonly deps: OperatorDeps;
  private readonly expectations: readonly Expectation[];
  private readonly windows: Windows<Sums>;
  private readonly held: HeldWindows;
  private readonly clock: WindowClock;
  private readonly report: WindowReport;
  private readonly values: unknown[];
  private readonly seen: unknown[];
  private waiting: StatePart[] = [];
  private records = 0;
  private time = Number.NaN;
  private ending = false;
  private evicted = 0;
  private out: Out | undefined;

  constructor(options: CheckWindowOptions, deps: OperatorDeps) {
    this.options = options;
    this.deps = deps;
    this.expectations = options.expectations.map((spec) => new Expectation(spec));
    this.values = options.expectations.map(() => undefined);
    this.seen = options.expectations.map(() => undefined);
    this.held = new HeldWindows(deps.records);
    this.report = new WindowReport(options, this.expectations, deps);
    const { unit, size, every } = options.window;
    this.clock = new WindowClock({ every, empty: (span) => this.judgeEmpty(span) });
    this.windows = new Windows<Sums>({
      spec: size === every ? { kind: 'tumbling', size } : { kind: 'sliding', size, every },
      lateness: unit === 'ms' ? (deps.latenessMs ?? 0) : 0,
      create: () => emptySums(this.expectations),
      close: (window) => this.close(window),
      maxOpen: Number.POSITIVE_INFINITY, // evicted in take(), once the record is held
    });
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      const record = records[i]!;
      this.read(record);
      this.accept(record, time[i]!, out);
    }
  }

  /** The record that was just read. */
  accept(record: DataRecord, now: number, out: Out): void {
    this.finishRestore();
    this.out = out;
    const isTime = this.options.window.unit === 'ms';
    if (isTime) this.advance(now);
    this.time = now;
    for (let e = 0; e < this.seen.length; e++)
      this.seen[e] = this.expectations[e]!.observe(this.values[e], this.report.keyOf(e, record));
    const position = isTime ? (Number.isNaN(record.eventTime) ? now : record.eventTime) : this.records;
    this.records++;
    this.take(record, position);
    if (!isTime) this.advance(this.records);
  }

  /** Judges the windows of time that end before `now`, though no record has come. */
  passTo(now: number, out: Out): void {
    this.finishRestore();
    this.out = out;
    this.advance(now);
    this.time = now;
  }

  onTick(tick: Tick, out: Out): void {
    this.finishRestore();
    this.out = out;
    if (tick.kind === 'idle' && this.options.window.unit === 'ms') this.advance(tick.time);
    if (tick.kind !== 'end') return;
    this.ending = true;
    this.windows.flush();
    this.ending = false;
    // a window of records that was cut off is over: what is appended later begins the next one
    if (this.options.window.unit === 'records')
      this.records = this.startOf(this.records + this.options.window.size - 1);
  }

  checkpoint(): CheckpointDelta {
    this.finishRestore();
    const meta = {
      version: VERSION,
      records: this.records,
      time: Number.isNaN(this.time) ? null : this.time,
      evicted: this.evicted,
      clock: this.clock.save(),
      report: this.report.save(),
      expectations: this.expectations.map((one) => one.save()),
      windows: this.windows.save(saveSums),
    };
    const { put, drop } = this.held.checkpoint();
    return { put: [...put, { name: META, bytes: Buffer.from(JSON.stringify(meta)) }], drop };
  }

  restore(part: StatePart): void {
    this.waiting.push(part);
  }

  stats(): KernelStats {
    const open = this.windows.openCount;
    const perWindow = this.expectations.reduce((sum, one) => sum + (one.accumulator()?.bytes ?? 0), 200);
    const keys = this.expectations.reduce((sum, one) => sum + one.order.size, 0);
    return {
      entries: open + this.held.count,
      bytes: open * perWindow + keys * 120 + this.held.bytes,
      gauges: this.report.gauges(this.windows.late),
    };
  }

  /** Reads every field first: a record that cannot be read changes nothing. */
  read(record: DataRecord): void {
    for (let e = 0; e < this.values.length; e++) {
      const { field, measure } = this.options.expectations[e]!;
      this.values[e] = field !== undefined ? field.get(record) : measure === 'freshness' ? record.eventTime : undefined;
      this.report.keyOf(e, record);
    }
  }

  private take(record: DataRecord, position: number): void {
    const added = this.windows.add(position, this.update);
    if (added) this.clock.observe(this.startOf(position) + this.options.window.size);
    const out = this.out!;
    if (!this.options.holds) out.emit(CHECK_WINDOW_PORT.out, record);
    else if (added) {
      out.absorb('held');
      this.held.add(this.startOf(position), record);
    } else {
      const draft = record.edit();
      out.finding(draft, {
        rule: 'late-for-window',
        severity: 'warn',
        message: 'its window was judged before it came',
        dimension: 'timeliness',
      });
      out.emit(CHECK_WINDOW_PORT.late, draft);
    }
    while (this.windows.openCount > MAX_OPEN || this.held.bytes > this.deps.limits.maxHeldBytes) this.windows.evict();
    this.reportEvictions();
  }

  private readonly update = (sums: Sums): Sums => addToSums(sums, this.seen, this.time);

  private startOf(position: number): number {
    const { every } = this.options.window;
    return Math.floor(position / every) * every;
  }

  private advance(now: number): void {
    if (Number.isNaN(now)) return;
    this.windows.advance(now);
    if (this.options.window.unit === 'ms') this.clock.emptyUpTo(now - (this.deps.latenessMs ?? 0));
  }

  private close(window: Window<Sums>): void {
    const { start, end, value, records } = window;
    if (this.options.window.unit === 'ms') this.clock.closing(end);
    const isTime = this.options.window.unit === 'ms';
    // a window of records is cut off by the end alone
    const isCut = isTime ? this.clock.isFirst(end) || (this.ending && !(this.time >= end)) : end > this.records;
    const span: Span = { start, end, records, windows: 1, partial: isCut };
    const times = isTime ? { startMs: start, endMs: end } : { startMs: value.first, endMs: value.last };
    const judged = this.judge(span, { records, ...times }, value.of);
    if (this.options.holds) this.release(start, judged);
  }

  /** A run of windows without records is judged once. */
  private judgeEmpty(span: { readonly start: number; readonly end: number; readonly windows: number }): void {
    const { size } = this.options.window;
    const window = { records: 0, startMs: span.end - size, endMs: span.end };
    this.judge(
      { ...span, records: 0, partial: false },
      window,
      this.expectations.map((one) => one.accumulator()),
    );
  }

  private judge(
    span: Span,
    window: { readonly records: number; readonly startMs: number; readonly endMs: number },
    sums: readonly (Accumulator | undefined)[],
  ): readonly Judged[] {
    if (span.partial && this.options.partial === 'skip') return [];
    const judged: Judged[] = [];
    for (const [e, expectation] of this.expectations.entries()) {
      const verdict = expectation.judge(window, sums[e]);
      if (verdict !== undefined) judged.push({ expectation, verdict, invalid: sums[e]?.invalid ?? 0 });
    }
    this.report.tell(span, judged, { late: this.windows.late, out: this.out! });
    return judged;
  }

  private release(start: number, judged: readonly Judged[]): void {
    const out = this.out!;
    const failed = judged.filter(({ verdict, expectation }) => !verdict.holds && expectation.spec.severity === 'error');
    for (const record of this.held.take(start)) {
      out.release(record);
      if (failed.length === 0) {
        out.emit(CHECK_WINDOW_PORT.out, record);
        continue;
      }
      const draft = record.edit();
      for (const one of failed) out.finding(draft, this.report.finding(one));
      out.emit(CHECK_WINDOW_PORT.rejected, draft);
    }
  }

  private reportEvictions(): void {
    const keys = this.expectations.reduce((sum, one) => sum + one.order.evicted, 0);
    const evicted = this.windows.evicted + keys;
    if (evicted === this.evicted) return;
    this.out!.event('state.evicted', {
      entries: evicted - this.evicted,
      bound: this.windows.evicted > 0 ? 'windows' : 'keys',
    });
    this.evicted = evicted;
  }

  private finishRestore(): void {
    if (this.waiting.length === 0) return;
    const parts = this.waiting;
    this.waiting = [];
    const part = parts.find(({ name }) => name === META);
    if (part === undefined) return;
    const meta = JSON.parse(Buffer.from(part.bytes).toString());
    this.records = meta.records;
    this.time = meta.time ?? Number.NaN;
    this.clock.load(meta.clock);
    this.report.load(meta.report);
    for (const [e, saved] of meta.expectations.entries()) this.expectations[e]?.load(saved);
    this.evicted = meta.evicted;
    this.windows.restore(meta.windows, (json) => loadSums(this.expectations, json));
    const open = new Set<number>(meta.windows.open.map(([start]: readonly [number]) => start));
    this.held.restore(parts.filter(HeldWindows.owns), (start) => open.has(start));
  }
}
