export interface Measure {
  /** Words and operators that may each add a level to the tree; the first of an item in a list does not. */
  readonly words: number;
  /** Deepest nesting of brackets. */
  readonly depth: number;
  /** Longest row of operator characters: PostgreSQL's scanner reads the rest of a row again for each comment that begins in it. */
  readonly operatorRow: number;
}

/**
 * Upper bounds of what a parser has to pile up, in one pass and without one: what stands in texts and comments counts
 * too. So whether a statement is parsed depends on its text alone, never on how much stack happens to be left.
 */
export function measure(sql: string): Measure {
  let words = 0;
  let depth = 0;
  let deepest = 0;
  let row = 0;
  let longest = 0;
  let before = OTHER;
  let afterComma = false;
  for (let i = 0; i < sql.length; i++) {
    let kind = kindOf(sql.charCodeAt(i));
    if (kind === DIGIT && before === WORD) kind = WORD;
    row = kind === OPERATOR ? row + 1 : 0;
    if (row > longest) longest = row;
    if (kind !== before && (kind === WORD || kind === OPERATOR) && !(kind === WORD && afterComma)) words++;
    if (kind === OPEN) deepest = Math.max(deepest, ++depth);
    else if (kind === CLOSE && depth > 0) depth--;
    if (kind !== OTHER) afterComma = kind === COMMA;
    before = kind;
  }
  return { words, depth: deepest, operatorRow: longest };
}

const OTHER = 0;
const WORD = 1;
const OPERATOR = 2;
const OPEN = 3;
const CLOSE = 4;
const COMMA = 5;
const QUOTE = 6;
/** A number adds no level; in a name it is part of the word. */
const DIGIT = 7;

const KINDS = kinds();

function kinds(): Uint8Array {
  const table = new Uint8Array(128);
  const set = (characters: string, kind: number): void => {
    for (const character of characters) table[character.charCodeAt(0)] = kind;
  };
  set('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$.', WORD);
  set('0123456789', DIGIT);
  set('+-*/<>=~!@#%^&|`?:', OPERATOR);
  set('([', OPEN);
  set(')]', CLOSE);
  set(',', COMMA);
  set(`'";`, QUOTE);
  return table;
}

function kindOf(code: number): number {
  return code < 128 ? KINDS[code]! : WORD;
}
