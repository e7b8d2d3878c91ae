import { hash32, mix32 } from '../../core/hash.ts';
import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';
import { type AlarmFacts, Column, type ColumnSettings, type ColumnSink } from './column.ts';
import { severityOf } from './distances.ts';
import { EDetectors } from './e-detectors.ts';
import { locationScore, NumericReference, scaleScore } from './numeric-reference.ts';
import type { Place } from './place.ts';
import { rateAlarm } from './rate-alarm.ts';
import { NULLS_EXCESS, RateChart, type RateReference, rateReference } from './rate-chart.ts';
import { moved, RecentScores } from './recent-scores.ts';
import { SAMPLE_EXCESS } from './run-length.ts';
import { type Fired, ScoreCharts, type ScoreWatch } from './score-charts.ts';
import { type Chunk, WarmUp } from './warm-up.ts';
import { NumericWindow, smallest, type WindowEvidence } from './window-evidence.ts';

const LAYOUT: Layout = { kind: 'DRNC', version: 1 };
/** With fewer numbers than this in the reference only the rates are watched. */
const MIN_VALUES = 30;
/**
 * How a field's false alarms are split. A null where none was is seen at once, but a rate of nulls is slow to show its
 * rise and open by a quarter after 20 of 2,000: its chart needs most, and is given it where the reference has nulls.
 */
const SHARES = {
  withoutNulls: { scores: 0.92, nulls: 0.065, invalid: 0.015, excess: SAMPLE_EXCESS },
  withNulls: { scores: 0.48, nulls: 0.45, invalid: 0.07, excess: NULLS_EXCESS },
} as const;

/**
 * A numeric field: location, scale, nulls and values that are no finite number.
 * In the warm-up NaN stands for a null, an infinity for an invalid value.
 */
export class NumericColumn extends Column {
  protected readonly seed: number;
  private readonly salt: number;
  private readonly warm = new WarmUp();
  private readonly charts: ScoreWatch;
  private readonly windows: NumericWindow | undefined;
  private readonly recent = new RecentScores();
  private readonly nulls = new RateChart('nulls');
  private readonly invalid = new RateChart('invalid');
  private reference: NumericReference | undefined;
  private nullRate: RateReference = { n: 0, hits: 0, dependence: 1 };
  private invalidRate: RateReference = { n: 0, hits: 0, dependence: 1 };
  /** Shares of nulls and of invalid values since the alarm. */
  private sinceNulls = 0;
  private sinceInvalid = 0;
  private since = 0;

  constructor(field: string, options: { settings: ColumnSettings; place: Place; sink: ColumnSink; seed: number }) {
    super({ field, kind: 'numeric' }, options.settings, options.place, options.sink);
    this.seed = options.seed;
    this.windows = options.settings.guarantee === 'discoveries' ? new NumericWindow() : undefined;
    this.charts = options.settings.guarantee === 'run-length' ? new EDetectors() : new ScoreCharts();
    this.salt = hash32(field, options.seed);
  }

  observe(value: unknown): void {
    this.dirty = true;
    const isNull = value === null || value === undefined;
    const isNumber = typeof value === 'number' && Number.isFinite(value);
    if (this.phase === 'warming') this.learn(isNull ? Number.NaN : isNumber ? value : Number.POSITIVE_INFINITY);
    else if (this.phase === 'watching') this.watch(value, isNull, isNumber);
    else this.follow(value, isNull, isNumber);
  }

  private learn(value: number): void {
    this.warm.push(value, this.place.hour, this.place.time);
    if (this.warm.size >= this.settings.referenceRecords) this.freeze();
  }

  private freeze(): void {
    const { warm } = this;
    const all = warm.values.subarray(0, warm.size);
    this.nullRate = rateReference(Uint8Array.from(all, (value) => (Number.isNaN(value) ? 1 : 0)));
    const present = all.filter((value) => !Number.isNaN(value));
    this.invalidRate = rateReference(Uint8Array.from(present, (value) => (Number.isFinite(value) ? 0 : 1)));
    const values = present.filter((value) => Number.isFinite(value));
    if (values.length >= Math.min(MIN_VALUES, this.settings.referenceRecords))
      this.reference = NumericReference.build({
        values,
        hours: warm.hours.subarray(0, warm.size).filter((_, i) => Number.isFinite(all[i]!)),
        spanMs: warm.spanMs,
        season: this.settings.season,
        seed: this.salt,
      });
    this.arm();
    this.phase = 'watching';
    this.referenceDirty = true;
    this.warm.clear();
    this.sink.referenced(this, this.referenceFacts());
  }

  /** Records between false alarms of this column, given the mean of the reference. */
  protected runLengthOf(_mean: number): number {
    return this.settings.runLength;
  }

