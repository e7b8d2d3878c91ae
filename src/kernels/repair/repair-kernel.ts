import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { boundedObserved } from '../check/observed.ts';
import { BoundLog } from './bound-log.ts';
import { cellHash } from './cell.ts';
import { type Cells, Columns } from './columns.ts';
import { DependencyModel, dependencyText, type SavedModel } from './dependency-model.ts';
import { openPart, sealPart } from './entry-store.ts';
import type { Settled } from './groups.ts';
import { HeldRecords } from './held-records.ts';
import type { Change } from './judge.ts';
import type { RepairSettings } from './repair-settings.ts';
import type { Suspicion } from './soft-check.ts';

const OUT = 0;
const CORRECTIONS = 1;
const NO_SKIPS: ReadonlySet<number> = new Set();

interface Meta {
  readonly columns: ReturnType<Columns['save']>;
  readonly model: SavedModel;
  readonly held: number;
  readonly taken: number;
  readonly bounds: Readonly<Record<string, number>>;
}

/**
 * Repairs records by what the other records say.
 *
 * Idea: learn from a record when it comes, judge it when it leaves, `grace` later: so the group it belongs to has support.
 * In: records of any shape. Out: port 0, every record, in order of arrival, with evidence of each change; port 1,
 * corrections of records that had left. All is a function of the sequence of records.
 * Bound: `maxStateBytes` of groups and values, `maxHeldBytes` of records; beyond, the oldest leave, with `state.evicted`.
 */
export class RepairKernel implements Kernel {
  private readonly settings: RepairSettings;
  private readonly columns: Columns;
  private readonly model: DependencyModel;
  private readonly held: HeldRecords;
  private readonly maxHeldBytes: number;
  private readonly bounds = new BoundLog();
  private taken = 0;
  private saved: Meta | undefined;

  constructor(settings: RepairSettings, deps: OperatorDeps) {
    this.settings = settings;
    this.columns = new Columns({
      field: (name) => deps.field(name),
      redacted: (name) => deps.redacted(name),
      keep: new Set(settings.keep),
      discover: settings.dependencies.length > 0,
    });
    this.model = new DependencyModel(settings, this.columns, deps.limits.maxStateBytes);
    this.held = new HeldRecords(deps.records);
    this.maxHeldBytes = deps.limits.maxHeldBytes;
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
    if (this.model.unchecked) this.check(out, undefined);
    while (this.held.size > 0) this.releaseFirst(out);
  }

  checkpoint(): CheckpointDelta {
    this.resume();
    const put: StatePart[] = [];
    const drop: string[] = [];
    this.held.store.checkpoint(put, drop);
    this.model.groups.store.checkpoint(put, drop);
    this.model.soft.rows.checkpoint(put, drop);
    this.model.frequencies.store.checkpoint(put, drop);
    const meta: Meta = {
      columns: this.columns.save(),
      model: this.model.save(),
      held: this.held.store.floor,
      taken: this.taken,
      bounds: this.bounds.save(),
    };
    put.push(sealPart('meta', meta));
    return { put, drop };
  }

  restore(part: StatePart): void {
    if (part.name === 'meta')
      this.saved = openPart(part) as Meta; // its checksum held, so we wrote it
    else if (part.name.startsWith('held-')) this.held.store.restore(part);
    else if (part.name.startsWith('groups-')) this.model.groups.store.restore(part);
    else if (part.name.startsWith('rows-')) this.model.soft.rows.restore(part);
    else this.model.frequencies.store.restore(part);
  }

  stats(): KernelStats {
    return { entries: this.model.entries + this.held.size, bytes: this.model.bytes + this.held.bytes };
  }

  /** The last part has been restored. */
  private resume(): void {
    const { saved } = this;
    if (saved === undefined) return;
    this.saved = undefined;
    this.columns.restore(saved.columns);
    this.model.restore(saved.model);
    this.held.store.dropBelow(saved.held);
    this.taken = saved.taken;
    this.bounds.restore(saved.bounds);
  }

