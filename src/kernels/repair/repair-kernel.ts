import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { BoundLog } from './bound-log.ts';
import { isMissing } from './cell.ts';
import { type Cells, Columns } from './columns.ts';
import { DependencyModel, type SavedModel } from './dependency-model.ts';
import type { Settled } from './groups.ts';
import { HeldRecords } from './held-records.ts';
import { correctionData, suspensionData } from './messages.ts';
import type { RepairSettings } from './repair-settings.ts';
import { openPart, sealPart } from './sealed-part.ts';
import { SeriesModel, type SettledPoint } from './series.ts';
import { type Edit, fromCell, fromFill, fromSeries, RepairWriter } from './writer.ts';

const OUT = 0;
const CORRECTIONS = 1;
const NO_COLUMNS: ReadonlySet<number> = new Set();

interface Meta {
  readonly columns: ReturnType<Columns['save']>;
  readonly model: SavedModel;
  readonly held: number;
  readonly series: number;
  readonly taken: number;
  readonly bounds: Readonly<Record<string, number>>;
}

/**
 * Repairs records by what the other records say.
 *
 * Idea: learn from a record when it comes, judge it when it leaves, `grace` later: so its group has support, and a
 * series is known on both sides of a point. Order: dependencies and spelling, outliers, gaps.
 * In: records of any shape. Out: port 0, every record, in order of arrival, with evidence of each change; port 1,
 * corrections of records that had left. All is a function of the sequence of records.
 * Bound: `maxStateBytes` of groups, values and series, `maxHeldBytes` of records; beyond, the oldest leave, with
 * `state.evicted`.
 */
export class RepairKernel implements Kernel {
  private readonly settings: RepairSettings;
  private readonly columns: Columns;
  private readonly model: DependencyModel;
  private readonly series: SeriesModel;
  private readonly held: HeldRecords;
  private readonly writer: RepairWriter;
  private readonly maxHeldBytes: number;
  private readonly bounds = new BoundLog();
  private readonly gapColumns: readonly number[];
  private taken = 0;
  private saved: Meta | undefined;

