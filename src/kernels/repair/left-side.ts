import { type Cell, cellText } from './cell.ts';
import type { Cells } from './columns.ts';
import { MIN_RARITY } from './frequencies.ts';
import type { Group } from './group.ts';
import type { Determinant, Groups } from './groups.ts';
import type { Change } from './judge.ts';
import { isConfirmedMisspelling, isNear } from './spelling.ts';

/** A right side that more left sides share than this tells nothing of which one is meant. */
const MAX_SHARED = 4;
/** Share of the right sides that must agree with the left side proposed. */
const MIN_AGREEMENT = 0.8;
const MIN_RECORDS = 3;
/** A left side met more often is no slip of the pen. */
const MAX_RARE = 8;

/**
 * The left side that a rare one is a misspelling of: nearly all right sides of the record say it.
 *
 * Idea: right sides lead back to the left sides they are at home with; one that is near in spelling, five times as
 * frequent and agrees with the others is meant. Cost: a Map lookup a right side, only for left sides that are rare.
 * Source: METHODS 7.1 (spelling repair of the left side); that the right sides must agree is ours.
 */
export function correctLeftSide(
  groups: Groups,
  determinant: Determinant,
  { key, group, cells }: { readonly key: string; readonly group: Group | undefined; readonly cells: Cells },
): Change | undefined {
  const column = determinant.columns[0];
  if (determinant.columns.length !== 1 || column === undefined) return undefined;
  const old = cells[column];
  const seen = Math.max(1, group?.records ?? 0);
  if (typeof old !== 'string' || seen > MAX_RARE) return undefined;
  let best: { value: string; agree: number; records: number; confidence: number } | undefined;
  let isTie = false;
  for (const candidate of candidates(groups, determinant, cells)) {
    const meant = groups.group(determinant, candidate);
    if (candidate === key || typeof meant?.left !== 'string') continue;
    if (meant.records < Math.max(MIN_RECORDS, MIN_RARITY * seen)) continue;
    const { agree, disagree } = agreement(groups, determinant, { group: meant, cells });
    const share = agree / (agree + disagree);
    if (agree === 0 || share < MIN_AGREEMENT) continue;
    if (!(agree === 1 ? isNear(old, meant.left) : isConfirmedMisspelling(old, meant.left))) continue;
    const confidence = share * (meant.records / (meant.records + seen));
    if (best === undefined || agree > best.agree) {
      best = { value: meant.left, agree, records: meant.records, confidence };
      isTie = false;
    } else if (agree === best.agree) isTie = true;
  }
  if (best === undefined || isTie) return undefined;
  const because = `${best.agree} other fields belong to it, in ${best.records} records`;
  return { column, old, value: best.value, method: 'spelling', confidence: best.confidence, because, by: [] };
}

function candidates(groups: Groups, determinant: Determinant, cells: Cells): ReadonlySet<string> {
  const found = new Set<string>();
  for (const target of determinant.targets) {
    const cell: Cell | undefined = target?.status === 'on' ? cells[target.column] : undefined;
    if (target === undefined || cell === undefined) continue;
    const homes = groups.homesOf(target, cell);
    if (homes === undefined || homes.size > MAX_SHARED) continue;
    for (const home of homes) found.add(home);
  }
  return found;
}

/** How many right sides of the record are what the group has, of those that tell left sides apart. */
function agreement(
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
    if (home !== cellText(cell)) disagree++;
    else if ((groups.homesOf(target, cell)?.size ?? 0) <= MAX_SHARED) agree++;
  }
  return { agree, disagree };
}
