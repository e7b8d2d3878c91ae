import { FormatError } from '../../core/errors.ts';
import { quoted } from '../../core/json-text.ts';

/** Deepest value written; input is bounded below this. */
const MAX_DEPTH = 1000;

/** Above it an integer is no small one any more, and costs as much to write as a double. */
const MAX_SCALED = 1e11;

/**
 * JSON of a value of ours. Unlike JSON.stringify it says nothing other than the value: a number that JSON or a double
 * cannot hold is FormatError `lossy-number` instead of null, -0 stays -0, a bigint keeps its digits, bytes are base64.
 */
export function writeJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return isPlain(value, 0) ? JSON.stringify(value) : writeContainer(value, 0);
    default:
      return writeOther(value);
  }
}

function writeNumber(value: number): string {
  if (!isHeld(value))
    throw new FormatError('a number that JSON cannot hold exactly: keep it as text', { code: 'lossy-number' });
  return Object.is(value, -0) ? '-0' : (hundredths(value) ?? String(value));
}

const THREE_DIGITS = Array.from({ length: 1000 }, (_, i) => String(i));
const PADDED = THREE_DIGITS.map((text) => text.padStart(3, '0'));
const DECIMALS = Array.from({ length: 100 }, (_, i) => String(i / 100).slice(1));

/**
 * Numbers of at most two decimals, put together of texts that are there: finding the shortest text of a double costs ten
 * times as much. A decimal of at most 15 digits is the shortest text of the double next to it, and of no other one.
 */
function hundredths(value: number): string | undefined {
  const scaled = Math.round(value * 100);
  if (!(scaled > 0 && scaled < MAX_SCALED && scaled / 100 === value)) return undefined;
  const whole = Math.floor(scaled / 100);
  const decimals = DECIMALS[scaled - whole * 100]!;
  if (whole < 1000) return THREE_DIGITS[whole]! + decimals;
  if (whole >= 1_000_000) return `${whole}${decimals}`;
  const thousands = Math.floor(whole / 1000);
  return THREE_DIGITS[thousands]! + PADDED[whole - thousands * 1000]! + decimals;
}

/** An integer beyond 2^53 came from text with more digits than a double has, or will be read as one. */
function isHeld(value: number): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));
}

function writeOther(value: unknown): string {
  return typeof value === 'bigint' ? value.toString() : 'null';
}

/** True when JSON.stringify says exactly what the value is. */
function isPlain(value: object, depth: number): boolean {
  if (depth > MAX_DEPTH) throw new FormatError('nested too deep to be written', { code: 'unencodable' });
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlainValue(item, depth)) return false;
    return true;
  }
  if (ArrayBuffer.isView(value)) return false;
  for (const key in value) if (!isPlainValue((value as Readonly<Record<string, unknown>>)[key], depth)) return false; // own or inherited, both only read
  return true;
}

function isPlainValue(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return isHeld(value) && !Object.is(value, -0);
  if (typeof value === 'object') return value === null || isPlain(value, depth + 1);
  return typeof value !== 'bigint';
}

function writeContainer(value: object, depth: number): string {
  const write = (item: unknown): string =>
    typeof item === 'object' && item !== null && !isPlain(item, depth)
      ? writeContainer(item, depth + 1)
      : writeJson(item);
  if (Array.isArray(value)) return `[${Array.from(value, write).join()}]`;
  if (ArrayBuffer.isView(value))
    return JSON.stringify(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
  const members: string[] = [];
  for (const [key, item] of Object.entries(value))
    if (item !== undefined && typeof item !== 'function') members.push(`${JSON.stringify(key)}:${write(item)}`);
  return `{${members.join()}}`;
}
