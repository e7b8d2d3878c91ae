import { editDistance } from '../repair/spelling.ts';

/** How two filled values of one field are compared; each gives a likeness from 0 to 1, and 1 for equal values. */
export const LIKENESSES = ['exact', 'number', 'date', 'edit', 'jaro-winkler', 'trigrams'] as const;
export type Likeness = (typeof LIKENESSES)[number];

const PREFIX_CHARS = 4;
const PREFIX_SHARE = 0.1;

/** 1 when equal, half at `within` from each other, 0 at twice that; with `within` 0 only equal numbers are alike. */
export function closeness(a: number, b: number, within: number): number {
  const apart = Math.abs(a - b);
  return apart === 0 ? 1 : Math.max(0, 1 - apart / (2 * within));
}

/** Share of the longer text that no edit touches: insertion, deletion, substitution, swap of neighbors. */
export function editLikeness(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - editDistance(a, b, longest) / longest;
}

/**
 * Jaro's likeness, more when up to four first characters are the same. Made for names.
 * Example: `jaroWinkler('martha', 'marhta')` is 0.9611 (rounded).
 * Source: Jaro 1989; Winkler 1990.
 */
export function jaroWinkler(a: string, b: string): number {
  const jaro = jaroLikeness(a, b);
  let prefix = 0;
  while (prefix < PREFIX_CHARS && prefix < a.length && a.charCodeAt(prefix) === b.charCodeAt(prefix)) prefix++;
  return jaro + prefix * PREFIX_SHARE * (1 - jaro);
}

/** Common characters are equal ones not further apart than half the longer text. */
function jaroLikeness(a: string, b: string): number {
  if (a === b) return 1;
  const reach = Math.max(0, (Math.max(a.length, b.length) >> 1) - 1);
  const usedA = new Uint8Array(a.length);
  const usedB = new Uint8Array(b.length);
  let common = 0;
  for (let i = 0; i < a.length; i++)
    for (let j = Math.max(0, i - reach); j <= i + reach && j < b.length; j++) {
      if (usedB[j] === 1 || a.charCodeAt(i) !== b.charCodeAt(j)) continue;
      usedA[i] = 1;
      usedB[j] = 1;
      common++;
      break;
    }
  if (common === 0) return 0;
  let outOfPlace = 0;
  for (let i = 0, j = 0; i < a.length; i++) {
    if (usedA[i] === 0) continue;
    while (usedB[j] === 0) j++;
    if (a.charCodeAt(i) !== b.charCodeAt(j++)) outOfPlace++;
  }
  return (common / a.length + common / b.length + (common - outOfPlace / 2) / common) / 3;
}

/** Share of the character 3-grams of either that both have, with a blank before and behind. */
export function trigramLikeness(a: string, b: string): number {
  const left = trigramsOf(a);
  const right = trigramsOf(b);
  let shared = 0;
  for (const gram of left) if (right.has(gram)) shared++;
  const either = left.size + right.size - shared;
  return either === 0 ? 1 : shared / either;
}

function trigramsOf(text: string): Set<string> {
  const padded = ` ${text} `;
  const grams = new Set<string>();
  for (let i = 0; i + 3 <= padded.length; i++) grams.add(padded.slice(i, i + 3));
  return grams;
}

export function round3(likeness: number): number {
  return Math.round(likeness * 1000) / 1000;
}
