import { MAX_OBSERVED_BYTES } from '../../core/finding.ts';

/** A text of this many UTF-16 units has at most MAX_OBSERVED_BYTES bytes in UTF-8, quotes included. */
const MAX_UNITS = Math.floor((MAX_OBSERVED_BYTES - 8) / 3);
const MAX_ENTRIES = 8;

/**
 * What a finding shows of a value: itself when it is small, else its beginning or its size.
 *
 * Example: `boundedObserved([1, 2])` is `[1, 2]`, of a list of 1,000 elements `list of 1000`.
 */
export function boundedObserved(value: unknown): unknown {
  if (typeof value === 'string') return shorten(value);
  if (typeof value !== 'object' || value === null) return value;
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  const named = Array.isArray(value) ? `list of ${size}` : `map of ${size}`;
  if (size > MAX_ENTRIES) return named;
  for (const item of Object.values(value))
    if ((typeof item === 'object' && item !== null) || (typeof item === 'string' && item.length > MAX_UNITS / 8))
      return named;
  return JSON.stringify(value).length <= MAX_UNITS ? value : named;
}

function shorten(text: string): string {
  if (text.length <= MAX_UNITS) return text;
  const end = text.charCodeAt(MAX_UNITS - 1) >>> 10 === 0x36 ? MAX_UNITS - 1 : MAX_UNITS; // never half a pair
  return `${text.slice(0, end)}…`;
}
