import { FormatError } from '../../core/errors.ts';
import { payloadText } from '../payload-text.ts';
import { documentStart, isObject, stringEnd } from './scan.ts';

export interface JsonLimits {
  /** Largest value, in bytes. */
  readonly maxBytes: number;
  /** Deepest nesting of objects and lists: kernels may recurse over a value without fear. */
  readonly maxDepth: number;
  /** Most keys in one value, all levels together. */
  readonly maxKeys: number;
}

export const DEFAULT_JSON_LIMITS: JsonLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: 256, maxKeys: 250_000 };

const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Fewest characters a key costs: `"":1`. */
const CHARS_PER_KEY = 4;

/**
 * The object in a payload. Throws FormatError `undecodable` for what is not JSON or beyond a limit, and `not-an-object`
 * for JSON without fields: no rule would apply to it, so it would pass every check unseen. Messages hold no content.
 */
export function decodeJson(payload: Uint8Array | string, limits: JsonLimits = DEFAULT_JSON_LIMITS): unknown {
  if (payload.length > limits.maxBytes)
    throw new FormatError(`larger than ${limits.maxBytes} bytes: ${payload.length}`, { code: 'undecodable' });
  const text = payloadText(payload);
  if (text.length > limits.maxDepth * 2) checkDepth(text, limits.maxDepth);
  if (text.length > limits.maxKeys * CHARS_PER_KEY) checkKeys(text, limits.maxKeys);
  if (text.charCodeAt(0) === OPEN_OBJECT && !endsObject(text))
    throw new FormatError(`not JSON: it begins as an object and does not end as one, after ${text.length} characters`, {
      code: 'undecodable',
    });
  const value = parse(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new FormatError(`expected a JSON object, found ${kindOf(value)}`, { code: 'not-an-object' });
  return value;
}

/** A value that was cut off is told by its last character: a failed JSON.parse costs as much as four that succeed. */
function endsObject(text: string): boolean {
  let last = text.length - 1;
  for (let code = text.charCodeAt(last); code === 32 || code === 10 || code === 13 || code === 9; )
    code = text.charCodeAt(--last);
  return text.charCodeAt(last) === CLOSE_OBJECT;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    // the cause would quote the content
    throw new FormatError(`not JSON: ${reason(text, error)}`, { code: 'undecodable' });
  }
}

/** Words without content: where parsing stopped, when the parser says so. */
function reason(text: string, error: unknown): string {
  const start = documentStart(text);
  if (start >= text.length) return 'empty';
  const words = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(words.slice(-60))?.[1];
  if (position !== undefined) return `unexpected character at ${position} of ${text.length}`;
  if (words.startsWith('Unexpected end')) return `it ends after ${text.length} characters, too early`;
  return isObject(text, start) ? `unexpected character in ${text.length} characters` : 'it begins like no JSON value';
}

/** Brackets are counted first, which is cheap; only where there are many of them are strings told apart. */
function checkDepth(text: string, maxDepth: number): void {
  if (atMost(text, '{', maxDepth) + atMost(text, '[', maxDepth) <= maxDepth) return;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      const end = stringEnd(text, at);
      if (end < 0) return; // JSON.parse will say so
      at = end - 1;
    } else if (code === 123 || code === 91) {
      if (++depth > maxDepth) throw new FormatError(`nested deeper than ${maxDepth} levels`, { code: 'undecodable' });
    } else if (code === 125 || code === 93) depth--;
  }
}

function checkKeys(text: string, maxKeys: number): void {
  if (atMost(text, ':', maxKeys) <= maxKeys) return;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      const end = stringEnd(text, at);
      if (end < 0) return;
      at = end - 1;
    } else if (code === 58 && ++keys > maxKeys)
      throw new FormatError(`more than ${maxKeys} keys in one value`, { code: 'undecodable' });
  }
}

/** How often `mark` occurs, counted up to `limit` + 1. */
function atMost(text: string, mark: string, limit: number): number {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0 && count <= limit; at = text.indexOf(mark, at + 1)) count++;
  return count;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list: name it in `explode` to read its elements' : `a ${typeof value}`;
}
