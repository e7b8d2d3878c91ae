import { type Column, countsOf, shareOf } from './column.ts';

/** Values of the other field, for it to be a list of names. */
const MAX_NAMES = 200;
const MIN_ROWS = 10;
/** Where the other field is empty, so many must end in one of its values; where it is not, at most so many. */
const MOSTLY = 0.8;
const RARELY = 0.02;
const TAIL = /^.*\S\s*([ ,;/|-])(\S+)$/;

/** The value of `from` stands at the end of the texts of `in`. */
export interface Misplaced {
  readonly from: string;
  readonly in: string;
  readonly names: readonly string[];
  /** One character. */
  readonly separator: string;
  readonly rows: number;
}

/**
 * Values that went into the wrong field: `San Francisco CA` where the state is empty.
 *
 * Idea: a field with few names is empty in some records, and there the texts of another field end in one of those names
 * behind a separator; elsewhere they do not.
 */
export function findMisplaced(columns: readonly Column[]): readonly Misplaced[] {
  const found: Misplaced[] = [];
  for (const list of columns) {
    const names = namesOf(list);
    if (names === undefined) continue;
    for (const other of columns) {
      if (other === list || found.some((one) => one.in === other.field)) continue;
      const tail = tailsOf(list, other, names);
      if (tail !== undefined) found.push({ from: list.field, in: other.field, names: [...names].sort(), ...tail });
    }
  }
  return found;
}

function namesOf(column: Column): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  let filled = 0;
  for (const value of column.values) {
    if (value === null || value === undefined) continue;
    if (typeof value !== 'string' || value.length > 40 || /\s/.test(value) || /\d/.test(value)) return undefined;
    filled++;
    names.add(value);
    if (names.size > MAX_NAMES) return undefined;
  }
  const empty = column.values.length - filled;
  return names.size >= 2 && filled >= 5 * names.size && empty >= MIN_ROWS ? names : undefined;
}

function tailsOf(
  list: Column,
  other: Column,
  names: ReadonlySet<string>,
): { readonly separator: string; readonly rows: number } | undefined {
  const empty: string[] = [];
  const there: string[] = [];
  for (let i = 0; i < list.values.length; i++) {
    const text = other.values[i];
    if (typeof text !== 'string') continue;
    (list.values[i] === null || list.values[i] === undefined ? empty : there).push(text);
  }
  const ends = (text: string) => names.has(TAIL.exec(text)?.[2] ?? '');
  if (empty.length < MIN_ROWS || shareOf(empty, ends) < MOSTLY || shareOf(there, ends) > RARELY) return undefined;
  const tails = empty.filter(ends).map((text) => TAIL.exec(text)!);
  if (new Set(tails.map(([, , name]) => name)).size < 2) return undefined; // one name alone may be part of the text
  const [separator] = countsOf(tails.map(([, mark]) => mark!))[0]!;
  return { separator, rows: tails.filter(([, mark]) => mark === separator).length };
}
