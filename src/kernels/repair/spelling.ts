/** A text shorter than this is a code: one edit away from it is another code. */
export const MIN_SPELLED_CHARS = 5;
/** Edits a misspelling may have, as a share of the length. */
const MAX_EDIT_RATIO = 0.2;
/** The same where something else than the frequency of the value speaks for the correction. */
const MAX_CONFIRMED_RATIO = 0.5;
const MIN_CONFIRMED_CHARS = 4;
const MAX_NEAR_RATIO = 0.34;
const MAX_SHORT_WORD = 3;
const WORD_ENDS = /[\s_/-]+/;
const HAS_DIGIT = /\d/;
/** Longer texts are compared up to here: the band of the table is a fifth of it. */
const MAX_COMPARED_CHARS = 1024;

/**
 * Whether `text` is `right` misspelt, judged from the two alone.
 *
 * Idea: few edits (20 % of the length), none in the first letter (Portland, Cortland), in a number or in a code
 * (C-141, C-141B), no word replaced as a whole; not case alone.
 * Example: `isMisspelling('birminghxm', 'birmingham')` is true, `isMisspelling('al', 'ak')` is false.
 * Source: METHODS 7.1 (distance and codes); the rule for numbers and words is ours.
 */
export function isMisspelling(text: string, right: string): boolean {
  if (text === right || Math.min(text.length, right.length) < MIN_SPELLED_CHARS) return false;
  const most = Math.floor(right.length * MAX_EDIT_RATIO);
  if (text.charCodeAt(0) !== right.charCodeAt(0) || editDistance(text, right, most) > most) return false;
  if (text.toLowerCase() === right.toLowerCase()) return false;
  return keepsNumbers(text, right) && keepsWords(text, right, 3);
}

/** The same with more room, where a dependency already says that `right` belongs there. */
export function isConfirmedMisspelling(text: string, right: string): boolean {
  if (text === right || Math.min(text.length, right.length) < MIN_CONFIRMED_CHARS) return false;
  const most = Math.floor(right.length * MAX_CONFIRMED_RATIO);
  return editDistance(text, right, most) <= most && keepsNumbers(text, right) && keepsWords(text, right, 2);
}

/** Fewer edits than a third of the length: enough where one other field confirms it. */
export function isNear(text: string, right: string): boolean {
  const most = Math.floor(right.length * MAX_NEAR_RATIO);
  return isConfirmedMisspelling(text, right) && editDistance(text, right, most) <= most;
}

/** A code with one character that is wrong: only where a dependency says so, and tells codes apart. */
export function isMistypedCode(text: string, right: string): boolean {
  return (
    text.length > 1 && text.length === right.length && keepsNumbers(text, right) && editDistance(text, right, 1) === 1
  );
}

/** Numbers are not misspelt: 1017 is not 1018, 12.99 not 13.99. A digit may only have become something else (1x17). */
export function keepsNumbers(text: string, right: string): boolean {
  const digits = text.replace(/\D/g, '');
  const wanted = right.replace(/\D/g, '');
  if (digits === wanted) return true;
  if (digits.length >= wanted.length || text.length < right.length) return false;
  let at = 0;
  for (const digit of wanted) if (at < digits.length && digit === digits[at]) at++;
  return at === digits.length;
}

/**
 * Word by word at most one of `parts` letters differs, so that no word is another one; where it is a half, words of up
 * to three letters may. Where the blanks do not match, the whole text has been compared.
 */
function keepsWords(text: string, right: string, parts: 2 | 3): boolean {
  const words = text.split(WORD_ENDS);
  const wanted = right.split(WORD_ENDS);
  if (words.length !== wanted.length) return text.length === right.length;
  for (let i = 0; i < words.length; i++) {
    const word = wanted[i]!;
    if (words[i] === word || (parts === 2 && word.length <= MAX_SHORT_WORD)) continue;
    if (parts === 3 && HAS_DIGIT.test(word)) return false;
    const most = Math.floor(word.length / parts);
    if (most === 0 || editDistance(words[i]!, word, most) > most) return false;
  }
  return true;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours between two texts; `most + 1` when there are more.
 * Cost: length × most.
 * Source: Ukkonen 1985 (band); Damerau 1964 in its restricted form.
 */
export function editDistance(a: string, b: string, most: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > most || Math.max(a.length, b.length) > MAX_COMPARED_CHARS) return most + 1;
  let start = 0;
  while (start < a.length && start < b.length && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a.charCodeAt(endA - 1) === b.charCodeAt(endB - 1)) {
    endA--;
    endB--;
  }
  return banded(a.slice(start, endA), b.slice(start, endB), most);
}

function banded(a: string, b: string, most: number): number {
  const over = most + 1;
  const width = b.length + 1;
  let before = new Int32Array(width).fill(over);
  let above = Int32Array.from({ length: width }, (_, j) => Math.min(j, over));
  let row = new Int32Array(width).fill(over);
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - most);
    const to = Math.min(b.length, i + most);
    row.fill(over);
    if (i <= most) row[0] = i;
    for (let j = from; j <= to; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let best = Math.min(above[j - 1]! + (same ? 0 : 1), above[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && !same && isSwap(a, b, i, j)) best = Math.min(best, before[j - 2]! + 1);
      row[j] = Math.min(best, over);
    }
    [before, above, row] = [above, row, before];
  }
  return Math.min(above[b.length]!, over);
}

function isSwap(a: string, b: string, i: number, j: number): boolean {
  return a.charCodeAt(i - 1) === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1);
}