  constructor(settings: RepairSettings, deps: OperatorDeps) {
    const { maxHeldBytes, maxStateBytes } = deps.limits;
    const { outliers, impute } = settings;
    this.settings = settings;
    this.columns = new Columns({
      field: (name) => deps.field(name),
      redacted: (name) => deps.redacted(name),
      keep: new Set(settings.keep),
      discover: settings.dependencies.length > 0 || impute?.methods.includes('regression') === true,
    });
    const numbers = (fields: readonly string[]): number[] => fields.map((name) => this.columns.of(name).index);
    this.model = new DependencyModel(settings, this.columns, maxStateBytes);
    this.series = new SeriesModel(
      {
        key: numbers(settings.key),
        outliers: outliers === undefined ? undefined : { ...outliers, columns: numbers(outliers.fields) },
        impute: impute === undefined ? undefined : { ...impute, columns: numbers(impute.fields) },
      },
      maxStateBytes / 4,
    );
    this.gapColumns = numbers(impute?.fields ?? []);
    this.held = new HeldRecords(deps.records);
    this.writer = new RepairWriter(settings, this.columns);
    this.maxHeldBytes = maxHeldBytes;
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    this.resume();
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.take(records[i]!, time[i]!, out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    this.resume();
    if (tick.kind === 'idle') this.releaseDue(tick.time, out);
    if (tick.kind !== 'end') return;
    if (this.model.unchecked) this.announce(this.model.check(), undefined, out);
    while (this.held.size > 0) this.releaseFirst(out);
  }

  checkpoint(): CheckpointDelta {
    this.resume();
    const put: StatePart[] = [];
    const drop: string[] = [];
    for (const store of this.stores) store.checkpoint(put, drop);
    const meta: Meta = {
      columns: this.columns.save(),
      model: this.model.save(),
      held: this.held.store.floor,
      series: this.series.store.floor,
      taken: this.taken,
      bounds: this.bounds.save(),
    };
    put.push(sealPart('meta', meta));
    return { put, drop };
  }

  restore(part: StatePart): void {
    if (part.name === 'meta')
      this.saved = openPart(part) as Meta; // its checksum held, so we wrote it
    else this.stores.find((store) => store.owns(part.name))?.restore(part);
  }

  stats(): KernelStats {
    let entries = 0;
    let bytes = 0;
    for (const store of this.stores) {
      entries += store.size;
      bytes += store.bytes;
    }
    return { entries, bytes };
  }

  private get stores() {
    const { groups, soft, frequencies } = this.model;
    return [this.held.store, groups.store, soft.rows, frequencies.store, this.series.store];
  }

  /** The last part has been restored. */
  private resume(): void {
    const { saved } = this;
    if (saved === undefined) return;
    this.saved = undefined;
    this.columns.restore(saved.columns);
    this.model.restore(saved.model);
    this.held.store.dropBelow(saved.held);
    this.series.store.dropBelow(saved.series);
    this.taken = saved.taken;
    this.bounds.restore(saved.bounds);
    if (!this.series.active) return;
    for (const { record, seq } of this.held.all())
      this.series.waitAgain({ seq, cells: this.columns.read(record), eventTime: record.eventTime });
  }

  private take(record: DataRecord, timeMs: number, out: Out): void {
    const { data, eventTime } = record; // reading the data may throw: nothing has changed yet
    this.columns.discover(record);
    const cells = this.columns.read(record);
    this.releaseDue(timeMs, out);
    const seq = this.taken++;
    const untrusted = this.untrusted(record);
    const { forgotten, check } = this.model.learn(cells, data, untrusted);
    this.bounds.add('groups', forgotten.groups, out);
    this.bounds.add('values', forgotten.values, out);
    for (const settled of this.model.groups.takeSettled()) this.correct(record, settled, 'dependency', out);
    if (check) this.announce(this.model.check(), cells, out);
    if (this.series.active) this.bounds.add('series', this.series.arrive({ seq, cells, eventTime }, untrusted), out);
    if (this.settings.graceRecords === 0 && this.settings.graceMs === undefined) {
      this.mend(record, seq, out);
      return;
    }
    this.held.add(seq, record, timeMs);
    out.absorb('held');
    while (this.held.size > this.settings.graceRecords) this.releaseFirst(out);
    while (this.held.bytes > this.maxHeldBytes && this.held.size > 0) {
      this.bounds.add('maxHeldBytes', 1, out);
      this.releaseFirst(out);
    }
  }

  /** Columns a step above found something wrong with: they are not learned from. */
  private untrusted(record: DataRecord): ReadonlySet<number> {
    if (record.findings.length === 0) return NO_COLUMNS;
    const columns = new Set<number>();
    for (const { index, name } of this.columns.list)
      if (record.findings.some(({ field }) => field === name)) columns.add(index);
    return columns;
  }

  private releaseDue(timeMs: number, out: Out): void {
    const { graceMs } = this.settings;
    if (graceMs === undefined) return;
    for (
      let first = this.held.first();
      first !== undefined && first.time + graceMs <= timeMs;
      first = this.held.first()
    )
      this.releaseFirst(out);
  }

  private releaseFirst(out: Out): void {
    const first = this.held.take();
    if (first === undefined) return;
    out.release(first.record);
    this.mend(first.record, first.seq, out);
  }

  private mend(record: DataRecord, seq: number, out: Out): void {
    const cells = this.columns.read(record);
    const edits = this.editsOf(record, { seq, cells }, out);
    const draft = this.writer.write(record, edits, out);
    if (this.settings.mode === 'repair' && this.model.active) {
      for (const { column, value, isSure } of edits) if (isSure) cells[column] = value;
      const key = record.key === null ? null : new TextDecoder().decode(record.key);
      this.bounds.add(
        'corrections',
        this.model.groups.release(cells, record.data, { origin: record.origin, key }),
        out,
      );
    }
    out.emit(OUT, draft);
  }

  private editsOf(
    record: DataRecord,
    { seq, cells }: { readonly seq: number; readonly cells: Cells },
    out: Out,
  ): Edit[] {
    const edits: Edit[] = [];
    if (this.model.active) {
      const { changes, proposals, suspicions } = this.model.judge(cells, record.data);
      this.announce(suspicions, cells, out);
      for (const change of changes) edits.push(fromCell(change, true));
      for (const proposal of proposals) edits.push(fromCell(proposal, false));
    }
    const { impute } = this.settings;
    if (this.series.active) {
      const { eventTime } = record;
      const about = { untrusted: this.untrusted(record), name: nameOf(record) };
      for (const change of this.series.leave({ seq, cells, eventTime }, about))
        edits.push(fromSeries(change, impute?.bound ?? 0, this.columns));
      for (const settled of this.series.takeSettled())
        if (this.settings.mode === 'repair') this.correct(record, settled, 'speed', out);
    }
    for (const column of this.gapColumns) {
      if (cells[column] !== undefined || edits.some((edit) => edit.column === column)) continue;
      const filled = this.model.active ? this.model.fill(column, cells, record.data) : undefined;
      if (filled !== undefined) edits.push(fromFill(column, filled, this.settings.bounds));
    }
    return edits.filter(({ column, rule }) => {
      const { kept, slot } = this.columns.list[column]!;
      return !kept && (rule !== 'missing' || isMissing(slot.get(record)));
    });
  }

  /** Tells of a record that has left what its group, or its series, has become clear about. */
  private correct(cause: DataRecord, settled: Settled | SettledPoint, method: string, out: Out): void {
    const { hidden, kept } = this.columns.list[settled.column]!;
    if (!hidden && !kept)
      out.emit(CORRECTIONS, DataRecord.derived(cause, correctionData(settled, method, this.columns)));
  }

  /** What was found false; `cells` of the record that comes in just now. */
  private announce(suspicions: ReturnType<DependencyModel['check']>, cells: Cells | undefined, out: Out): void {
    if (suspicions.length === 0) return;
    const atHand = (): Cells[] => [
      ...(cells === undefined ? [] : [cells]),
      ...[...this.held.all()].map(({ record }) => this.columns.read(record)),
    ];
    for (const suspicion of suspicions)
      out.event('dependency.suspended', suspensionData(suspicion, this.columns, atHand));
    for (const determinant of this.model.soft.takeAdopted())
      for (const { record } of this.held.all())
        this.model.groups.learnBy(determinant, this.columns.read(record), { data: record.data, skip: NO_COLUMNS });
  }
}

/** What a correction calls a record. */
function nameOf({ origin, key }: DataRecord): { readonly origin: unknown; readonly key: string | null } {
  return { origin, key: key === null ? null : new TextDecoder().decode(key) };
}
