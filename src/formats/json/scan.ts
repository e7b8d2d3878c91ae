import { FormatError } from '../../core/errors.ts';

/**
 * A scanner of JSON text that finds where values begin and end without building them. It counts brackets and skips
 * strings; whether what lies between is JSON is for JSON.parse to say. No recursion, so depth costs nothing.
 *
 * It works on text and equally on bytes read as latin1, where every index is a byte offset: all structure is ASCII.
 */
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const BOM = 0xfeff;

/** A member of an object, or an element of a list (then keyStart is valueStart and there is no key). */
export interface Span {
  keyStart: number;
  valueStart: number;
  valueEnd: number;
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at++;
  }
}

/** Where the outermost value begins: after a byte order mark and white space. */
export function documentStart(text: string): number {
  if (text.charCodeAt(0) === BOM) return skipSpace(text, 1);
  return skipSpace(text, text.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0);
}

export function isObject(text: string, at: number): boolean {
  return text.charCodeAt(at) === OPEN_OBJECT;
}

export function isList(text: string, at: number): boolean {
  return text.charCodeAt(at) === OPEN_LIST;
}

/** Index after the string whose opening quote is at `at`; -1 when it has no end. */
export function stringEnd(text: string, at: number): number {
  let end = at;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return -1;
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if (((end - before) & 1) === 1) return end + 1; // an even number of backslashes, or the opening quote itself
  }
}

/** Index after the value that begins at `at`; -1 when it has no end. */
export function valueEnd(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return stringEnd(text, at);
  if (first === OPEN_OBJECT || first === OPEN_LIST) return containerEnd(text, at);
  return scalarEnd(text, at);
}

function containerEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at) - 1;
      if (at < 0) return -1;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) depth++;
    else if ((code === CLOSE_OBJECT || code === CLOSE_LIST) && --depth === 0) return at + 1;
  }
  return -1;
}

function scalarEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === COMMA || code === CLOSE_OBJECT || code === CLOSE_LIST) break;
    at++;
  }
  return at === from ? -1 : at;
}

/**
 * Walks the members of the object, or the elements of the list, that begins at `at`. `visit` gets one span that is used
 * again for the next member. Gives the index of the closing bracket; throws FormatError where the structure breaks.
 */
export function walk(text: string, at: number, visit: (span: Span) => void): number {
  const inObject = isObject(text, at);
  const close = inObject ? CLOSE_OBJECT : CLOSE_LIST;
  const span: Span = { keyStart: 0, valueStart: 0, valueEnd: 0 };
  let next = skipSpace(text, at + 1);
  if (text.charCodeAt(next) === close) return next;
  for (;;) {
    span.keyStart = next;
    if (inObject) {
      const keyEnd = text.charCodeAt(next) === QUOTE ? stringEnd(text, next) : -1;
      const colon = keyEnd < 0 ? -1 : skipSpace(text, keyEnd);
      if (colon < 0 || text.charCodeAt(colon) !== COLON) throw broken(next);
      next = skipSpace(text, colon + 1);
    }
    span.valueStart = next;
    span.valueEnd = valueEnd(text, next);
    if (span.valueEnd < 0) throw broken(next);
    visit(span);
    next = skipSpace(text, span.valueEnd);
    const code = text.charCodeAt(next);
    if (code === close) return next;
    if (code !== COMMA) throw broken(next);
    next = skipSpace(text, next + 1);
  }
}

/** The key of a member, escapes resolved. */
export function keyOf(text: string, span: Span): string {
  const end = stringEnd(text, span.keyStart);
  const raw = text.slice(span.keyStart + 1, end - 1);
  return raw.includes('\\') ? String(JSON.parse(text.slice(span.keyStart, end))) : raw;
}

export function broken(at: number): FormatError {
  return new FormatError(`not JSON, from character ${at} on`, { code: 'undecodable' });
}
