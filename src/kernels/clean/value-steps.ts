import { instantOf, isDate, isDateTime, toUtcText } from '../check/dates.ts';
import { type DatePattern, type DatePatternOptions, datePattern } from './date-pattern.ts';
import { type NumberFormat, parseNumber } from './number-text.ts';
import { type Apply, Refusal } from './step.ts';

/** Distinct texts whose reading is remembered, a step. */
const MAX_CACHED = 4096;
const MAX_DATE_CHARS = 100;

export const toText: Apply = (value) => {
  // the text in the record may have had more digits than the number has
  if (typeof value === 'number' && (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)) return LOSSY;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : NOT_TEXT;
};
const NOT_TEXT = new Refusal('unparsed', 'a text, a number or a boolean');
const NOT_NUMBER = new Refusal('unparsed', 'a number');
const NOT_INTEGER = new Refusal('unparsed', 'a whole number');
const NOT_BOOLEAN = new Refusal('unparsed', 'a boolean');
const NOT_DATE = new Refusal('unparsed', 'a date');
const NOT_TIME = new Refusal('unparsed', 'a time of day');
const NOT_DURATION = new Refusal('unparsed', 'a duration');
const LOSSY = new Refusal('lossy-number', 'a number that JavaScript can hold');

export function toNumber(format: NumberFormat): Apply {
  return (value) => {
    if (typeof value === 'number') return value;
    return typeof value === 'string' ? parseNumber(value, format) : NOT_NUMBER;
  };
}

export function toInteger(format: NumberFormat): Apply {
  const read = toNumber(format);
  return (value) => {
    const number = read(value, undefined);
    if (number instanceof Refusal) return number;
    if (!Number.isInteger(number)) return NOT_INTEGER;
    return typeof value === 'string' && !Number.isSafeInteger(number) ? LOSSY : number;
  };
}

export function toBoolean(yes: readonly string[], no: readonly string[]): Apply {
  const known = new Map<string, boolean>();
  for (const word of yes) known.set(word.toLowerCase(), true);
  for (const word of no) known.set(word.toLowerCase(), false);
  return (value) => {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string' && typeof value !== 'number') return NOT_BOOLEAN;
    return known.get(String(value).trim().toLowerCase()) ?? NOT_BOOLEAN;
  };
}

/** Values that mean "unknown" become null. Texts are compared without regard to case and blanks around. */
export function nulls(markers: readonly unknown[]): Apply {
  const texts = new Set(markers.filter((m) => typeof m === 'string').map((m) => m.trim().toLowerCase()));
  const longest = Math.max(0, ...[...texts].map((t) => t.length));
  const others = new Set(markers.filter((m) => typeof m !== 'string'));
  return (value) => {
    if (typeof value !== 'string') return others.has(value) ? null : value;
    if (value.length > longest + 64) return value;
    return texts.has(value.trim().toLowerCase()) ? null : value;
  };
}

/** Rounds half away from zero on the shortest decimal text, so that 1.005 to two digits is 1.01. */
export function rounding(digits: number): Apply {
  const power = 10 ** Math.abs(digits);
  return (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return value;
    const near = digits < 0 ? value / power : value * power;
    const whole = Math.round(near);
    if (Math.abs(near) < 1e9 && Math.abs(Math.abs(near - whole) - 0.5) > 1e-6)
      return whole === 0 ? 0 : digits < 0 ? whole * power : whole / power;
    const scaled = Number(shift(Math.abs(value), digits));
    if (!Number.isFinite(scaled) || scaled > Number.MAX_SAFE_INTEGER) return value;
    const rounded = Number(shift(Math.round(scaled), -digits));
    return value < 0 && rounded !== 0 ? -rounded : rounded;
  };
}

function shift(value: number, by: number): string {
  const [digits = '0', exponent = '0'] = String(value).split('e');
  return `${digits}e${Number(exponent) + by}`;
}

export function clamping(low: number, high: number): Apply {
  return (value) => (typeof value !== 'number' ? value : Math.max(low, Math.min(value, high)));
}

/** `value * factor + offset`, to 12 significant digits so that no float noise is left. */
export function converting(factor: number, offset: number): Apply {
  return (value) => {
    if (typeof value !== 'number') return NOT_NUMBER;
    const result = Number((value * factor + offset).toPrecision(12));
    return Number.isFinite(result) ? result : LOSSY;
  };
}

/** Dates by the first pattern that fits, as `YYYY-MM-DD`, or with a time RFC 3339 in UTC; ISO texts are read as they are. */
export function parseDate(patterns: readonly string[], options: DatePatternOptions): Apply {
  const readers = patterns.map((pattern) => datePattern(pattern, options));
  return remembering((text) => readDate(text.trim(), readers));
}

