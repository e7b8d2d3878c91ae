import { type Cell, cellText } from './cell.ts';
import type { Cells, Columns } from './columns.ts';
import { type Frequencies, MIN_RARITY } from './frequencies.ts';
import type { Group } from './group.ts';
import type { Determinant, Groups, Target } from './groups.ts';
import { correctLeftSide } from './left-side.ts';
import { isConfirmedMisspelling, isMistypedCode } from './spelling.ts';
import { compareRightSides, type Met, suspectColumns } from './standing.ts';

/** A change to one cell, with what speaks for it. */
export interface Change {
  readonly column: number;
  readonly old: Cell;
  readonly value: Cell;
  readonly method: 'dependency' | 'spelling';
  /** 0 to 1. */
  readonly confidence: number;
  /** `19 of 20 with the same ZipCode`. */
  readonly because: string;
  /** Dependencies that say so. */
  readonly by: readonly (readonly [Determinant, Target])[];
}

export interface Verdict {
  readonly changes: readonly Change[];
  /** What speaks for them does not reach the bound. */
  readonly proposals: readonly Change[];
}

export interface JudgeBounds {
  /** Share of the group above which a cell is changed; above `flag` it is proposed. */
  readonly repair: number;
  readonly flag: number;
}

export const DEFAULT_BOUNDS: JudgeBounds = { repair: 0.7, flag: 0.5 };

/** A cell corrected in one round is the left side of the next. */
const MAX_ROUNDS = 4;
/** Records that must agree on a value: declared, inferred. */
const MIN_SUPPORT = 2;
const MIN_INFERRED_SUPPORT = 3;
const MIN_CODE_SUPPORT = 5;

interface Votes {
  readonly value: Cell;
  sum: number;
  readonly by: (readonly [Determinant, Target])[];
  support: number;
  total: number;
  share: number;
}

/**
 * What a record's own dependencies and spellings say of its cells.
 *
 * Idea: each dependency votes with the share its top value has in the record's group; a cell changes when the votes for
 * another value beat those for its own and for a third one by a clear share. A change whose left side is itself in
 * doubt waits for the next round. Where most right sides of a left side disagree, the left side is what is wrong.
 * Cost: a Map lookup a left side, a few comparisons a right side.
 * Source: METHODS 7.3; Bohannon et al. 2007.
 */
export class Judge {
  private readonly groups: Groups;
  private readonly columns: Columns;
  private readonly frequencies: Frequencies;
  private readonly bounds: JudgeBounds;

  constructor(parts: {
    readonly groups: Groups;
    readonly columns: Columns;
    readonly frequencies: Frequencies;
    readonly bounds: JudgeBounds;
  }) {
    this.groups = parts.groups;
    this.columns = parts.columns;
    this.frequencies = parts.frequencies;
    this.bounds = parts.bounds;
  }