  private arm(): void {
    const runLength = this.runLengthOf(this.reference?.mean ?? 0);
    const share = this.nullRate.hits > 0 ? SHARES.withNulls : SHARES.withoutNulls;
    if (this.reference !== undefined) this.charts.arm(runLength / share.scores, this.reference.n);
    const { guarantee } = this.settings;
    this.nulls.arm(this.nullRate, runLength / share.nulls, { excess: share.excess, guarantee });
    this.invalid.arm(this.invalidRate, runLength / share.invalid, { guarantee });
  }

  private watch(value: unknown, isNull: boolean, isNumber: boolean): void {
    if (this.windows !== undefined) {
      this.windows.rates(isNull, isNumber, this.place);
      if (!isNumber || this.reference === undefined) return;
      const { z, y } = this.scoresOf(value as number, this.reference); // isNumber
      this.windows.scores.add(z, y, this.place);
      return;
    }
    if (this.nulls.add(isNull, this.place)) this.raiseRate(this.nulls);
    if (isNull || this.phase !== 'watching') return;
    if (this.invalid.add(!isNumber, this.place)) this.raiseRate(this.invalid);
    if (!isNumber || this.phase !== 'watching' || this.reference === undefined) return;
    const { z, y } = this.scoresOf(value as number, this.reference); // isNumber
    const side = this.charts.add(z, y, this.place);
    if (side < 0) return;
    const facts = this.judge(this.charts.facts(side), this.reference);
    if (facts !== undefined) this.raise(facts);
  }

  override takeWindow(): WindowEvidence | undefined {
    const { windows, reference } = this;
    if (windows === undefined || this.phase !== 'watching') return undefined;
    const evidence: WindowEvidence[] = [];
    if (reference !== undefined)
      for (const { p, facts } of windows.scores.tests(reference.n)) {
        const told = this.judge(facts, reference);
        if (told !== undefined) evidence.push({ p, facts: told });
      }
    for (const [window, rate, chart] of [
      [windows.nulls, this.nullRate, 'nulls'],
      [windows.invalid, this.invalidRate, 'invalid'],
    ] as const)
      for (const { p, facts } of window.tests(rate))
        evidence.push({ p, facts: facts.sd >= this.settings.minSd ? rateAlarm(chart, facts) : undefined });
    windows.clear();
    return smallest(evidence);
  }

  private scoresOf(value: number, reference: NumericReference): { readonly z: number; readonly y: number } {
    const u = this.uniformOf(value, reference);
    return { z: locationScore(u) / reference.omega, y: scaleScore(u) / reference.omegaScale };
  }

  private uniformOf(value: number, reference: NumericReference): number {
    const pit = reference.pitOf(this.place.hour);
    const bin = pit.bins.binOf(value);
    const u = pit.uniform(bin, (mix32(this.place.draw ^ this.salt) + 0.5) / 4294967296);
    this.recent.push(pit === reference.whole ? bin : reference.whole.bins.binOf(value), u);
    return u;
  }

  /** The evidence is there; is the effect? Its mean less one standard error counts, for a run that fires is a lucky one. */
  private judge(fired: Fired, reference: NumericReference): AlarmFacts | undefined {
    const { minJs, minSd } = this.settings;
    const omega = fired.chart === 'location' ? reference.omega : reference.omegaScale;
    const sure = omega * (fired.mean - 1 / Math.sqrt(fired.length));
    const far = this.recent.distances(fired.length, reference.n);
    if (sure < minSd && far.js < minJs) return undefined;
    const { groups, w1 } = this.recent.histogram(fired.length, reference);
    const sd = omega * fired.mean * (fired.direction === 'up' ? 1 : -1);
    return {
      chart: fired.chart,
      direction: fired.direction,
      k: fired.k,
      statistic: fired.statistic,
      threshold: fired.threshold,
      offset: fired.offset,
      index: fired.index,
      time: fired.time,
      length: fired.length,
      effect: { js: far.js, psi: far.psi, w1, sd },
      severity: severityOf({ psi: far.psi, sd }),
      histogram: groups,
      moved: moved(groups),
    };
  }

  override compared(): { readonly records: number; readonly histogram: unknown } | undefined {
    const { reference, recent } = this;
    if (reference === undefined || recent.size === 0) return undefined;
    return { records: recent.size, histogram: recent.histogram(recent.size, reference).groups };
  }

  private raiseRate(chart: RateChart): void {
    const facts = chart.facts();
    if (facts.sd >= this.settings.minSd) this.raise(rateAlarm(chart.name, facts));
  }

  private follow(value: unknown, isNull: boolean, isNumber: boolean): void {
    this.since++;
    if (isNull) this.sinceNulls++;
    else if (!isNumber) this.sinceInvalid++;
    else if (this.reference !== undefined) this.uniformOf(value as number, this.reference); // isNumber
    this.wait(isNumber && this.reference !== undefined ? this.beyondSeason(value as number, this.reference) : value); // isNumber
  }

