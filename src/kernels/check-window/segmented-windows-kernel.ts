import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { segmentLabel } from '../sketch/segment-label.ts';
import { CheckWindowKernel, type CheckWindowOptions } from './check-window-kernel.ts';

export interface SegmentedWindowsOptions extends CheckWindowOptions {
  readonly by: readonly FieldSlot[];
  readonly maxSegments: number;
}

interface Segment {
  readonly key: string;
  readonly label: Readonly<Record<string, string>>;
  readonly kernel: CheckWindowKernel;
  /** Changed since the last checkpoint. */
  dirty: boolean;
}

const META = 'segments';
const VERSION = 1;
const OTHER = '(other)';
/** The first record beyond the bound of segments is told, then every tenfold number of them. */
const NEXT_OVERFLOW = 10;
const LATE = 'window_late_records';
const FAILING = 'window_failing';

/**
 * Windows of each segment for itself: a kernel a segment. Time is that of the stream, so a segment whose records stop has
 * empty windows; windows of records count those of the segment.
 *
 * State: the parts of segment n as `<n>:<part>`, written when it saw a record or a window of it closed.
 * Cost: that of CheckWindowKernel, and a visit of every segment when a window ends.
 */
export class SegmentedWindowsKernel implements Kernel {
  private readonly options: SegmentedWindowsOptions;
  private readonly deps: OperatorDeps;
  private readonly segments = new Map<string, Segment>();
  private readonly list: Segment[] = [];
  private overflowed = 0;
  private overflowAt = 1;
  /** Number of the last window end that stream time has passed. */
  private passed = Number.NEGATIVE_INFINITY;
  /** Stream time. */
  private now = Number.NaN;
  private waiting: StatePart[] = [];

  constructor(options: SegmentedWindowsOptions, deps: OperatorDeps) {
    this.options = options;
    // what is held is bounded for the step, not for a segment
    const maxHeldBytes = Math.floor(deps.limits.maxHeldBytes / options.maxSegments);
    this.deps = { ...deps, limits: { ...deps.limits, maxHeldBytes } };
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    this.finishRestore();
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      const record = records[i]!;
      const segment = this.segmentOf(record);
      segment.kernel.read(record); // if it cannot be read, nothing has changed
      this.keep(segment, out);
      this.pass(time[i]!, out);
      segment.dirty = true;
      segment.kernel.accept(record, time[i]!, out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    this.finishRestore();
    const { unit } = this.options.window;
    for (const segment of this.list) {
      segment.dirty = true;
      if (unit === 'ms' && !Number.isNaN(this.now)) segment.kernel.passTo(this.now, out);
      segment.kernel.onTick(tick, out);
    }
  }

  checkpoint(): CheckpointDelta {
    this.finishRestore();
    const put: StatePart[] = [];
    const drop: string[] = [];
    for (const [n, segment] of this.list.entries()) {
      if (!segment.dirty) continue;
      segment.dirty = false;
      const delta = segment.kernel.checkpoint();
      for (const { name, bytes } of delta.put) put.push({ name: `${n}:${name}`, bytes });
      for (const name of delta.drop) drop.push(`${n}:${name}`);
    }
    const { overflowed, overflowAt } = this;
    const passed = Number.isFinite(this.passed) ? this.passed : null;
    const now = Number.isNaN(this.now) ? null : this.now;
    const segments = this.list.map(({ key, label }) => [key, label]);
    const meta = { version: VERSION, segments, overflowed, overflowAt, passed, now };
    put.push({ name: META, bytes: Buffer.from(JSON.stringify(meta)) });
    return { put, drop };
  }

  restore(part: StatePart): void {
    this.waiting.push(part);
  }

  stats(): KernelStats {
    let [entries, bytes, late] = [0, 0, 0];
    const failing = new Map<string, number>(this.options.expectations.map(({ name }) => [name, 0]));
    for (const { kernel } of this.list) {
      const stats = kernel.stats();
      entries += stats.entries;
      bytes += stats.bytes + 200;
      for (const { name, labels, value } of stats.gauges ?? []) {
        const expectation = labels?.expectation ?? '';
        if (name === LATE) late += value;
        else if (name === FAILING) failing.set(expectation, (failing.get(expectation) ?? 0) + value);
      }
    }
    const gauges = [...failing].map(([expectation, value]) => ({ name: FAILING, labels: { expectation }, value }));
    return { entries, bytes, gauges: [{ name: LATE, value: late }, ...gauges] };
  }

  /** Kept only by keep(): the record may turn out to be one that cannot be read. */
  private segmentOf(record: DataRecord): Segment {
    const label = segmentLabel(this.options.by, record);
    const key = JSON.stringify(Object.values(label));
    const known = this.segments.get(key);
    if (known !== undefined) return known;
    if (this.list.length < this.options.maxSegments) return this.segment(key, label);
    return this.segments.get(OTHER) ?? this.segment(OTHER, { segment: OTHER });
  }

  private segment(key: string, label: Segment['label']): Segment {
    const shown = Object.entries(label).map(([field, value]) => [
      field,
      this.deps.redacted(field) ? '[redacted]' : value,
    ]);
    const kernel = new CheckWindowKernel({ ...this.options, segment: Object.fromEntries(shown) }, this.deps);
    return { key, label, kernel, dirty: true };
  }

  private keep(segment: Segment, out: Out): void {
    if (!this.segments.has(segment.key)) {
      this.segments.set(segment.key, segment);
      this.list.push(segment);
    }
    if (segment.key !== OTHER) return;
    this.overflowed++;
    if (this.overflowed < this.overflowAt) return;
    this.overflowAt = this.overflowed * NEXT_OVERFLOW;
    out.event('window.overflow', { bound: this.options.maxSegments, records: this.overflowed });
  }

  /** Windows of all segments end when stream time says so. */
  private pass(now: number, out: Out): void {
    const { unit, every } = this.options.window;
    if (unit !== 'ms' || Number.isNaN(now)) return;
    this.now = now;
    const passed = Math.floor((now - (this.deps.latenessMs ?? 0)) / every);
    if (passed <= this.passed) return;
    this.passed = passed;
    for (const segment of this.list) {
      segment.dirty = true;
      segment.kernel.passTo(now, out);
    }
  }

  private finishRestore(): void {
    if (this.waiting.length === 0) return;
    const parts = this.waiting;
    this.waiting = [];
    const meta = parts.find(({ name }) => name === META);
    if (meta === undefined) return;
    const saved = JSON.parse(Buffer.from(meta.bytes).toString());
    this.overflowed = saved.overflowed;
    this.overflowAt = saved.overflowAt;
    this.now = saved.now ?? Number.NaN;
    this.passed = saved.passed ?? Number.NEGATIVE_INFINITY;
    for (const [key, label] of saved.segments) {
      const segment = { ...this.segment(key, label), dirty: false };
      this.segments.set(key, segment);
      this.list.push(segment);
    }
    for (const { name, bytes } of parts) {
      const colon = name.indexOf(':');
      if (colon > 0) this.list[Number(name.slice(0, colon))]?.kernel.restore({ name: name.slice(colon + 1), bytes });
    }
  }
}