  judge(cells: Cells, data: unknown): Verdict {
    const now = cells.slice();
    const changes: Change[] = [];
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = this.propose(now, data).filter(({ change }) => now[change.column] === cells[change.column]);
      const sure = found.filter(({ change }) => change.confidence > this.bounds.repair);
      const ready = settled(sure);
      if (ready.length === 0) return { changes, proposals: found.map(({ change }) => change) };
      for (const { change } of ready) {
        now[change.column] = change.value;
        changes.push(change);
      }
    }
    return { changes, proposals: [] };
  }

  /** At most one proposal a column. */
  private propose(cells: Cells, data: unknown): Proposal[] {
    const votes: (Map<string, Votes> | undefined)[] = [];
    const own = new Float64Array(this.columns.list.length);
    const found: Proposal[] = [];
    const met: Met[] = [];
    for (const determinant of this.groups.determinants) {
      const key = this.groups.keyOf(determinant, cells, data);
      if (key === undefined) continue;
      const group = this.groups.group(determinant, key);
      const left = correctLeftSide(this.groups, determinant, { key, group, cells });
      if (left !== undefined && !this.columns.list[left.column]!.kept) found.push({ change: left, from: [] });
      if (group !== undefined)
        met.push({ determinant, group, ...compareRightSides(this.groups, determinant, { group, cells }) });
    }
    const suspects = suspectColumns(met);
    for (const { determinant, group, agree, disagree } of met) {
      if (determinant.columns.some((c) => suspects.has(c))) continue;
      if (agree > disagree && determinant.columns.length === 1) own[determinant.columns[0]!]! += 1;
      for (const target of determinant.targets)
        if (target?.status === 'on') this.vote(determinant, target, { group, cells, votes, own });
    }
    for (let c = 0; c < votes.length; c++) {
      const proposal = this.decide(c, cells, { votes: votes[c], own: own[c]! });
      if (proposal !== undefined) found.push(proposal);
    }
    this.spell(cells, own, found);
    return onePerColumn(found);
  }

  private vote(
    determinant: Determinant,
    target: Target,
    at: {
      readonly group: Group;
      readonly cells: Cells;
      readonly votes: (Map<string, Votes> | undefined)[];
      readonly own: Float64Array;
    },
  ): void {
    const cell = at.cells[target.column];
    const top = at.group.tops[target.column];
    if (cell === undefined || top === undefined) return;
    const best = top.best();
    const count = top.counts[best]!;
    const share = count / top.total;
    if (count < MIN_SUPPORT || share <= this.bounds.flag) return;
    const value = top.values[best]!;
    if (value === cell) {
      at.own[target.column]! += share;
      return;
    }
    if (this.columns.list[target.column]!.kept) return;
    if (!target.declared && !this.isInferredError(target, { cell, value, count, own: top.countOf(cell) })) return;
    let byValue = at.votes[target.column];
    if (byValue === undefined) {
      byValue = new Map();
      at.votes[target.column] = byValue;
    }
    const known = byValue.get(cellText(value)) ?? { value, sum: 0, by: [], support: 0, total: 0, share: 0 };
    known.sum += share;
    known.by.push([determinant, target]);
    if (share > known.share) Object.assign(known, { share, support: count, total: top.total });
    byValue.set(cellText(value), known);
  }

  /** Where nobody declared a dependency, only a misspelling of the group's value is an error. */
  private isInferredError(
    target: Target,
    {
      cell,
      value,
      count,
      own,
    }: { readonly cell: Cell; readonly value: Cell; readonly count: number; readonly own: number },
  ): boolean {
    if (typeof cell !== 'string' || typeof value !== 'string') return false;
    if (count < Math.max(MIN_INFERRED_SUPPORT, MIN_RARITY * (own - 1))) return false;
    if (this.groups.homesOf(target, cell) !== undefined) return false;
    if (isConfirmedMisspelling(cell, value)) return true;
    return target.homes.size > 1 && count >= MIN_CODE_SUPPORT && isMistypedCode(cell, value);
  }

  private decide(
    column: number,
    cells: Cells,
    { votes, own }: { readonly votes: Map<string, Votes> | undefined; readonly own: number },
  ): Proposal | undefined {
    const old = cells[column];
    if (votes === undefined || old === undefined) return undefined;
    let best: Votes | undefined;
    let others = own;
    for (const candidate of votes.values()) {
      if (best === undefined || candidate.sum > best.sum) {
        others += best?.sum ?? 0;
        best = candidate;
      } else others += candidate.sum;
    }
    if (best === undefined || best.sum <= others) return undefined;
    const confidence = best.share * (best.sum / (best.sum + others));
    if (confidence <= this.bounds.flag) return undefined;
    const names = [...new Set(best.by.flatMap(([{ columns }]) => columns))].map((c) => this.columns.list[c]!.name);
    const because = `${best.support} of ${best.total} with the same ${names.join(', ')}`;
    return {
      change: { column, old, value: best.value, method: 'dependency', confidence, because, by: best.by },
      from: best.by.map(([{ columns }]) => columns),
    };
  }

  private spell(cells: Cells, own: Float64Array, found: Proposal[]): void {
    for (let column = 0; column < cells.length; column++) {
      const old = cells[column];
      if (old === undefined || own[column]! > 0 || this.columns.list[column]!.kept) continue;
      const correction = this.frequencies.correct(column, old);
      if (correction === undefined) continue;
      const { value, count } = correction;
      const confidence = count / (count + Math.max(1, correction.own));
      const because = `${count} records have it, ${correction.own} have the other`;
      found.push({ change: { column, old, value, method: 'spelling', confidence, because, by: [] }, from: [] });
    }
  }
}

interface Proposal {
  readonly change: Change;
  /** Columns of each left side it rests on; none: it rests on the value itself. */
  readonly from: readonly (readonly number[])[];
}

/** Two that agree are one, with the better reasons; two that do not are none, unless a dependency speaks against spelling. */
function onePerColumn(found: readonly Proposal[]): Proposal[] {
  const byColumn = new Map<number, Proposal | undefined>();
  for (const proposal of found) {
    const { column, value, method, confidence } = proposal.change;
    const known = byColumn.get(column);
    if (!byColumn.has(column)) byColumn.set(column, proposal);
    else if (known === undefined) continue;
    else if (known.change.value === value)
      byColumn.set(column, known.change.confidence >= confidence ? known : proposal);
    else if (known.change.method !== method) byColumn.set(column, method === 'dependency' ? proposal : known);
    else byColumn.set(column, undefined);
  }
  return [...byColumn.values()].filter((proposal) => proposal !== undefined);
}

/** Those that rest on no left side in doubt; in a circle of doubts the surest one. */
function settled(sure: readonly Proposal[]): readonly Proposal[] {
  const doubted = new Set(sure.map(({ change }) => change.column));
  const free = sure.filter(
    ({ from }) => from.length === 0 || from.some((columns) => !columns.some((column) => doubted.has(column))),
  );
  if (free.length > 0 || sure.length === 0) return free;
  const surest = Math.max(...sure.map(({ change }) => change.confidence));
  const first = sure.filter(({ change }) => change.confidence === surest);
  return first.length === 1 ? first : [];
}
