import { isAscii, isUtf8 } from 'node:buffer';
import type { Codec } from '../core/codec.ts';
import { FormatError } from '../core/errors.ts';
import type { DataRecord, Patch } from '../core/record.ts';
import { checkJsonLimits } from './json-limits.ts';
import { elementSpans, memberSpan, spliceJson, valueSpan } from './json-splice.ts';

/** A record is a JSON object; anything else cannot have fields and goes to quarantine. */
export const jsonCodec: Codec = { name: 'json', decode, encode, explode };

function decode(payload: Uint8Array | string): unknown {
  const text = textOf(payload);
  checkJsonLimits(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(reason(text), { code: 'undecodable', cause });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new FormatError(`a JSON ${kindOf(value)} where an object was expected`, { code: 'not-an-object' });
  }
  return value;
}

/** Bytes as text. Throws FormatError when they are not UTF-8. */
export function textOf(payload: Uint8Array | string): string {
  if (typeof payload === 'string') return payload;
  const buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (isAscii(buffer)) return buffer.toString('latin1');
  if (!isUtf8(buffer)) throw new FormatError('the bytes are not UTF-8', { code: 'undecodable' });
  return buffer.toString('utf8');
}

/** Why, without a word of the content. */
function reason(text: string): string {
  if (text.trim() === '') return 'the value is empty';
  if (text.charCodeAt(0) === 0xfeff) return 'the value begins with a byte order mark';
  return `not valid JSON (${text.length} characters)`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

function encode(record: DataRecord): Uint8Array | string | null {
  const { payload, patches } = record;
  if (payload === null) return null;
  if (payload === undefined || record.codec !== jsonCodec) return stringify(record.data);
  if (patches === undefined) return payload;
  for (const patch of patches) checkPatch(patch.value);
  const text = textOf(payload);
  return isLossless(text, record.data) ? stringify(record.data) : spliceJson(text, patches as Patch[]); // checked above
}

function stringify(data: unknown): string {
  const text = JSON.stringify(data, undefined, 0);
  if (text === undefined) throw new FormatError('the value has no JSON form', { code: 'undecodable' });
  return text;
}

/** JSON has no NaN and no infinity, and would write null for them in silence. */
function checkPatch(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new FormatError(`${value} cannot be written as a JSON number`, { code: 'lossy-number' });
  }
}

/** A number token that re-encoding may change: minus zero, an exponent, many digits. A look-alike inside a string does no harm. */
const RISKY_NUMBER = /[:,[]\s*(?:-0|-?[\d.]*[eE]|-?[\d.]{16})/;

/**
 * True when re-encoding the decoded value keeps every number of the text. The cheap tests come first: digits in a row, and
 * a zero or an infinity among the values, which is what `-0`, `1e-400` and `1e400` turn into.
 */
function isLossless(text: string, data: unknown): boolean {
  return (!hasLongDigits(text) && !hasSuspect(data)) || !RISKY_NUMBER.test(text);
}

/**
 * Sixteen digits or points in a row: a number that may need more than a double holds, or a harmless text of digits. Such a
 * run covers an index that is a multiple of sixteen, so only those are looked at.
 */
function hasLongDigits(text: string): boolean {
  for (let i = 15; i < text.length; i += 16) {
    if (!isDigitOrPoint(text.charCodeAt(i))) continue;
    let from = i;
    while (from > 0 && isDigitOrPoint(text.charCodeAt(from - 1))) from--;
    let to = i + 1;
    while (to < text.length && isDigitOrPoint(text.charCodeAt(to))) to++;
    if (to - from >= 16) return true;
  }
  return false;
}

function isDigitOrPoint(c: number): boolean {
  return (c >= 48 && c <= 57) || c === 46;
}

function hasSuspect(node: unknown): boolean {
  if (typeof node === 'number') return node === 0 || !Number.isFinite(node);
  if (node === null || typeof node !== 'object') return false;
  for (const key in node) if (hasSuspect((node as Record<string, unknown>)[key])) return true; // own keys of parsed JSON
  return false;
}

function explode(payload: Uint8Array | string, path: string): readonly string[] {
  const text = textOf(payload);
  checkJsonLimits(text);
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (cause) {
    if (path === '') return lines(text);
    throw new FormatError(reason(text), { code: 'undecodable', cause });
  }
  if (path === '' && !Array.isArray(whole)) return lines(text);
  let span: { start: number; end: number } | undefined = valueSpan(text, 0);
  if (path !== '') {
    span = memberSpan(text, span, path);
    if (span === undefined) {
      span = valueSpan(text, 0);
      for (const key of path.split('.')) span = span === undefined ? undefined : memberSpan(text, span, key);
    }
  }
  if (span === undefined || text[span.start] !== '[') {
    throw new FormatError(`the message has no list at ${path}`, { code: 'explode-failed' });
  }
  return elementSpans(text, span.start, span.end).map(({ start, end }) => text.slice(start, end));
}

/** NDJSON in one message. */
function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '');
}
