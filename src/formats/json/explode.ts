import { isAscii } from 'node:buffer';
import { FormatError } from '../../core/errors.ts';
import { asBuffer } from '../payload-text.ts';
import { broken, documentStart, isList, isObject, keyOf, type Span, skipSpace, valueEnd, walk } from './scan.ts';

type Elements = readonly (Uint8Array | string)[];

/** Most elements of one message: more would hold a commit open for minutes. */
export const MAX_ELEMENTS = 1_000_000;

/**
 * The elements of a list in a message, each with its exact bytes: `path` is a field, a dotted path or a JSON Pointer;
 * `''` is a top-level list or, where the message is none, the values of NDJSON in it. Elements are not parsed: a broken
 * one fails alone, later. Throws FormatError when there is no such list or its structure breaks.
 */
export function explodePayload(payload: Uint8Array | string, path: string): Elements {
  if (typeof payload === 'string') return slices(payload, path, (start, end) => payload.slice(start, end));
  const bytes = asBuffer(payload);
  const text = bytes.toString('latin1');
  if (isAscii(bytes)) return slices(text, path, (start, end) => text.slice(start, end));
  // every character of this text is a byte, so indexes are offsets; a name is searched in the same spelling
  return slices(text, Buffer.from(path).toString('latin1'), (start, end) => bytes.subarray(start, end));
}

type Slice = (start: number, end: number) => Uint8Array | string;

function slices(text: string, path: string, slice: Slice): Elements {
  const start = documentStart(text);
  if (path === '' && !isList(text, start)) return values(text, start, slice);
  const at = path === '' ? start : locate(text, start, path);
  if (!isList(text, at)) throw noList(path);
  const elements: (Uint8Array | string)[] = [];
  walk(text, at, (span) => add(elements, slice(span.valueStart, span.valueEnd)));
  const end = valueEnd(text, start);
  if (end < 0 || skipSpace(text, end) < text.length) throw broken(end < 0 ? text.length : end);
  return elements;
}

/** NDJSON: values one after another. */
function values(text: string, start: number, slice: Slice): Elements {
  const elements: (Uint8Array | string)[] = [];
  for (let at = start; at < text.length; ) {
    const end = valueEnd(text, at);
    if (end < 0) throw broken(at);
    add(elements, slice(at, end));
    at = skipSpace(text, end);
  }
  return elements;
}

function add(elements: (Uint8Array | string)[], element: Uint8Array | string): void {
  if (elements.length >= MAX_ELEMENTS)
    throw new FormatError(`more than ${MAX_ELEMENTS} elements in one message`, { code: 'undecodable' });
  elements.push(element);
}

function locate(text: string, start: number, path: string): number {
  const whole = path.startsWith('/') ? undefined : child(text, start, path);
  if (whole !== undefined) return whole;
  let at = start;
  for (const name of namesOf(path)) {
    const next = child(text, at, name);
    if (next === undefined) throw noList(path);
    at = next;
  }
  return at;
}

function namesOf(path: string): readonly string[] {
  if (path.startsWith('/'))
    return path
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (path.endsWith('[]') ? path.slice(0, -2) : path).split('.');
}

/** Where the value of the last member of this name begins; undefined when there is none. */
function child(text: string, at: number, name: string): number | undefined {
  if (!isObject(text, at)) return undefined;
  let found: number | undefined;
  walk(text, at, (span: Span) => {
    if (keyOf(text, span) === name) found = span.valueStart;
  });
  return found;
}

function noList(path: string): FormatError {
  const what = path === '' ? 'the message is no list' : 'the field named in `explode` is no list';
  return new FormatError(`nothing to explode: ${what}`, { code: 'not-a-list' });
}
