import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Work } from '../../core/shared-work.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { categoryOf } from '../sketch/category.ts';
import { type Window, Windows } from '../window/windows.ts';
import { type FieldReport, WINDOW_SETTINGS } from './field-profile.ts';
import { figureOf } from './figures.ts';
import { OVERFLOW, type Segment, tellWindow } from './profile-report.ts';
import { RecordProfile } from './record-profile.ts';
import type { RecordFacts } from './value-facts.ts';

export interface ProfileOptions {
  /** Sizes in milliseconds of event time, or in records. */
  readonly window: { readonly unit: 'ms' | 'records'; readonly size: number };
  readonly fields: readonly FieldSlot[] | undefined;
  readonly by: readonly FieldSlot[];
  readonly maxSegments: number;
  readonly maxFields: number;
  /** Profiles of fields over all open windows and segments. */
  readonly maxCells: number;
  readonly quantiles: readonly number[];
  readonly top: number;
  /** Figures shown as metrics, by field. */
  readonly metrics: ReadonlyMap<string, readonly string[]>;
  /** The same fields, looked at once for several profiles of the stage. */
  readonly facts?: Work<RecordFacts> | undefined;
}

const META = 'windows';
const VERSION = 1;
const MAX_OPEN = 100;

interface KeptSegment extends Segment {
  /** Part of the state, made at the first checkpoint that holds it. */
  part: number;
  dirty: boolean;
}

type Segments = Map<string, KeptSegment>;

/**
 * Profiles of windows, field by field and segment by segment.
 *
 * In: any records; every one passes as it came. Out: when a window closes, an event `profile.window` and for each segment
 * and field one `profile.field`. What exceeds the bounds is counted in `profile.window`, and the first time a `state.evicted`.
 * State: one part a segment, written when it changed. Cost: that of FieldProfile a value; memory `maxCells` × 20 KB at most.
 */
export class ProfileKernel implements Kernel {
  private readonly options: ProfileOptions;
  private readonly deps: OperatorDeps;
  private readonly windows: Windows<Segments>;
  private readonly shown = new Map<string, number>();
  private cells = 0;
  private records = 0;
  private late = 0;
  private nextPart = 1;
  private left: string[] = [];
  private waiting: StatePart[] = [];
  private record: DataRecord | undefined;
  private segment = '';
  private out: Out | undefined;
  private refused = 0;
  private told = false;

