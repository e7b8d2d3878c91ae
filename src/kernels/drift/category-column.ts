import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';
import { categoryOf } from '../sketch/category.ts';
import {
  type CategoryReference,
  CODE,
  categoryReference,
  LONG,
  loadCategories,
  MAX_CATEGORIES,
  saveCategories,
  WINDOW,
} from './category-reference.ts';
import { type AlarmFacts, Column, type ColumnSettings, type ColumnSink } from './column.ts';
import { distances, severityOf } from './distances.ts';
import type { Place } from './place.ts';
import { rateAlarm } from './rate-alarm.ts';
import { NULLS_EXCESS, RateChart } from './rate-chart.ts';
import { RecentCells } from './recent-cells.ts';
import { SAMPLE_EXCESS } from './run-length.ts';
import { CHUNK, type Chunk } from './warm-up.ts';
import { RateWindow, smallest, type WindowEvidence } from './window-evidence.ts';
import { CellWindow, chiSquareQuantile, chiSquareTail, gStatistic } from './window-test.ts';

const WARM_LAYOUT: Layout = { kind: 'DRCW', version: 1 };
/** Shares of a field's false alarms: two windows, new categories, nulls, which get most where the reference has some. */
const SHARES = {
  withoutNulls: { short: 0.4, long: 0.4, fresh: 0.1, nulls: 0.1, excess: SAMPLE_EXCESS },
  withNulls: { short: 0.2, long: 0.2, fresh: 0.1, nulls: 0.5, excess: NULLS_EXCESS },
} as const;
const MOVED = 5;
const SHOWN = 20;

/** A categorical field: the distribution over its frequent values, the rate of new ones, nulls. */
export class CategoryColumn extends Column {
  private codes = new Uint16Array(64);
  private size = 0;
  private written = 0;
  private names: string[] = [];
  private namesWritten = 0;
  private readonly codeOf = new Map<string, number>();
  private reference: CategoryReference | undefined;
  private readonly short = new CellWindow(WINDOW);
  private readonly long: CellWindow;
  /** Nulls of a window that the step tests; undefined: this column has charts. */
  private readonly nullWindow: RateWindow | undefined;
  private share: (typeof SHARES)[keyof typeof SHARES] = SHARES.withoutNulls;
  private readonly fresh = new RateChart('new-category');
  private readonly nulls = new RateChart('nulls');
  private readonly recent = new RecentCells();
  private since = 0;
  private sinceNulls = 0;
  private lastRatio = 0;
  /** By tail and degrees of freedom: a few hundred at most. */
  private readonly thresholds = new Map<string, number>();

  constructor(field: string, options: { settings: ColumnSettings; place: Place; sink: ColumnSink }) {
    super({ field, kind: 'categorical' }, options.settings, options.place, options.sink);
    const isTested = options.settings.guarantee === 'discoveries';
    this.nullWindow = isTested ? new RateWindow() : undefined;
    this.long = new CellWindow(isTested ? Number.POSITIVE_INFINITY : WINDOW * LONG);
  }

  observe(value: unknown): void {
    this.dirty = true;
    const name = value === null || value === undefined ? undefined : categoryOf(value);
    if (this.phase === 'warming') this.learn(name);
    else if (this.phase === 'watching') this.watch(name, this.reference!);
    else this.follow(value, name, this.reference!);
  }

  private learn(name: string | undefined): void {
    if (this.size === this.codes.length) {
      const grown = new Uint16Array(this.codes.length * 2);
      grown.set(this.codes);
      this.codes = grown;
    }
    this.codes[this.size++] = name === undefined ? CODE.null : this.code(name);
    if (this.size >= this.settings.referenceRecords) this.freeze();
  }

  private code(name: string): number {
    const known = this.codeOf.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= MAX_CATEGORIES) return CODE.overflow;
    this.codeOf.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  private freeze(): void {
    this.reference = categoryReference(this.codes.subarray(0, this.size), this.names);
    this.forgetWarmUp();
    this.arm(this.reference);
    this.phase = 'watching';
    this.referenceDirty = true;
    const { n, nulls, names, fresh } = this.reference;
    this.sink.referenced(this, {
      records: nulls.n,
      nulls: nulls.hits,
      categories: this.reference.cells.size,
      ...(fresh === undefined ? { unwatched: ['new-category'] } : {}),
      frequent: names.length,
      present: n,
    });
  }

  private arm(reference: CategoryReference): void {
    const { runLength } = this.settings;
    this.short.start(reference.counts.length);
    this.long.start(reference.counts.length);
    const share = reference.nulls.hits > 0 ? SHARES.withNulls : SHARES.withoutNulls;
    this.share = share;
    const { guarantee } = this.settings;
    this.nulls.arm(reference.nulls, runLength / share.nulls, { excess: share.excess, guarantee });
    if (reference.fresh !== undefined) this.fresh.arm(reference.fresh, runLength / share.fresh, { guarantee });
  }

