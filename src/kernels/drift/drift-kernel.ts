import { mix32 } from '../../core/hash.ts';
import type { DistributionSample, Inspection } from '../../core/inspection.ts';
import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import type { DataRecord, Epochs, RecordSource } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import type { Column } from './column.ts';
import { Discoveries } from './discoveries.ts';
import { DriftEvents } from './drift-events.ts';
import type { DriftSettings } from './drift-settings.ts';
import { DriftState } from './drift-state.ts';
import type { NumericColumn } from './numeric-column.ts';
import { hourOfWeek, type Place, Places } from './place.ts';
import { type Segment, Segments } from './segments.ts';
import type { VolumeColumn } from './volume.ts';

const OUT = 0;
/** Fields whose distribution is shown, those nearest to an alarm. */
const INSPECTED = 20;

interface Meta {
  readonly segments: readonly (readonly [key: string, label: Segment['label']])[];
  readonly overflowed: number;
  readonly places: unknown;
  readonly events: unknown;
  readonly discoveries?: unknown;
}

/** Watches fields of records: every record passes, what is noticed leaves as events. */
export class DriftKernel implements Kernel {
  private readonly settings: DriftSettings;
  private readonly place: Place = { offset: -1, index: -1, time: Number.NaN, hour: -1, draw: 0 };
  private readonly places = new Places();
  private readonly events: DriftEvents;
  private readonly segments: Segments;
  private readonly discoveries: Discoveries | undefined;
  private readonly volume: VolumeColumn | undefined;
  private readonly freshness: NumericColumn | undefined;
  private readonly state = new DriftState();
  private readonly ids = new Map<string, Column>();
  private readonly seed: number;
  private readonly step: string;
  private epochs: Epochs | undefined;
  private source: RecordSource | undefined;
  private sourceDraw = 0;
  private readonly values: unknown[] = [];
  private restored: StatePart[] | undefined;

