import { isVolatileText } from './bypass.ts';

/** Lists and objects nested deeper are not told apart: the call is bypassed. */
const MAX_DEPTH = 32;
/** Decimal digits a double keeps through text and back. */
const EXACT_DIGITS = 15;

/** A part that cannot be told apart from another by its text. */
export class Unkeyable extends Error {}

export interface ContextTextOptions {
  /** Numbers came from JSON text: one with more digits than a double holds may stand for several. */
  readonly decodedNumbers: boolean;
}

/**
 * Text of one part of a composite key: two parts have one text only when they are the same value of the same type
 * (absent, null, 1, "1", 1n and a date all differ). Texts hold no line break, so lines of parts cannot be forged.
 *
 * Errors: Unkeyable for functions, symbols, objects of other classes, deep nesting, and for numbers that a decoder
 * may have rounded. Cost: linear in the size of the value.
 *
 * @example contextText({ b: 1, a: ['x'] }) gives `{"a":["x"],"b":1}`
 */
export function contextText(part: unknown, options: ContextTextOptions, depth = 0): string {
  switch (typeof part) {
    case 'undefined':
      return '';
    case 'string':
      return JSON.stringify(part);
    case 'boolean':
      return part ? 'true' : 'false';
    case 'number':
      if (options.decodedNumbers && mayBeRounded(part)) throw new Unkeyable();
      return Object.is(part, -0) ? '-0' : String(part);
    case 'bigint':
      return `${part}n`;
    case 'object':
      return part === null ? 'null' : objectText(part, options, depth + 1);
    default:
      throw new Unkeyable();
  }
}

function objectText(part: object, options: ContextTextOptions, depth: number): string {
  if (depth > MAX_DEPTH) throw new Unkeyable();
  if (Array.isArray(part)) return `[${part.map((item) => contextText(item ?? null, options, depth)).join(',')}]`;
  if (part instanceof Date) return `date:${part.getTime()}`;
  if (part instanceof Uint8Array)
    return `bytes:${Buffer.from(part.buffer, part.byteOffset, part.length).toString('hex')}`;
  const prototype = Object.getPrototypeOf(part);
  if (prototype !== Object.prototype && prototype !== null) throw new Unkeyable();
  const entries: string[] = [];
  for (const name of Object.keys(part).sort()) {
    const value: unknown = Reflect.get(part, name);
    if (value !== undefined) entries.push(`${JSON.stringify(name)}:${contextText(value, options, depth)}`);
  }
  return `{${entries.join(',')}}`;
}

function mayBeRounded(value: number): boolean {
  if (Number.isSafeInteger(value)) return false;
  const digits = String(value).replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '');
  return !Number.isFinite(value) || digits.length > EXACT_DIGITS || Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

/** True when a text among bound parameters may be read as the current time (`'now'` bound to a timestamp). */
export function hasVolatileText(part: unknown, depth = 0): boolean {
  if (typeof part === 'string') return isVolatileText(part);
  if (part === null || typeof part !== 'object' || depth > MAX_DEPTH) return false;
  return Object.values(part).some((item) => hasVolatileText(item, depth + 1));
}
