import { type Cell, cellText, leftSideKey, ownCell } from './cell.ts';
import type { Cells } from './columns.ts';
import { EntryStore } from './entry-store.ts';
import { type Doubt, GROUP_SHAPE, type Group } from './group.ts';
import { TopValues } from './top-values.ts';

/**
 * on: used; candidate: an undeclared one that is watched; suspended: found false; off: an undeclared one that does not
 * hold, nothing is counted for it; fill: texts for missing values only.
 */
export type TargetStatus = 'on' | 'candidate' | 'suspended' | 'off' | 'fill';

/** A right side of a determinant. */
export interface Target {
  readonly column: number;
  /** Written by the user; else inferred. */
  readonly declared: boolean;
  /** Never suspended. */
  readonly sure: boolean;
  status: TargetStatus;
  /** Cells changed by it since it was last looked at. */
  violations: number;
  /** Text of a value to the left sides it is the home value of. */
  homes: Map<string, Set<string>>;
  /** Left sides with a home value. */
  homed: number;
}

/** A left side, with everything that might follow from it. */
export interface Determinant {
  readonly index: number;
  readonly columns: readonly number[];
  /** Where it applies; everywhere when undefined. */
  readonly applies: ((data: unknown) => boolean) | undefined;
  /** By column. */
  readonly targets: (Target | undefined)[];
  /** Columns below this have been looked at as right sides. */
  watched: number;
}

/** A doubt the group has become clear about. */
export interface Settled extends Doubt {
  readonly determinant: Determinant;
  readonly column: number;
  readonly now: Cell;
  readonly confidence: number;
}

/** Cells of a group that can be corrected later; the oldest makes room. */
const MAX_DOUBTS = 8;
/** Records after which a group is clear. */
const MIN_CLEAR = 4;
/** Separates the number of a determinant from its key. */
const SEPARATOR = '\u001e';

/** Groups of all determinants with their right sides, bounded; the one met longest ago is forgotten. */
export class Groups {
  readonly determinants: Determinant[] = [];
  readonly store = new EntryStore<Group>('groups', GROUP_SHAPE);
  private readonly maxBytes: number;
  /** Share its value needs for a group to be clear. */
  private readonly clearShare: number;
  private settled: Settled[] = [];

  constructor(maxBytes: number, clearShare: number) {
    this.maxBytes = maxBytes;
    this.clearShare = clearShare;
  }

  determinant(columns: readonly number[], applies?: Determinant['applies']): Determinant {
    const made: Determinant = { index: this.determinants.length, columns, applies, targets: [], watched: 0 };
    this.determinants.push(made);
    return made;
  }

  keyOf(determinant: Determinant, cells: Cells, data: unknown): string | undefined {
    if (determinant.applies !== undefined && !determinant.applies(data)) return undefined;
    const { columns } = determinant;
    if (columns.length === 1) return leftSideKey([cells[columns[0]!]]);
    return leftSideKey(columns.map((c) => cells[c]));
  }

  group(determinant: Determinant, key: string): Group | undefined {
    return this.store.get(`${determinant.index}${SEPARATOR}${key}`);
  }

  /** Counts a record; `skip[c]` = the cell is not to be trusted. Gives the number of groups forgotten for it. */
  learn(cells: Cells, data: unknown, skip: ReadonlySet<number>): number {
    for (const determinant of this.determinants) this.learnBy(determinant, cells, { data, skip });
    let evicted = 0;
    while (this.store.bytes > this.maxBytes && this.store.size > 1) {
      this.forgetOldest();
      evicted++;
    }
    return evicted;
  }

  learnBy(
    determinant: Determinant,
    cells: Cells,
    { data, skip }: { readonly data: unknown; readonly skip: ReadonlySet<number> },
  ): void {
    if (skip.size > 0 && determinant.columns.some((c) => skip.has(c))) return;
    const key = this.keyOf(determinant, cells, data);
    if (key === undefined) return;
    const group = this.group(determinant, key) ?? this.newGroup(determinant, cells);
    group.records++;
    for (const target of determinant.targets) {
      if (target === undefined || skip.has(target.column)) continue;
      if (target.status === 'off') {
        group.tops[target.column] = undefined;
        continue;
      }
      const cell = cells[target.column];
      if (cell === undefined || (target.status === 'fill' && typeof cell === 'number')) continue;
      let top = group.tops[target.column];
      if (top === undefined) {
        top = new TopValues();
        group.tops[target.column] = top;
      }
      const before = top.home();
      top.add(cell);
      this.moveHome(target, key, before, top.home());
      if (group.doubts[target.column] !== undefined) this.settle(determinant, target, group);
    }
    this.store.put(`${determinant.index}${SEPARATOR}${key}`, group);
  }

