import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { ColumnSettings, ColumnSink } from './column.ts';
import { NumericColumn } from './numeric-column.ts';
import { hourOfWeek, type Place } from './place.ts';

/** Silence longer than this many times the longest gap of the reference is an alarm by itself. */
const GAP_FACTOR = 3;
/** Empty intervals counted after a silence; a longer one has had its alarm. */
const MAX_EMPTY = 1000;

/**
 * Records per interval of stream time as log(1 + count), and gaps in stream time.
 *
 * Idea: a numeric field with one value an interval, so a season by hour is taken out as for any other; its run length is turned
 * from records into intervals by the reference's own rate. Stream time never runs backwards, so late records count
 * where the stream stands.
 */
export class VolumeColumn extends NumericColumn {
  private readonly everyMs: number;
  private interval = Number.NaN;
  private count = 0;
  private last = Number.NaN;
  private longestGap = 0;

  constructor(everyMs: number, options: { settings: ColumnSettings; place: Place; sink: ColumnSink; seed: number }) {
    super('volume', options);
    this.everyMs = everyMs;
  }

  protected override another(settings: ColumnSettings, sink: ColumnSink): VolumeColumn {
    return new VolumeColumn(this.everyMs, { settings, sink, place: this.place, seed: this.seed });
  }

  /** One more record at stream time `time`. */
  record(time: number): void {
    this.advance(time);
    if (!Number.isNaN(time)) this.count++;
  }

  /** Stream time, or the time of an idle tick, without a record. */
  advance(time: number): void {
    if (!Number.isFinite(time)) return;
    this.dirty = true;
    this.gap(time);
    const interval = Math.floor(time / this.everyMs);
    if (Number.isNaN(this.interval)) this.interval = interval;
    if (interval <= this.interval) return;
    this.close();
    const empty = Math.min(interval - this.interval - 1, MAX_EMPTY);
    for (let i = 0; i < empty; i++) {
      this.interval++;
      this.close();
    }
    this.interval = interval;
  }

  private close(): void {
    const { place } = this;
    const { hour, time } = place;
    place.time = this.interval * this.everyMs;
    place.hour = hourOfWeek(place.time);
    this.observe(Math.log1p(this.count));
    place.time = time;
    place.hour = hour;
    this.count = 0;
  }

  private gap(time: number): void {
    const gap = time - this.last;
    if (!(gap <= 0)) this.last = time;
    if (!(gap > 0)) return;
    if (this.phase === 'warming') this.longestGap = Math.max(this.longestGap, gap);
    else if (this.phase === 'watching' && this.longestGap > 0 && gap > GAP_FACTOR * this.longestGap) {
      const { offset, index } = this.place;
      this.raise({
        chart: 'gap',
        direction: 'up',
        statistic: gap,
        threshold: GAP_FACTOR * this.longestGap,
        offset,
        index,
        time: time - gap,
        length: 1,
        effect: { js: 0, psi: 0, sd: 0 },
        severity: 'major',
        before: this.longestGap / 1000,
        after: gap / 1000,
      });
    }
  }

  /** Intervals between false alarms: the promise is made in records. */
  protected override runLengthOf(mean: number): number {
    return Math.max(100, this.settings.runLength / Math.max(1, Math.expm1(mean)));
  }

  override writeState(to: ByteWriter): void {
    super.writeState(to);
    to.f64s([this.interval, this.count, this.last, this.longestGap]);
  }

  override readState(from: ByteReader): void {
    super.readState(from);
    const [interval, count, last, longestGap] = from.f64s();
    this.interval = interval!;
    this.count = count!;
    this.last = last!;
    this.longestGap = longestGap!;
  }
}