  constructor(options: ProfileOptions, deps: OperatorDeps) {
    this.options = options;
    this.deps = deps;
    this.windows = new Windows<Segments>({
      spec: { kind: 'tumbling', size: options.window.size },
      lateness: options.window.unit === 'ms' ? (deps.latenessMs ?? 0) : 0,
      create: () => new Map(),
      close: (window) => this.close(window),
      maxOpen: MAX_OPEN,
    });
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    this.finishRestore();
    this.out = out;
    const isTime = this.options.window.unit === 'ms';
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      const record = records[i]!;
      this.segment = this.segmentOf(record); // reads the record: if it cannot be read, nothing has changed
      void record.data;
      const now = time[i]!;
      if (isTime && !Number.isNaN(now)) this.windows.advance(now);
      this.record = record;
      this.windows.add(isTime ? (Number.isNaN(record.eventTime) ? now : record.eventTime) : this.records, this.update);
      this.records++;
      if (!isTime) this.windows.advance(this.records);
      this.tellRefused();
      out.emit(0, record);
    }
  }

  onTick(tick: Tick, out: Out): void {
    this.finishRestore();
    this.out = out;
    if (tick.kind === 'idle' && this.options.window.unit === 'ms') this.windows.advance(tick.time);
    if (tick.kind !== 'end') return;
    this.windows.flush();
    const { unit, size } = this.options.window;
    // a window of records that was cut off is over: what is appended later begins the next one
    if (unit === 'records') this.records = Math.ceil(this.records / size) * size;
  }

  checkpoint(): CheckpointDelta {
    this.finishRestore();
    const put: StatePart[] = [];
    const index = this.windows.save((segments) =>
      [...segments].map(([key, segment]) => {
        if (segment.part === 0) segment.part = this.nextPart++;
        if (segment.dirty) put.push({ name: `segment-${segment.part}`, bytes: json(segment.profile.save()) });
        segment.dirty = false;
        return [key, segment.values ?? null, segment.part];
      }),
    );
    const { records, late, nextPart, refused, told } = this;
    const shown = [...this.shown];
    put.push({ name: META, bytes: json({ version: VERSION, records, late, nextPart, refused, told, shown, index }) });
    const drop = this.left;
    this.left = [];
    return { put, drop };
  }

  restore(part: StatePart): void {
    this.waiting.push(part);
  }

  stats(): KernelStats {
    let bytes = 0;
    for (const segments of this.windows.values()) for (const { profile } of segments.values()) bytes += profile.bytes;
    const gauges = [...this.shown].map(([key, value]) => {
      const [field = '', figure = ''] = key.split('\0');
      return { name: 'profile_value', labels: { field, figure }, value };
    });
    return { entries: this.cells, bytes, gauges };
  }

  private readonly update = (segments: Segments): Segments => {
    let segment = segments.get(this.segment);
    if (segment === undefined && this.segment !== OVERFLOW) {
      const isFull = segments.size - (segments.has(OVERFLOW) ? 1 : 0) >= this.options.maxSegments;
      segment = isFull ? segments.get(OVERFLOW) : undefined;
      if (segment === undefined) segment = this.open(segments, isFull ? OVERFLOW : this.segment);
    }
    segment!.profile.add(this.record!);
    segment!.dirty = true;
    return segments;
  };

  private open(segments: Segments, key: string): KeptSegment {
    const values = key === OVERFLOW ? undefined : (JSON.parse(key) as string[]); // as segmentOf wrote it
    const segment = { values, profile: this.newProfile(), part: 0, dirty: true };
    segments.set(key, segment);
    return segment;
  }

  private newProfile(): RecordProfile {
    const { fields, maxFields, maxCells, facts } = this.options;
    return new RecordProfile({ settings: WINDOW_SETTINGS, fields, maxFields, facts }, () => {
      if (this.cells >= maxCells) {
        this.refused++;
        return false;
      }
      this.cells++;
      return true;
    });
  }

  private segmentOf(record: DataRecord): string {
    return JSON.stringify(this.options.by.map((slot) => categoryOf(slot.get(record) ?? null)));
  }

  private tellRefused(): void {
    if (this.refused === 0 || this.told) return;
    this.told = true;
    this.out!.event('state.evicted', { entries: this.refused, bound: 'maxCells' });
  }

  private close(window: Window<Segments>): void {
    const out = this.out!;
    const place = { start: this.show(window.start), end: this.show(window.end) };
    let leftOut = 0;
    for (const segment of window.value.values()) {
      leftOut += segment.profile.leftOut;
      this.cells -= segment.profile.fields.size;
      if (segment.part !== 0) this.left.push(`segment-${segment.part}`);
    }
    const late = this.windows.late - this.late;
    this.late = this.windows.late;
    tellWindow({ window: place, records: window.records, segments: window.value, leftOut, late }, out, {
      ...this.options,
      hidden: this.deps.redacted,
      keep: (report) => this.keepFigures(report),
    });
  }

  private keepFigures(report: FieldReport): void {
    for (const figure of this.options.metrics.get(report.field) ?? []) {
      const value = figureOf(report, figure);
      if (value !== undefined) this.shown.set(`${report.field}\0${figure}`, value);
    }
  }

  private show(position: number): string | number {
    return this.options.window.unit === 'ms' && Math.abs(position) <= 8.64e15
      ? new Date(position).toISOString()
      : position;
  }

  private finishRestore(): void {
    if (this.waiting.length === 0) return;
    const parts = new Map(this.waiting.map(({ name, bytes }) => [name, bytes]));
    this.waiting = [];
    const meta = parse(parts.get(META)!);
    this.records = meta.records;
    this.late = meta.late;
    this.nextPart = meta.nextPart;
    for (const [key, value] of meta.shown) this.shown.set(key, value);
    this.windows.restore(meta.index, (saved) => {
      const segments: Segments = new Map();
      for (const [key, values, part] of saved as [string, string[] | null, number][]) {
        const profile = this.newProfile();
        profile.load(parse(parts.get(`segment-${part}`)!));
        segments.set(key, { values: values ?? undefined, profile, part, dirty: false });
      }
      return segments;
    });
    this.refused = meta.refused;
    this.told = meta.told;
  }
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function parse(bytes: Uint8Array) {
  return JSON.parse(Buffer.from(bytes).toString());
}
