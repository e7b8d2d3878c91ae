import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { hash128 } from '../hash/key-hasher.ts';

/** Longest text kept for a category, in UTF-16 units. */
const MAX_CHARS = 128;
const KEPT_CHARS = 100;

/**
 * A value as the text of a category: texts as they are, everything else as JSON, so that 1 and "1" are one category.
 * A long text is cut and ends in a hash of the whole, so that state stays bounded and different texts stay different.
 */
export function categoryOf(value: unknown): string {
  const text = typeof value === 'string' ? value : typeof value === 'object' ? jsonOf(value) : String(value);
  if (text.length <= MAX_CHARS) return text;
  return `${text.slice(0, KEPT_CHARS)}…${hash128(text)}`;
}

function jsonOf(value: unknown): string {
  try {
    return canonicalJson(value);
  } catch {
    return '[unreadable]'; // a number or text that canonical JSON refuses: one category for all of them
  }
}
