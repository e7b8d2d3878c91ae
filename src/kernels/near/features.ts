import { hash32, mix32 } from '../../core/hash.ts';
import type { FeatureKind } from './near-settings.ts';

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

/** Compatibility forms, case and white space do not tell two texts apart. */
function normalizeText(value: string): string {
  return value.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

/** What is compared of a value: text, numbers, and lists of them. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return normalizeText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  return '';
}

/** Only ASCII: most texts, and read in a third of the time. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Letters and digits in a row. */
export function wordsOf(text: string): string[] {
  return text.match(isPlain(text) ? /[a-z0-9]+/gi : /[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** Hash of a word, as it stands in `Features`. */
export function wordHash(word: string): number {
  return hash32(word) | 0;
}

/**
 * Features of a record, from the texts of its fields in any order.
 * `shingles` takes them as one text. Cost: about 30 ns a character.
 */
export function featuresOf(texts: readonly string[], kind: FeatureKind): Features {
  const all: number[] = [];
  const words: number[] = [];
  const codes: number[] = [];
  for (const text of texts)
    for (const word of wordsOf(text)) {
      const hash = wordHash(word);
      words.push(hash);
      if (kind === 'grams' && isCode(word)) codes.push(hash);
    }
  if (kind === 'words' || kind === 'both') for (const word of words) all.push(word);
  if (kind === 'grams' || kind === 'both') for (const text of texts) addGrams(text, all);
  if (kind === 'shingles') {
    if (words.length >= SHINGLED_WORDS)
      for (let i = 0; i + 2 < words.length; i++)
        all.push(mix32(Math.imul(mix32(Math.imul(words[i]!, 31) ^ words[i + 1]!), 31) ^ words[i + 2]!) | 0);
    else for (const text of texts) addGrams(text, all);
  }
  return { ...distinct(all), words: distinct(words).hashes, codes: distinct(codes).hashes };
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

function distinct(all: readonly number[]): { readonly hashes: Int32Array; readonly counts: Uint16Array } {
  const sorted = Int32Array.from(all).sort();
  const hashes = new Int32Array(sorted.length);
  const counts = new Uint16Array(sorted.length);
  let n = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (n > 0 && hashes[n - 1] === sorted[i]) {
      if (counts[n - 1]! < 0xffff) counts[n - 1]!++;
    } else {
      hashes[n] = sorted[i]!;
      counts[n++] = 1;
    }
  }
  return { hashes: hashes.slice(0, n), counts: counts.slice(0, n) };
}