  private watch(name: string | undefined, reference: CategoryReference): void {
    if (this.nullWindow !== undefined) {
      this.nullWindow.add(name === undefined, this.place);
      if (name === undefined) return;
      const cell = reference.cells.get(name) ?? reference.counts.length - 1;
      this.recent.push(cell, this.place);
      this.long.add(cell, this.place);
      return;
    }
    if (this.nulls.add(name === undefined, this.place)) this.raiseRate(this.nulls);
    if (name === undefined || this.phase !== 'watching') return;
    const known = reference.cells.get(name);
    if (reference.fresh !== undefined && this.fresh.add(known === undefined, this.place)) this.raiseRate(this.fresh);
    if (this.phase !== 'watching') return;
    const cell = known ?? reference.counts.length - 1;
    this.recent.push(cell, this.place);
    this.fill(this.short, cell, this.share.short, reference);
    if (this.phase === 'watching') this.fill(this.long, cell, this.share.long, reference);
  }

  private fill(window: CellWindow, cell: number, share: number, reference: CategoryReference): void {
    if (!window.add(cell, this.place)) return;
    const { g, df } = gStatistic(reference.counts, reference.n, window.counts, window.size);
    const statistic = g / reference.dispersion;
    const threshold = this.threshold(Math.min(0.5, (window.size * share) / this.settings.runLength), df);
    this.lastRatio = statistic / threshold;
    const facts = statistic >= threshold ? this.judge(window, { statistic, threshold }, reference) : undefined;
    if (facts !== undefined) this.raise(facts);
    if (this.phase === 'watching') window.start(reference.counts.length);
  }

  override takeWindow(): WindowEvidence | undefined {
    const { long, nullWindow, reference } = this;
    if (nullWindow === undefined || reference === undefined || this.phase !== 'watching') return undefined;
    const evidence: WindowEvidence[] = [];
    if (long.filled > 0) {
      const { g, df } = gStatistic(reference.counts, reference.n, long.counts, long.filled);
      const statistic = g / reference.dispersion;
      const p = df === 0 || statistic <= 0 ? 1 : chiSquareTail(statistic, df);
      evidence.push({ p, facts: this.judge(long, { statistic, threshold: 0 }, reference) });
    }
    for (const { p, facts } of nullWindow.tests(reference.nulls))
      evidence.push({ p, facts: facts.sd >= this.settings.minSd ? rateAlarm('nulls', facts) : undefined });
    nullWindow.clear();
    long.start(reference.counts.length);
    return smallest(evidence);
  }

  private threshold(tail: number, df: number): number {
    if (df === 0) return Number.POSITIVE_INFINITY;
    const key = `${tail}/${df}`;
    const threshold = this.thresholds.get(key) ?? chiSquareQuantile(tail, df);
    this.thresholds.set(key, threshold);
    return threshold;
  }

  private judge(
    window: CellWindow,
    test: { readonly statistic: number; readonly threshold: number },
    reference: CategoryReference,
  ): AlarmFacts | undefined {
    const p = sharesOf(reference.counts);
    const point = this.recent.changePoint(p, sharesOf(window.counts));
    const effect = this.effect(point.length, reference);
    const { minJs, minSd } = this.settings;
    if (effect.js < minJs && effect.sd < minSd) return undefined;
    const shares = this.shares(reference, point.length);
    return {
      chart: 'distribution',
      statistic: test.statistic,
      threshold: test.threshold,
      ...point,
      effect,
      severity: severityOf(effect),
      histogram: shares.slice(0, SHOWN),
      moved: [...shares]
        .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
        .slice(0, MOVED)
        .filter((share) => share.after !== share.before),
    };
  }

  /** Share of each category in the reference and among the last m records; `null` stands for all others. */
  private shares(reference: CategoryReference, m: number) {
    const before = sharesOf(reference.counts);
    const after = this.recent.counts(reference.counts.length, m);
    return [...reference.names, null].map((category, cell) => ({
      category,
      before: before[cell]!,
      after: after[cell]! / m,
    }));
  }

  override compared(): { readonly records: number; readonly histogram: unknown } | undefined {
    const { reference, recent } = this;
    if (reference === undefined || recent.size === 0) return undefined;
    return { records: recent.size, histogram: this.shares(reference, recent.size).slice(0, SHOWN) };
  }

  /** Of the last m records; `sd` is Cohen's w, √Σ(q - p)² / p, less what chance adds. */
  private effect(m: number, reference: CategoryReference): { js: number; psi: number; sd: number } {
    const counts = this.recent.counts(reference.counts.length, m);
    const length = Math.min(m, this.recent.size);
    const { g, df } = gStatistic(reference.counts, reference.n, counts, length);
    const effective = (length * reference.n) / (length + reference.n);
    const sd = Math.sqrt(Math.max(0, g - df * reference.dispersion) / effective);
    return { ...distances(sharesOf(reference.counts), reference.n, counts, length), sd };
  }

  private raiseRate(chart: RateChart): void {
    const facts = chart.facts();
    if (facts.sd >= this.settings.minSd) this.raise(rateAlarm(chart.name, facts));
  }

