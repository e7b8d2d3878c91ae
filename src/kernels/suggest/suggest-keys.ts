import { categoryOf } from '../sketch/category.ts';
import type { Column } from './column.ts';

const MIN_VALUES = 20;
const MAX_PAIR_FIELDS = 12;
const LIKE_A_KEY = /(?:^|[-_. ])(?:id|key|uuid|guid|code|no|nr|number|index|sku|isbn)$|(?:Id|ID|Key|Code|Uuid)$/;

export interface SuggestedKey {
  readonly fields: readonly string[];
  /** Named or made like one: texts that describe something may be unique as well. */
  readonly isLikely: boolean;
}

/** Named like what tells records apart: its values grow, or mean nothing as numbers. */
export function isNameLikeKey(field: string): boolean {
  return LIKE_A_KEY.test(field);
}

/** Fields that tell every record from every other: single ones, else pairs. Likely ones first, then in order of the fields. */
export function suggestKeys(columns: readonly Column[]): readonly SuggestedKey[] {
  const usable = columns.filter(isUsable);
  const single = usable.filter((column) => isUnique([column]));
  const keys = single.map((column): SuggestedKey => ({ fields: [column.field], isLikely: isLikely(column) }));
  const found = keys.length > 0 ? keys : pairs(usable);
  return found.toSorted((a, b) => Number(b.isLikely) - Number(a.isLikely)).slice(0, 5);
}

/** Every record has it, as a whole number or a text of some length. */
function isUsable({ values }: Column): boolean {
  return (
    values.length >= MIN_VALUES &&
    values.every((value) =>
      typeof value === 'string' ? value.length > 0 && value.length <= 100 : Number.isInteger(value),
    )
  );
}

function isUnique(columns: readonly Column[]): boolean {
  const seen = new Set<string>();
  const { length } = columns[0]!.values;
  for (let i = 0; i < length; i++) {
    const key =
      columns.length === 1 ? categoryOf(columns[0]!.values[i]) : JSON.stringify(columns.map(({ values }) => values[i]));
    if (seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

function isLikely({ field, values }: Column): boolean {
  return isNameLikeKey(field) || values.every((value) => Number.isInteger(value) || /^[\w-]+$/.test(String(value)));
}

function pairs(columns: readonly Column[]): readonly SuggestedKey[] {
  const tried = columns.slice(0, MAX_PAIR_FIELDS);
  const found: SuggestedKey[] = [];
  for (const [i, a] of tried.entries())
    for (const b of tried.slice(i + 1))
      if (isUnique([a, b])) found.push({ fields: [a.field, b.field], isLikely: isLikely(a) && isLikely(b) });
  return found;
}
