import { FormatError } from '../../core/errors.ts';
import type { Logical, LogicalName } from './types.ts';

/** Ticks a second of each logical type that counts them, and how many digits that is. */
const TICKS: Readonly<Partial<Record<LogicalName, number>>> = {
  'time-millis': 3,
  'time-micros': 6,
  'timestamp-millis': 3,
  'timestamp-micros': 6,
  'timestamp-nanos': 9,
  'local-timestamp-millis': 3,
  'local-timestamp-micros': 6,
  'local-timestamp-nanos': 9,
};
const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
/** 0000-01-01 and the end of 9999 in seconds: RFC 3339 has years of four digits. */
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;
const STAMP = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:\d\d)?$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/;
const INTEGER = /^-?\d{1,19}$/;
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/** Text of a count of days, or of ticks since midnight or the epoch (RFC 3339, all digits kept); the count itself where there is no such text. */
export function textOfCount(logical: Logical, count: number | bigint): string | number {
  const plain = typeof count === 'number' ? count : count.toString();
  if (logical.name === 'date') return typeof count === 'number' ? dateText(count) : plain;
  const digits = TICKS[logical.name] ?? 3;
  const [seconds, fraction] = split(count, digits);
  if (logical.name.startsWith('time-'))
    return seconds >= 0 && seconds < DAY_SECONDS ? clockText(seconds, fraction, digits) : plain;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return plain;
  const zone = logical.name.startsWith('local-') ? '' : 'Z';
  const day = Math.floor(seconds / DAY_SECONDS);
  return `${dayText(day)}T${clockText(seconds - day * DAY_SECONDS, fraction, digits)}${zone}`;
}

/** The count such a text stands for; a count is itself. Throws FormatError for a text that is none or has more digits than fit. */
export function countOfText(logical: Logical, value: unknown): number | bigint {
  if (typeof value === 'bigint' || Number.isInteger(value)) return value as number | bigint; // one of the two
  if (typeof value !== 'string') throw wrong(logical.name);
  if (INTEGER.test(value)) return BigInt(value);
  if (logical.name === 'date') {
    const ms = /^\d{4}-\d\d-\d\d$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN;
    if (Number.isNaN(ms) || dayText(ms / DAY_MS) !== value) throw wrong(logical.name);
    return ms / DAY_MS;
  }
  const digits = TICKS[logical.name] ?? 3;
  const [seconds, fraction] = logical.name.startsWith('time-') ? clockOf(value) : stampOf(value, logical);
  if (Number.isNaN(seconds)) throw wrong(logical.name);
  if (fraction.length > digits && /[1-9]/.test(fraction.slice(digits)))
    throw lossy(`${logical.name} has ${digits} digits`);
  const ticks = BigInt(seconds) * 10n ** BigInt(digits) + BigInt(fraction.padEnd(digits, '0').slice(0, digits));
  const number = Number(ticks);
  return Number.isSafeInteger(number) ? number : ticks;
}

/** Two's complement, big-endian, as decimal text with all of its `scale` digits. */
export function decimalText(bytes: Uint8Array, scale: number): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  if (bytes.length > 0 && (bytes[0] as number) > 127) value -= 1n << BigInt(bytes.length * 8); // it has a first byte
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${value < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`;
}

/** The opposite; `size` of a fixed, undefined: as few bytes as it takes. Throws FormatError when digits would be lost. */
export function decimalBytes(value: unknown, { precision, scale }: Logical, size?: number): Uint8Array {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  const match = typeof text === 'string' ? DECIMAL.exec(text) : null;
  if (match === null) throw wrong('decimal');
  const [, sign, whole = '', fraction = ''] = match;
  if (/[1-9]/.test(fraction.slice(scale))) throw lossy(`the decimal has a scale of ${scale}`);
  const digits = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  if (digits.toString().length > precision) throw lossy(`the decimal has a precision of ${precision}`);
  return twosComplement(sign === '-' ? -digits : digits, size);
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function uuidBytes(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) throw wrong('uuid');
  return Buffer.from(value.replaceAll('-', ''), 'hex');
}

function twosComplement(value: bigint, size?: number): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  if (size !== undefined && length > size) throw lossy(`the decimal has ${size} bytes`);
  let rest = BigInt.asUintN((size ?? length) * 8, value);
  const bytes = new Uint8Array(size ?? length);
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** Whole seconds, rounded down, and the ticks after them. */
function split(count: number | bigint, digits: number): readonly [number, number] {
  const perSecond = 10 ** digits;
  if (typeof count === 'number') {
    const rest = count % perSecond;
    const ticks = rest < 0 ? rest + perSecond : rest;
    return [(count - ticks) / perSecond, ticks];
  }
  const wide = BigInt(perSecond);
  const rest = ((count % wide) + wide) % wide;
  return [Number((count - rest) / wide), Number(rest)];
}

function dateText(days: number): string | number {
  return days * DAY_SECONDS < FIRST_SECOND || days * DAY_SECONDS > LAST_SECOND ? days : dayText(days);
}

let lastDay = Number.NaN;
let lastDayText = '';

/** Records that follow one another mostly lie on one day. */
function dayText(day: number): string {
  if (day === lastDay) return lastDayText;
  lastDay = day;
  lastDayText = new Date(day * DAY_MS).toISOString().slice(0, 10);
  return lastDayText;
}

const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);

function clockText(seconds: number, fraction: number, digits: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${two(hours)}:${two(minutes)}:${two(seconds % 60)}.${String(fraction).padStart(digits, '0')}`;
}

function clockOf(text: string): readonly [number, string] {
  const match = TIME.exec(text);
  if (match === null) return [Number.NaN, ''];
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const ok = hours < 24 && minutes < 60 && seconds < 60;
  return [ok ? hours * 3600 + minutes * 60 + seconds : Number.NaN, match[4] ?? ''];
}

function stampOf(text: string, { name }: Logical): readonly [number, string] {
  const match = STAMP.exec(text);
  if (match === null) return [Number.NaN, ''];
  const [, day, clock, fraction = '', zone] = match;
  if (name.startsWith('local-') !== (zone === undefined)) return [Number.NaN, ''];
  const local = Date.parse(`${day}T${clock}Z`);
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 10) !== day) return [Number.NaN, '']; // 30 February
  return [Date.parse(`${day}T${clock}${zone?.toUpperCase() ?? 'Z'}`) / 1000, fraction];
}

function wrong(name: string): FormatError {
  return new FormatError(`expected a ${name}`, { code: 'not-in-schema' });
}

function lossy(why: string): FormatError {
  return new FormatError(`digits would be lost: ${why}`, { code: 'lossy-number' });
}