  private take(record: DataRecord, timeMs: number, out: Out): void {
    const { data } = record; // may throw: nothing has changed yet
    this.columns.discover(record);
    const cells = this.columns.read(record);
    this.releaseDue(timeMs, out);
    const { forgotten, check } = this.model.learn(cells, data, this.untrusted(record));
    this.bounds.add('groups', forgotten.groups, out);
    this.bounds.add('values', forgotten.values, out);
    for (const settled of this.model.groups.takeSettled()) this.correct(record, settled, out);
    if (check) this.check(out, cells);
    const seq = this.taken++;
    if (this.settings.graceRecords === 0 && this.settings.graceMs === undefined) {
      this.mend(record, out);
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
    if (record.findings.length === 0) return NO_SKIPS;
    const skip = new Set<number>();
    for (const { index, name } of this.columns.list)
      if (record.findings.some(({ field }) => field === name)) skip.add(index);
    return skip;
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
    this.mend(first.record, out);
  }

  private mend(record: DataRecord, out: Out): void {
    const { mode } = this.settings;
    const cells = this.columns.read(record);
    const { changes, proposals, suspicions } = this.model.judge(cells, record.data);
    this.announceAll(suspicions, cells, out);
    const draft = mode !== 'observe' && changes.length + proposals.length > 0 ? record.edit() : undefined;
    for (const change of changes) {
      if (mode !== 'repair' || draft === undefined) this.report(draft, change, out);
      else {
        this.apply(draft, change, out);
        cells[change.column] = change.value;
      }
    }
    for (const proposal of proposals) this.report(draft, proposal, out);
    if (mode === 'repair') {
      const key = record.key === null ? null : new TextDecoder().decode(record.key);
      this.bounds.add(
        'corrections',
        this.model.groups.release(cells, record.data, { origin: record.origin, key }),
        out,
      );
    }
    out.emit(OUT, draft ?? record);
  }

  /** Tells of a record that has left what its group has become clear about. */
  private correct(cause: DataRecord, settled: Settled, out: Out): void {
    const { origin, key, column, value, now, confidence } = settled;
    const { name, hidden, kept } = this.columns.list[column]!;
    if (hidden || kept) return;
    const data = { origin, ...(key === null ? {} : { key }), field: name, old: value, new: now, method: 'dependency' };
    out.emit(CORRECTIONS, DataRecord.derived(cause, { ...data, confidence: rounded(confidence) }));
  }

  private apply(draft: DataRecord, change: Change, out: Out): void {
    const { name, slot } = this.columns.list[change.column]!;
    const { method } = change;
    const confidence = rounded(change.confidence);
    out.evidence(draft, { field: name, old: slot.get(draft), new: change.value, method, confidence });
    slot.set(draft, change.value);
  }

  private report(draft: DataRecord | undefined, change: Change, out: Out): void {
    const { name, hidden } = this.columns.list[change.column]!;
    out.finding(draft, {
      rule: `${name}.${change.method}`,
      severity: 'warn',
      field: name,
      ...(hidden
        ? {}
        : {
            observed: boundedObserved(change.old),
            expected: change.because,
            suggestion: String(boundedObserved(change.value)),
          }),
      dimension: 'consistency',
    });
  }

  /** Looks again at what is believed; `cells` of the record that comes in just now. */
  private check(out: Out, cells: Cells | undefined): void {
    this.announceAll(this.model.check(), cells, out);
  }

  private announceAll(suspicions: readonly Suspicion[], cells: Cells | undefined, out: Out): void {
    if (suspicions.length === 0) return;
    for (const suspicion of suspicions) this.announce(suspicion, cells, out);
    for (const determinant of this.model.soft.takeAdopted())
      for (const { record } of this.held.all())
        this.model.groups.learnBy(determinant, this.columns.read(record), { data: record.data, skip: NO_SKIPS });
  }

  private announce(suspicion: Suspicion, cells: Cells | undefined, out: Out): void {
    const { determinant, target, health, concentration, proposal } = suspicion;
    const field = concentration === undefined ? undefined : this.columns.list[concentration.column]!;
    const value = concentration === undefined ? undefined : this.lookUp(concentration, cells);
    out.event('dependency.suspended', {
      dependency: dependencyText(this.columns, determinant.columns, target.column),
      confidence: rounded(health.confidence),
      records: health.judged,
      ...(concentration === undefined || field === undefined
        ? {}
        : {
            field: field.name,
            violations: concentration.rows,
            ...(field.hidden || value === undefined ? {} : { value: boundedObserved(value) }),
          }),
      ...(proposal === undefined
        ? {}
        : { proposal: dependencyText(this.columns, [...determinant.columns, proposal], target.column) }),
    });
  }

  /** The value behind a hash, from a record at hand. */
  private lookUp(
    { column, hash }: { readonly column: number; readonly hash: number },
    cells: Cells | undefined,
  ): unknown {
    if (cells !== undefined && cellHash(cells[column]) === hash) return cells[column];
    for (const { record } of this.held.all()) {
      const cell = this.columns.read(record)[column];
      if (cellHash(cell) === hash) return cell;
    }
    return undefined;
  }
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1e4) / 1e4;
}