function readDate(text: string, readers: readonly DatePattern[]): string | Refusal {
  if (text.length > MAX_DATE_CHARS) return NOT_DATE;
  for (const pattern of readers) {
    const ms = pattern.parse(text);
    if (Number.isNaN(ms) || Math.abs(ms) > 8.64e15) continue;
    const full = toUtcText(ms);
    return pattern.hasTime ? full : full.slice(0, 10);
  }
  if (isDate(text)) return text;
  return isDateTime(text) ? isoText(text) : NOT_DATE;
}

/** RFC 3339 in UTC; a text in UTC, or with more than milliseconds, stays as it is. */
function isoText(text: string): string {
  return text.endsWith('Z') || /\.\d{4}/.test(text) ? text : toUtcText(instantOf(text));
}

const TIME = /^(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?:\s*([ap])\.?\s?m\.?)?$/i;

/** `7:10 p.m.` is `19:10:00`. */
export function parseTime(): Apply {
  return remembering((text) => {
    const match = text.length > 32 ? null : TIME.exec(text.trim());
    if (match === null) return NOT_TIME;
    let hour = Number(match[1]);
    if (match[4] !== undefined) {
      if (hour < 1 || hour > 12) return NOT_TIME;
      hour = (hour % 12) + (match[4].toLowerCase() === 'p' ? 12 : 0);
    }
    const minute = Number(match[2]);
    const second = Number(match[3] ?? 0);
    if (hour > 23 || minute > 59 || second > 59) return NOT_TIME;
    return [hour, minute, second].map((part) => String(part).padStart(2, '0')).join(':');
  });
}

export const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1e3,
  m: 6e4,
  min: 6e4,
  h: 36e5,
  d: 864e5,
  w: 6048e5,
};
const DURATION_WORDS: Readonly<Record<string, string>> = {
  msec: 'ms',
  millisecond: 'ms',
  sec: 's',
  second: 's',
  mins: 'm',
  minute: 'm',
  hr: 'h',
  hour: 'h',
  day: 'd',
  week: 'w',
};
const ISO_DURATION =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;
const CLOCK_DURATION = /^(\d{1,5}):([0-5]\d)(?::([0-5]\d(?:\.\d{1,3})?))?$/;

/** `1h 30m`, `90 min`, `PT1H30M`, `1:30:00` as a number of `unit`; numbers stay as they are. */
export function parseDurationText(unit: string): Apply {
  const size = DURATION_UNITS[unit] ?? 1e3;
  return (value) => {
    if (typeof value === 'number') return value;
    if (typeof value !== 'string' || value.length > 64) return NOT_DURATION;
    const ms = durationMs(value.trim());
    return ms === undefined ? NOT_DURATION : Number((ms / size).toPrecision(12));
  };
}

function durationMs(text: string): number | undefined {
  const iso = ISO_DURATION.exec(text);
  if (iso !== null && text.length > 2 && !/T$/i.test(text)) {
    const [, w = 0, d = 0, h = 0, m = 0, s = 0] = iso;
    return Number(w) * 6048e5 + Number(d) * 864e5 + Number(h) * 36e5 + Number(m) * 6e4 + Number(s) * 1e3;
  }
  const clock = CLOCK_DURATION.exec(text);
  if (clock !== null) return Number(clock[1]) * 36e5 + Number(clock[2]) * 6e4 + Number(clock[3] ?? 0) * 1e3;
  let ms = 0;
  let at = 0;
  for (const match of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zA-Z]+)[\s,]*/g)) {
    if (match.index !== at) return undefined;
    const word = match[2]!.toLowerCase();
    const singular = word.length > 2 ? word.replace(/s$/, '') : word;
    const name = Object.hasOwn(DURATION_WORDS, singular)
      ? DURATION_WORDS[singular]!
      : Object.hasOwn(DURATION_UNITS, singular)
        ? singular
        : '';
    const size = DURATION_UNITS[name];
    if (size === undefined) return undefined;
    ms += Number(match[1]) * size;
    at += match[0].length;
  }
  return at > 0 && at === text.length ? ms : undefined;
}

/** Text steps whose reading is worth remembering; anything but text is refused. */
function remembering(read: (text: string) => string | Refusal): Apply {
  const cache = new Map<string, string | Refusal>();
  return (value) => {
    if (typeof value !== 'string') return NOT_DATE;
    const known = cache.get(value);
    if (known !== undefined) return known;
    const result = read(value);
    if (value.length > MAX_DATE_CHARS) return result;
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(value, result);
    return result;
  };
}
