import { cellText } from './cell.ts';
import type { Cells } from './columns.ts';
import type { Group } from './group.ts';
import type { Determinant, Groups } from './groups.ts';
import { isConfirmedMisspelling } from './spelling.ts';

/** A left side of the record that has been met before. */
export interface Met {
  readonly determinant: Determinant;
  readonly group: Group;
  /** Right sides that are those of the record, and tell left sides apart. */
  readonly agree: number;
  /** Others; a misspelt one is none. */
  readonly disagree: number;
}

export function compareRightSides(
  groups: Groups,
  determinant: Determinant,
  { group, cells }: { readonly group: Group; readonly cells: Cells },
): { agree: number; disagree: number } {
  let agree = 0;
  let disagree = 0;
  for (const target of determinant.targets) {
    if (target?.status !== 'on') continue;
    const cell = cells[target.column];
    const home = group.tops[target.column]?.home();
    if (cell === undefined || home === undefined) continue;
    if (home === cellText(cell)) {
      if (groups.isTelling(target, cell)) agree++;
    } else if (typeof cell !== 'string' || !isConfirmedMisspelling(cell, home)) disagree++;
  }
  return { agree, disagree };
}

/**
 * Columns that are in doubt as left sides: more than one right side, and half of all that depend on them, are others.
 * Then the left side is what is wrong, and says nothing of the rest.
 */
export function suspectColumns(met: readonly Met[]): ReadonlySet<number> {
  const balance = new Map<number, { agree: number; disagree: number }>();
  for (const { determinant, agree, disagree } of met)
    for (const column of determinant.columns) {
      const known = balance.get(column) ?? { agree: 0, disagree: 0 };
      balance.set(column, { agree: known.agree + agree, disagree: known.disagree + disagree });
    }
  const suspects = new Set<number>();
  for (const [column, { agree, disagree }] of balance) if (disagree > 1 && disagree >= agree) suspects.add(column);
  return suspects;
}
