import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';
import { Column, type ColumnSettings, type ColumnSink } from './column.ts';
import { ErrorChart } from './error-chart.ts';
import type { Place } from './place.ts';
import { rateAlarm } from './rate-alarm.ts';
import { RateChart, rateReference } from './rate-chart.ts';
import { type Chunk, WarmUp } from './warm-up.ts';
import { RateWindow, type WindowEvidence } from './window-evidence.ts';

const LAYOUT: Layout = { kind: 'DRRC', version: 1 };

/** A rate with a reference: rule failures, duplicates, disagreement, or whatever a condition says. */
export class RateColumn extends Column {
  private readonly warm = new WarmUp();
  private readonly chart: RateChart;
  private readonly window = new RateWindow();
  private reference = { n: 0, hits: 0, dependence: 1 };
  private since = 0;
  private sinceHits = 0;

  constructor(name: string, options: { settings: ColumnSettings; place: Place; sink: ColumnSink }) {
    super({ field: name, kind: 'rate' }, options.settings, options.place, options.sink);
    this.chart = new RateChart('rate');
  }

  observe(value: unknown): void {
    this.dirty = true;
    const hit = value === true;
    if (this.phase === 'warming') this.learn(hit);
    else if (this.phase === 'watching') {
      if (this.settings.guarantee === 'discoveries') {
        this.window.add(hit, this.place);
        return;
      }
      if (!this.chart.add(hit, this.place)) return;
      const facts = this.chart.facts();
      if (facts.sd >= this.settings.minSd) this.raise(rateAlarm('rate', facts));
    } else {
      this.since++;
      if (hit) this.sinceHits++;
      this.wait(value);
    }
  }

  override takeWindow(): WindowEvidence | undefined {
    const [test] = this.phase === 'watching' ? this.window.tests(this.reference) : [];
    this.window.clear();
    if (test === undefined) return undefined;
    const { p, facts } = test;
    return { p, facts: facts.sd >= this.settings.minSd ? rateAlarm('rate', facts) : undefined };
  }

  private learn(hit: boolean): void {
    const { warm } = this;
    warm.push(hit ? 1 : 0, this.place.hour, this.place.time);
    if (warm.size < this.settings.referenceRecords) return;
    this.reference = rateReference(Uint8Array.from(warm.values.subarray(0, warm.size)));
    warm.clear();
    this.chart.arm(this.reference, this.settings.runLength, this.settings);
    this.phase = 'watching';
    this.referenceDirty = true;
    this.sink.referenced(this, { records: this.reference.n, hits: this.reference.hits });
  }

  protected looksUsual(): Readonly<Record<string, unknown>> | undefined {
    const rate = this.sinceHits / this.since;
    const usual = this.chart.usual;
    this.since = 0;
    this.sinceHits = 0;
    return rate - usual >= this.settings.minSd * Math.sqrt(usual * (1 - usual)) ? undefined : { rate };
  }

  protected resetCharts(): void {
    this.chart.reset();
    this.window.clear();
    this.since = 0;
    this.sinceHits = 0;
  }

  protected another(settings: ColumnSettings, sink: ColumnSink): Column {
    return new RateColumn(this.field, { settings, sink, place: this.place });
  }

  protected startWarmUp(): void {
    this.warm.clear();
  }

  ratios(): readonly (readonly [string, number])[] {
    return [['rate', this.chart.ratio]];
  }

  get byteLength(): number {
    return this.warm.byteLength + 300;
  }

  writeState(to: ByteWriter): void {
    this.writePhase(to);
    this.chart.write(to);
    this.window.write(to);
    to.f64s([this.since, this.sinceHits]);
  }

  readState(from: ByteReader): void {
    this.readPhase(from);
    this.chart.read(from);
    this.window.read(from);
    const [since, sinceHits] = from.f64s();
    this.since = since!;
    this.sinceHits = sinceHits!;
  }

  saveReference(): Uint8Array | undefined {
    if (this.phase === 'warming') return undefined;
    const to = new ByteWriter(LAYOUT);
    to.f64s([this.reference.n, this.reference.hits, this.reference.dependence]);
    return to.finish();
  }

  loadReference(bytes: Uint8Array): void {
    const [n, hits, dependence] = new ByteReader(bytes, LAYOUT).f64s();
    this.reference = { n: n!, hits: hits!, dependence: dependence! };
    this.chart.arm(this.reference, this.settings.runLength, this.settings);
    if (this.phase === 'warming') this.phase = 'watching';
  }

  warmUpChunks(): readonly Chunk[] {
    return this.warm.changed();
  }

  loadWarmUp(chunk: number, bytes: Uint8Array): void {
    this.warm.load(chunk, bytes);
  }
}

/** Errors of a model: no reference, the rate before runs along and starts again after an alarm. */
export class ErrorColumn extends Column {
  private readonly chart: ErrorChart;

  constructor(name: string, options: { settings: ColumnSettings; place: Place; sink: ColumnSink }) {
    super({ field: name, kind: 'error' }, options.settings, options.place, options.sink);
    this.chart = new ErrorChart(options.settings.runLength);
    this.phase = 'watching';
  }

  /** Anything but a boolean is a record that says nothing about the model. */
  observe(value: unknown): void {
    if (typeof value !== 'boolean') return;
    this.dirty = true;
    if (!this.chart.add(value, this.place)) return;
    const facts = this.chart.facts();
    if (facts.sd < this.settings.minSd) return;
    this.raise(rateAlarm('error', facts));
    this.phase = 'watching';
  }

  protected looksUsual(): undefined {
    return undefined;
  }

  protected resetCharts(): void {
    this.chart.reset();
  }

  protected another(): undefined {
    return undefined;
  }

  protected startWarmUp(): void {
    this.phase = 'watching';
  }

  ratios(): readonly (readonly [string, number])[] {
    return [['error', this.chart.ratio]];
  }

  get byteLength(): number {
    return 200;
  }

  writeState(to: ByteWriter): void {
    this.writePhase(to);
    this.chart.write(to);
  }

  readState(from: ByteReader): void {
    this.readPhase(from);
    this.chart.read(from);
  }

  saveReference(): undefined {
    return undefined;
  }

  loadReference(): void {}

  warmUpChunks(): readonly Chunk[] {
    return [];
  }

  loadWarmUp(): void {}
}