  private follow(value: unknown, name: string | undefined, reference: CategoryReference): void {
    this.since++;
    if (name === undefined) this.sinceNulls++;
    else this.recent.push(reference.cells.get(name) ?? reference.counts.length - 1, this.place);
    this.wait(value);
  }

  protected looksUsual(): Readonly<Record<string, unknown>> | undefined {
    const { minJs, minSd } = this.settings;
    const reference = this.reference!; // in drift there is one
    const nulls = this.sinceNulls / this.since;
    this.since = 0;
    this.sinceNulls = 0;
    const usual = this.nulls.usual;
    if (nulls - usual >= minSd * Math.sqrt(usual * (1 - usual))) return undefined;
    if (this.recent.size === 0) return { nulls };
    const effect = this.effect(this.recent.size, reference);
    return effect.js >= minJs || effect.sd >= minSd ? undefined : { nulls, effect };
  }

  protected resetCharts(): void {
    this.fresh.reset();
    this.nullWindow?.clear();
    this.nulls.reset();
    this.recent.clear();
    this.since = 0;
    this.sinceNulls = 0;
    this.lastRatio = 0;
    if (this.reference === undefined) return;
    this.short.start(this.reference.counts.length);
    this.long.start(this.reference.counts.length);
  }

  protected another(settings: ColumnSettings, sink: ColumnSink): Column {
    return new CategoryColumn(this.field, { settings, sink, place: this.place });
  }

  protected startWarmUp(): void {
    this.reference = undefined;
    this.forgetWarmUp();
  }

  private forgetWarmUp(): void {
    this.codes = new Uint16Array(64);
    this.size = 0;
    this.written = 0;
    this.names = [];
    this.namesWritten = 0;
    this.codeOf.clear();
  }

  ratios(): readonly (readonly [string, number])[] {
    return [
      ['distribution', this.lastRatio],
      ['new-category', this.fresh.ratio],
      ['nulls', this.nulls.ratio],
    ];
  }

  get byteLength(): number {
    let chars = 0;
    for (const name of this.names) chars += name.length;
    const cells = this.reference?.cells.size ?? 0;
    return this.codes.byteLength + this.names.length * 100 + chars * 2 + this.recent.byteLength + cells * 100 + 4000;
  }

  writeState(to: ByteWriter): void {
    this.writePhase(to);
    for (const part of [this.short, this.long, this.fresh, this.nulls, this.recent]) part.write(to);
    this.nullWindow?.write(to);
    to.f64s([this.since, this.sinceNulls, this.lastRatio]);
  }

  readState(from: ByteReader): void {
    this.readPhase(from);
    for (const part of [this.short, this.long, this.fresh, this.nulls, this.recent]) part.read(from);
    this.nullWindow?.read(from);
    const [since, sinceNulls, lastRatio] = from.f64s();
    this.since = since!;
    this.sinceNulls = sinceNulls!;
    this.lastRatio = lastRatio!;
  }

  saveReference(): Uint8Array | undefined {
    return this.reference === undefined ? undefined : saveCategories(this.reference);
  }

  loadReference(bytes: Uint8Array): void {
    this.reference = loadCategories(bytes);
    this.arm(this.reference);
    if (this.phase === 'warming') this.phase = 'watching';
  }

  warmUpChunks(): readonly Chunk[] {
    const chunks: Chunk[] = [];
    for (let chunk = Math.floor(this.written / CHUNK); this.written < this.size && chunk * CHUNK < this.size; chunk++) {
      const to = new ByteWriter(WARM_LAYOUT);
      to.u32s(this.codes.subarray(chunk * CHUNK, Math.min(this.size, (chunk + 1) * CHUNK)));
      chunks.push({ chunk, bytes: to.finish() });
    }
    this.written = this.size;
    if (this.namesWritten < this.names.length) {
      const to = new ByteWriter(WARM_LAYOUT);
      to.u32(this.names.length);
      for (const name of this.names) to.text(name);
      chunks.push({ chunk: NAMES_CHUNK, bytes: to.finish() });
      this.namesWritten = this.names.length;
    }
    return chunks;
  }

  loadWarmUp(chunk: number, bytes: Uint8Array): void {
    const from = new ByteReader(bytes, WARM_LAYOUT);
    if (chunk === NAMES_CHUNK) {
      for (let left = from.u32(); left > 0; left--) this.code(from.text());
      this.namesWritten = this.names.length;
      return;
    }
    const codes = from.u32s();
    const size = chunk * CHUNK + codes.length;
    if (size > this.codes.length) {
      const grown = new Uint16Array(Math.max(size, this.codes.length * 2));
      grown.set(this.codes);
      this.codes = grown;
    }
    this.codes.set(codes, chunk * CHUNK);
    this.size = Math.max(this.size, size);
    this.written = this.size;
  }
}

/** The names of the categories met so far: rewritten when one is added. */
const NAMES_CHUNK = 999_999;

/** With half a record a cell, so that a logarithm of each exists. */
function sharesOf(counts: Float64Array): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0) + counts.length / 2;
  return counts.map((count) => (count + 0.5) / total);
}
