import { hashOfPart, mix32 } from '../../core/hash.ts';
import type { FeatureKind } from './near-settings.ts';
import { wordBounds } from './words.ts';

/** Texts with at least so many words are compared by 3-shingles of words; shorter ones have too few of those. */
const SHINGLED_WORDS = 20;
const GRAM_SEED = 0x3c6ef372;

/** Distinct hashed features in ascending order, how often each stands there, and the hashes of the words among them. */
export interface Features {
  readonly hashes: Int32Array;
  readonly counts: Uint16Array;
  readonly words: Int32Array;
  /** Of `grams`: hashes of the words that mix letters and digits, as model numbers do. */
  readonly codes: Int32Array;
  /** Hashes of the declared blocking keys. */
  readonly declared?: Int32Array;
  /** Texts that are compared field by field. */
  readonly values?: readonly string[];
}

/**
 * Features of a record, from the texts of its fields in any order.
 * `shingles` takes them as one text. Cost: about 30 ns a character.
 */
export function featuresOf(texts: readonly string[], kind: FeatureKind): Features {
  const all: number[] = [];
  const words: number[] = [];
  const codes: number[] = [];
  for (const text of texts) {
    const bounds = wordBounds(text);
    for (let i = 0; i < bounds.length; i += 2) {
      const hash = wordHash(text, bounds[i]!, bounds[i + 1]!);
      words.push(hash);
      if (kind === 'grams' && isCode(text.slice(bounds[i], bounds[i + 1]))) codes.push(hash);
    }
  }
  if (kind === 'words' || kind === 'both') for (const word of words) all.push(word);
  if (kind === 'grams' || kind === 'both') for (const text of texts) addGrams(text, all);
  if (kind === 'shingles') {
    if (words.length >= SHINGLED_WORDS)
      for (let i = 0; i + 2 < words.length; i++)
        all.push(mix32(Math.imul(mix32(Math.imul(words[i]!, 31) ^ words[i + 1]!), 31) ^ words[i + 2]!) | 0);
    else for (const text of texts) addGrams(text, all);
  }
  const hashes = new Int32Array(all).sort();
  const counts = new Uint16Array(hashes.length);
  const distinct = fold(hashes, counts);
  return {
    hashes: hashes.subarray(0, distinct),
    counts: counts.subarray(0, distinct),
    words: distinctOf(words),
    codes: distinctOf(codes),
  };
}

/** Hash of the word that is that part of the text, as it stands in `Features`. */
export function wordHash(text: string, from: number, to: number): number {
  return hashOfPart(text, from, to) | 0;
}

/** Four or more characters with letters and digits: what makers call their models. */
function isCode(word: string): boolean {
  return word.length >= 4 && /\d/.test(word) && /\p{L}/u.test(word);
}

/** Three code units in a row, with a blank before and behind, so that starts and ends count. */
function addGrams(text: string, into: number[]): void {
  if (text === '') return;
  let [a, b] = [32, text.charCodeAt(0)];
  for (let i = 1; i <= text.length; i++) {
    const c = i < text.length ? text.charCodeAt(i) : 32;
    into.push(mix32(Math.imul(Math.imul(a, 65599) + b, 65599) + c + GRAM_SEED) | 0);
    a = b;
    b = c;
  }
}

function distinctOf(all: readonly number[]): Int32Array {
  const sorted = new Int32Array(all).sort();
  return sorted.subarray(0, fold(sorted));
}

/** Moves what is distinct to the front, counts it, and gives how much it is. */
function fold(sorted: Int32Array, counts?: Uint16Array): number {
  let n = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (n === 0 || sorted[n - 1] !== sorted[i]) sorted[n++] = sorted[i]!;
    if (counts !== undefined && counts[n - 1]! < 0xffff) counts[n - 1]!++;
  }
  return n;
}
