import type { Cell } from './cell.ts';
import type { Cells, Columns } from './columns.ts';
import { Frequencies } from './frequencies.ts';
import { Groups, type TargetStatus } from './groups.ts';
import { Judge, type Verdict } from './judge.ts';
import type { RepairSettings } from './repair-settings.ts';
import { SoftCheck, type Suspicion, undeclared } from './soft-check.ts';

interface SavedDeterminant {
  readonly columns: readonly number[];
  /** Number of the declared one whose condition it has; -1: none. */
  readonly like: number;
  readonly watched: number;
  readonly targets: readonly (readonly [column: number, status: TargetStatus, violations: number])[];
}

export interface SavedModel {
  readonly determinants: readonly SavedDeterminant[];
  readonly learned: number;
  readonly checkedAt: number;
  readonly frequencies: ReturnType<Frequencies['save']>;
  readonly floors: readonly [groups: number, rows: number, values: number];
}

/** What was forgotten while learning, by bound. */
export interface Forgotten {
  readonly groups: number;
  readonly values: number;
}

/** Changes by one dependency after which it is looked at again. */
const REVIEW_AFTER = 5;
/** Records that must have a value before a gap is filled with it. */
const MIN_FILL_SUPPORT = 2;

const NOTHING: Forgotten = { groups: 0, values: 0 };

/** Dependencies and spellings together: learn from records, look again at what is believed, judge records. */
export class DependencyModel {
  readonly groups: Groups;
  readonly soft: SoftCheck;
  readonly frequencies: Frequencies;
  readonly active: boolean;
  private readonly judgeOf: Judge;

  constructor(settings: RepairSettings, columns: Columns, maxBytes: number) {
    this.groups = new Groups(maxBytes / 2, settings.bounds.repair);
    this.soft = new SoftCheck(this.groups, columns, settings.infer);
    const spelled = settings.spelling.map((name) => columns.of(name).index);
    this.frequencies = new Frequencies(spelled, maxBytes / 8);
    for (const { from, to, applies, sure } of settings.dependencies) {
      const left = from.map((name) => columns.of(name).index);
      const known = this.groups.determinants.find((d) => d.applies === applies && d.columns.join() === left.join());
      const determinant = known ?? this.groups.determinant(left, applies);
      for (const name of to) {
        const column = columns.of(name).index;
        determinant.targets[column] = {
          column,
          declared: true,
          sure,
          status: 'on',
          violations: 0,
          homes: new Map(),
          homed: 0,
        };
      }
    }
    this.soft.declared = this.groups.determinants.length;
    this.addFills(settings, columns);
    this.active = this.groups.determinants.length > 0 || spelled.length > 0;
    this.judgeOf = new Judge({ groups: this.groups, columns, frequencies: this.frequencies, bounds: settings.bounds });
  }

  /** Groups that texts are filled from. */
  private addFills({ impute }: RepairSettings, columns: Columns): void {
    if (impute?.by === undefined) return;
    const determinant = this.groups.determinant(impute.by.map((name) => columns.of(name).index));
    for (const name of impute.fields) {
      const column = columns.of(name).index;
      if (!determinant.columns.includes(column)) determinant.targets[column] = undeclared(column, 'fill');
    }
  }

  /** The most frequent value of a missing cell's groups: of a dependency, or of the groups to fill from. */
  fill(column: number, cells: Cells, data: unknown): { readonly value: Cell; readonly confidence: number } | undefined {
    let best: { readonly value: Cell; readonly confidence: number } | undefined;
    for (const determinant of this.groups.determinants) {
      const status = determinant.targets[column]?.status;
      if (status !== 'fill' && (status !== 'on' || determinant.targets[column]?.declared !== true)) continue;
      const key = this.groups.keyOf(determinant, cells, data);
      const top = key === undefined ? undefined : this.groups.group(determinant, key)?.tops[column];
      const at = top?.best() ?? -1;
      if (top === undefined || at < 0 || top.counts[at]! < MIN_FILL_SUPPORT) continue;
      const confidence = top.counts[at]! / top.total;
      if (best === undefined || confidence > best.confidence) best = { value: top.values[at]!, confidence };
    }
    return best;
  }

  /** True in `check`: it is time to look again. */
  learn(
    cells: Cells,
    data: unknown,
    skip: ReadonlySet<number>,
  ): { readonly forgotten: Forgotten; readonly check: boolean } {
    if (!this.active) return { forgotten: NOTHING, check: false };
    this.soft.watch();
    const groups = this.groups.learn(cells, data, skip);
    const values = this.frequencies.learn(cells, skip);
    const check = this.groups.determinants.length > 0 && this.soft.add(cells, data);
    return { forgotten: groups + values === 0 ? NOTHING : { groups, values }, check };
  }

  /** Whether records came since the last look. */
  get unchecked(): boolean {
    return this.soft.learned > this.soft.checkedAt;
  }

  check(): readonly Suspicion[] {
    return this.soft.check();
  }

  /** Judges a record; a dependency it would be one of many to be changed by is looked at again before. */
  judge(cells: Cells, data: unknown): Verdict & { readonly suspicions: readonly Suspicion[] } {
    const suspicions: Suspicion[] = [];
    for (;;) {
      const verdict = this.judgeOf.judge(cells, data);
      let isStanding = true;
      for (const { by } of verdict.changes)
        for (const [determinant, target] of by) {
          if (++target.violations < REVIEW_AFTER) continue;
          target.violations = 0;
          const suspicion = this.soft.review(determinant, target);
          if (suspicion !== undefined) suspicions.push(suspicion);
          if (target.status !== 'on') isStanding = false;
        }
      if (isStanding) return { ...verdict, suspicions };
    }
  }

  save(): SavedModel {
    const { determinants } = this.groups;
    return {
      determinants: determinants.map(({ columns, applies, targets, watched }) => ({
        columns,
        watched,
        like: applies === undefined ? -1 : determinants.findIndex((d) => d.applies === applies),
        targets: targets.flatMap((target) =>
          target === undefined ? [] : [[target.column, target.status, target.violations] as const],
        ),
      })),
      learned: this.soft.learned,
      checkedAt: this.soft.checkedAt,
      frequencies: this.frequencies.save(),
      floors: [this.groups.store.floor, this.soft.rows.floor, this.frequencies.store.floor],
    };
  }

  /** All parts of the stores have been restored. */
  restore(saved: SavedModel): void {
    const { determinants } = this.groups;
    for (const [d, { columns, like, targets, watched }] of saved.determinants.entries()) {
      const determinant = determinants[d] ?? this.groups.determinant(columns, determinants[like]?.applies);
      determinant.watched = watched;
      for (const [column, status, violations] of targets) {
        const target = determinant.targets[column] ?? undeclared(column, status);
        determinant.targets[column] = target;
        target.status = status;
        target.violations = violations;
      }
    }
    this.soft.learned = saved.learned;
    this.soft.checkedAt = saved.checkedAt;
    const [groups, rows, values] = saved.floors;
    this.groups.store.dropBelow(groups);
    this.soft.rows.dropBelow(rows);
    this.frequencies.store.dropBelow(values);
    this.groups.rebuildHomes();
    this.frequencies.restore(saved.frequencies);
  }
}