  /** The record leaves with these cells: those their groups are not clear about can be corrected later. Gives how many were one too many. */
  release(cells: Cells, data: unknown, record: { readonly origin: unknown; readonly key: string | null }): number {
    let lost = 0;
    for (const determinant of this.determinants) {
      const key = this.keyOf(determinant, cells, data);
      const group = key === undefined ? undefined : this.group(determinant, key);
      if (key === undefined || group === undefined) continue;
      let isChanged = false;
      for (const target of determinant.targets) {
        const cell = target === undefined ? undefined : cells[target.column];
        if (target === undefined || !target.declared || target.status !== 'on' || cell === undefined) continue;
        if (this.clearValue(group.tops[target.column])?.value === cell) continue;
        let doubts = group.doubts[target.column];
        if (doubts === undefined) {
          doubts = [];
          group.doubts[target.column] = doubts;
        }
        doubts.push({ ...record, value: ownCell(cell) });
        isChanged = true;
        if (doubts.length > MAX_DOUBTS) {
          doubts.shift();
          lost++;
        }
      }
      if (isChanged) this.store.put(`${determinant.index}${SEPARATOR}${key}`, group);
    }
    return lost;
  }

  /** What has become clear since the last call. */
  takeSettled(): readonly Settled[] {
    const { settled } = this;
    if (settled.length > 0) this.settled = [];
    return settled;
  }

  private settle(determinant: Determinant, { column, status }: Target, group: Group): void {
    const clear = this.clearValue(group.tops[column]);
    if (clear === undefined || status !== 'on') return;
    const { value: now, confidence } = clear;
    for (const doubt of group.doubts[column] ?? [])
      if (doubt.value !== now) this.settled.push({ ...doubt, determinant, column, now, confidence });
    group.doubts[column] = undefined;
  }

  private clearValue(top: TopValues | undefined): { readonly value: Cell; readonly confidence: number } | undefined {
    if (top === undefined || top.total < MIN_CLEAR) return undefined;
    const best = top.best();
    const confidence = top.counts[best]! / top.total;
    return confidence > this.clearShare ? { value: top.values[best]!, confidence } : undefined;
  }

  /** Whether a value tells left sides apart: no more than half of them have it. */
  isTelling(target: Target, value: Cell): boolean {
    return 2 * (this.homesOf(target, value)?.size ?? 0) <= target.homed;
  }

  /** Left sides a value is the home value of; undefined when none. */
  homesOf(target: Target, value: Cell): ReadonlySet<string> | undefined {
    return target.homes.get(cellText(value));
  }

  /** A right side that is not counted any more, or again. */
  setStatus(target: Target, status: TargetStatus): void {
    target.status = status;
    if (status !== 'off') return;
    target.homes = new Map();
    target.homed = 0;
  }

  /** Homes are read off the groups after a restore. */
  rebuildHomes(): void {
    for (const stored of this.store.keys()) {
      const at = stored.indexOf(SEPARATOR);
      const determinant = this.determinants[Number(stored.slice(0, at))];
      const group = this.store.get(stored);
      if (determinant === undefined || group === undefined) continue;
      for (const target of determinant.targets) {
        if (target === undefined || target.status === 'off') continue;
        this.moveHome(target, stored.slice(at + 1), undefined, group.tops[target.column]?.home());
      }
    }
  }

  private newGroup({ columns }: Determinant, cells: Cells): Group {
    const cell = columns.length === 1 ? cells[columns[0]!] : undefined;
    return { records: 0, left: cell === undefined ? undefined : ownCell(cell), tops: [], doubts: [] };
  }

  private forgetOldest(): void {
    const [stored, group] = this.store.shift() ?? ['', undefined];
    const at = stored.indexOf(SEPARATOR);
    for (const target of this.determinants[Number(stored.slice(0, at))]?.targets ?? [])
      if (target !== undefined)
        this.moveHome(target, stored.slice(at + 1), group?.tops[target.column]?.home(), undefined);
  }

  private moveHome(target: Target, key: string, from: string | undefined, to: string | undefined): void {
    if (from === to) return;
    if (from !== undefined) {
      const keys = target.homes.get(from);
      if (keys?.delete(key) === true) target.homed--;
      if (keys?.size === 0) target.homes.delete(from);
    }
    if (to === undefined) return;
    const keys = target.homes.get(to) ?? new Set();
    target.homes.set(to, keys.add(key));
    target.homed++;
  }
}
