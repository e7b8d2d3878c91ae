import { parseInstant } from '../../core/time.ts';

/** Digits of a number as text; spaces, separators and words like NaN are none. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const MAX_NUMBER_CHARS = 64;

/** A finite number, or a text that is one (csv cells); undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.length > MAX_NUMBER_CHARS || !NUMBER.test(value)) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Milliseconds since the epoch of an instant as text or number; undefined when it is none. */
export function instantOf(value: unknown): number | undefined {
  const at = typeof value === 'number' ? value : typeof value === 'string' ? parseInstant(value) : Number.NaN;
  return Number.isFinite(at) ? at : undefined;
}