  /** A level is learned in too short a time to know a season: the reference's is taken out. */
  private beyondSeason(value: number, reference: NumericReference): number {
    return reference.season === 'none' ? value : value - reference.pitOf(this.place.hour).median;
  }

  protected looksUsual(): Readonly<Record<string, unknown>> | undefined {
    const { minJs, minSd } = this.settings;
    const nulls = this.sinceNulls / this.since;
    const invalid = this.sinceInvalid / Math.max(1, this.since - this.sinceNulls);
    this.since = 0;
    this.sinceNulls = 0;
    this.sinceInvalid = 0;
    if (risen(nulls, this.nulls.usual, minSd) || risen(invalid, this.invalid.usual, minSd)) return undefined;
    if (this.reference === undefined || this.recent.size === 0) return { nulls, invalid };
    const { location, scale } = this.recent.means(this.recent.size);
    const far = this.recent.distances(this.recent.size, this.reference.n);
    if (Math.abs(location) >= minSd || Math.abs(scale) >= minSd || far.js >= minJs) return undefined;
    return { nulls, invalid, effect: { js: far.js, psi: far.psi, sd: location } };
  }

  protected resetCharts(): void {
    this.charts.reset();
    this.windows?.clear();
    this.nulls.reset();
    this.invalid.reset();
    this.recent.clear();
    this.since = 0;
    this.sinceNulls = 0;
    this.sinceInvalid = 0;
  }

  protected another(settings: ColumnSettings, sink: ColumnSink): Column {
    return new NumericColumn(this.field, { settings, sink, place: this.place, seed: this.seed });
  }

  protected startWarmUp(): void {
    this.reference = undefined;
    this.warm.clear();
  }

  ratios(): readonly (readonly [string, number])[] {
    return [
      ['location', this.charts.ratio('location')],
      ['scale', this.charts.ratio('scale')],
      ['nulls', this.nulls.ratio],
      ['invalid', this.invalid.ratio],
    ];
  }

  private referenceFacts(): Readonly<Record<string, unknown>> {
    const { reference } = this;
    return {
      records: this.nullRate.n,
      nulls: this.nullRate.hits,
      invalid: this.invalidRate.hits,
      ...(reference === undefined
        ? {}
        : { mean: reference.mean, sd: reference.sd, season: reference.season, omega: reference.omega }),
    };
  }

  get byteLength(): number {
    return this.warm.byteLength + this.recent.byteLength + (this.reference?.byteLength ?? 0) + 800;
  }

  writeState(to: ByteWriter): void {
    this.writePhase(to);
    this.charts.write(to);
    this.nulls.write(to);
    this.invalid.write(to);
    this.recent.write(to);
    this.windows?.write(to);
    to.f64s([this.since, this.sinceNulls, this.sinceInvalid]);
  }

  readState(from: ByteReader): void {
    this.readPhase(from);
    this.charts.read(from);
    this.nulls.read(from);
    this.invalid.read(from);
    this.recent.read(from);
    this.windows?.read(from);
    const [since, sinceNulls, sinceInvalid] = from.f64s();
    this.since = since!;
    this.sinceNulls = sinceNulls!;
    this.sinceInvalid = sinceInvalid!;
  }

  saveReference(): Uint8Array | undefined {
    if (this.phase === 'warming') return undefined;
    const to = new ByteWriter(LAYOUT);
    for (const { n, hits, dependence } of [this.nullRate, this.invalidRate]) to.f64s([n, hits, dependence]);
    to.raw(this.reference === undefined ? new Uint8Array() : this.reference.save());
    return to.finish();
  }

  loadReference(bytes: Uint8Array): void {
    const from = new ByteReader(bytes, LAYOUT);
    const rate = (): RateReference => {
      const [n, hits, dependence] = from.f64s();
      return { n: n!, hits: hits!, dependence: dependence! };
    };
    this.nullRate = rate();
    this.invalidRate = rate();
    const reference = from.raw();
    this.reference = reference.length === 0 ? undefined : NumericReference.load(reference);
    this.arm();
    if (this.phase === 'warming') this.phase = 'watching';
  }

  warmUpChunks(): readonly Chunk[] {
    return this.warm.changed();
  }

  loadWarmUp(chunk: number, bytes: Uint8Array): void {
    this.warm.load(chunk, bytes);
  }
}

/** A rate that is higher than usual by `minSd` standard deviations of one record. */
function risen(rate: number, usual: number, minSd: number): boolean {
  return rate - usual >= minSd * Math.sqrt(usual * (1 - usual));
}