  constructor(settings: DriftSettings, deps: OperatorDeps) {
    this.settings = settings;
    this.seed = deps.seed;
    this.step = deps.step;
    this.events = new DriftEvents(settings, { deps, place: this.place, places: this.places });
    this.segments = new Segments(settings, {
      place: this.place,
      sink: this.events,
      seed: deps.seed,
      maxStateBytes: deps.limits.maxStateBytes,
    });
    this.discoveries = settings.discoveries === undefined ? undefined : new Discoveries(settings.discoveries);
    const { volume, freshness } = this.segments.stepColumns();
    this.volume = volume;
    this.freshness = freshness;
    if (volume !== undefined) this.ids.set('volume', volume);
    if (freshness !== undefined) this.ids.set('freshness', freshness);
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    this.finish();
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.events.out = out;
      const record = records[i]!;
      this.read(record);
      this.stand(record, time[i]!);
      this.observe(record, time[i]!);
      this.emit(record, out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    this.finish();
    this.events.out = out;
    if (tick.kind === 'idle' && this.volume !== undefined) {
      this.place.time = tick.time;
      this.events.segment = undefined;
      this.volume.advance(tick.time);
    }
    if (tick.kind === 'command' && tick.name === 'rebaseline') this.rebaseline(tick.args);
  }

  /** Everything that may throw: before anything changes. */
  private read(record: DataRecord): void {
    const { fields, rates, target } = this.settings;
    const { values } = this;
    let v = 0;
    for (let f = 0; f < fields.length; f++) values[v++] = fields[f]!.slot.get(record);
    for (let r = 0; r < rates.length; r++) values[v++] = rates[r]!.test(record);
    if (target !== undefined) values[v] = target(record);
  }

  private stand(record: DataRecord, time: number): void {
    const { place } = this;
    if (record.source !== this.source) {
      this.source = record.source;
      this.sourceDraw = mix32(this.seed ^ mix32(record.source.partition + 1));
      this.places.see(record.source, record.offset);
    }
    place.offset = record.offset;
    place.index = record.index;
    place.time = time;
    this.events.see(time);
    place.hour = hourOfWeek(Number.isNaN(record.eventTime) ? time : record.eventTime);
    const high = Math.floor(record.offset / 4294967296);
    place.draw = mix32(mix32((record.offset ^ this.sourceDraw) + high * 31) ^ (record.index + 1));
  }

  private observe(record: DataRecord, time: number): void {
    const { events, values } = this;
    const segment = this.segmentOf(record);
    const { columns } = segment;
    events.segment = segment;
    for (let c = 0; c < columns.length; c++) columns[c]!.observe(values[c]);
    this.discoveries?.add(segment);
    events.segment = undefined;
    this.volume?.record(time);
    if (this.freshness === undefined) return;
    const lag = record.timestamp - record.eventTime;
    if (!Number.isNaN(lag)) this.freshness.observe(lag / 1000);
  }

  private segmentOf(record: DataRecord): Segment {
    const { segments } = this;
    const [before, overflowed] = [segments.list.length, segments.overflowed];
    const segment = segments.of(record);
    if (segments.list.length > before) this.number(segment, before);
    if (segments.overflowed > overflowed) this.events.overflow(segments.overflowed, segments.limit);
    return segment;
  }

  private number(segment: Segment, at: number): void {
    for (const [c, column] of segment.columns.entries()) this.ids.set(`${at}.${c}`, column);
  }

  private emit(record: DataRecord, out: Out): void {
    const { epoch, certify } = this.settings;
    if (epoch === undefined && !certify) {
      out.emit(OUT, record);
      return;
    }
    const draft = record.edit();
    epoch?.set(draft, this.events.epoch);
    if (certify) draft.epochs = this.epochsOf(record);
    out.emit(OUT, draft);
  }

  /** Records without an epoch of another step share one object until the epoch changes. */
  private epochsOf({ epochs }: DataRecord): Epochs {
    const { epoch } = this.events;
    if (epochs !== undefined) return { ...epochs, [this.step]: epoch };
    if (this.epochs?.[this.step] !== epoch) this.epochs = { [this.step]: epoch };
    return this.epochs;
  }

  /** `args`: `field` and `segment` (JSON list of the values of `by`) narrow it down. */
  private rebaseline(args: Readonly<Record<string, unknown>>): void {
    for (const segment of this.segments.list) {
      if (args.segment !== undefined && args.segment !== segment.key) continue;
      this.events.segment = segment;
      for (const column of segment.columns)
        if (args.field === undefined || args.field === column.field) column.rebaseline('command');
    }
    this.events.segment = undefined;
    for (const column of [this.volume, this.freshness])
      if (column !== undefined && (args.field === undefined || args.field === column.field))
        column.rebaseline('command');
  }

  checkpoint(): CheckpointDelta {
    this.finish();
    const meta: Meta = {
      segments: this.segments.list.map(({ key, label }) => [key, label]),
      overflowed: this.segments.overflowed,
      places: this.places.save(),
      events: this.events.save(),
      discoveries: this.discoveries?.save(),
    };
    return this.state.checkpoint(this.ids, meta);
  }

  restore(part: StatePart): void {
    this.restored ??= [];
    this.restored.push(part);
  }

  private finish(): void {
    if (this.restored === undefined) return;
    const parts = this.restored;
    this.restored = undefined;
    this.state.restore(parts, (rest) => {
      const meta = rest as Meta; // written by checkpoint()
      for (const [at, [key, label]] of meta.segments.entries())
        this.number(this.segments.open(key, label ?? undefined), at);
      this.segments.overflowed = meta.overflowed;
      this.places.load(meta.places);
      this.events.load(meta.events);
      if (meta.discoveries !== undefined) this.discoveries?.load(meta.discoveries);
      return this.ids;
    });
  }

  stats(): KernelStats {
    let bytes = 500;
    const most = new Map<string, { field: string; chart: string; ratio: number }>();
    const open = new Map<string, number>();
    for (const column of this.ids.values()) {
      bytes += column.byteLength + (column.level?.byteLength ?? 0);
      open.set(column.field, (open.get(column.field) ?? 0) + (column.phase === 'drifted' ? 1 : 0));
      for (const [chart, ratio] of (column.level ?? column).ratios()) {
        const key = `${column.field}\0${chart}`;
        const known = most.get(key);
        if (known === undefined) most.set(key, { field: column.field, chart, ratio });
        else known.ratio = Math.max(known.ratio, ratio);
      }
    }
    const gauges = [...most.values()].map(({ field, chart, ratio }) => ({
      name: 'drift_statistic_ratio',
      labels: { field, chart },
      value: ratio,
    }));
    const inDrift = [...open].map(([field, value]) => ({ name: 'drift_open', labels: { field }, value }));
    return { entries: this.ids.size, bytes, gauges: [...gauges, ...inDrift] };
  }
  inspect(): Inspection {
    const found: { readonly pressure: number; readonly segment: Segment; readonly column: Column }[] = [];
    for (const segment of this.segments.list)
      for (const column of segment.columns)
        if (column.phase !== 'warming') found.push({ pressure: pressureOf(column), segment, column });
    found.sort((a, b) => b.pressure - a.pressure);
    const distributions: DistributionSample[] = [];
    for (const { segment, column } of found) {
      if (distributions.length === INSPECTED) break;
      const compared = this.events.hides(column) ? undefined : column.compared();
      if (compared === undefined || column.phase === 'warming') continue;
      const { field, phase } = column;
      const label = this.events.labelOf(segment);
      distributions.push({
        field,
        phase,
        ...(label === undefined ? {} : { segment: Object.values(label).join(', ') }),
        ...compared,
      });
    }
    return { distributions };
  }
}

/** A field in drift comes before all that are not. */
function pressureOf(column: Column): number {
  if (column.phase === 'drifted') return Number.POSITIVE_INFINITY;
  return Math.max(0, ...column.ratios().map(([, ratio]) => ratio));
}
