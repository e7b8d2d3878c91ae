import { daysFromCivil, daysInMonth } from '../check/dates.ts';
import { localToUtc } from './time-zone.ts';

/** What a pattern has read; month and day from 1. */
interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  milli: number;
  /** 1 for p.m., 0 for a.m., -1 when the text does not say. */
  half: number;
  /** Minutes east of UTC, NaN when the text does not say. */
  offset: number;
}

type Reader = (text: string, at: number, into: Fields) => number;

export interface DatePatternOptions {
  /** IANA zone of texts that name no offset; default UTC. */
  readonly zone?: string;
  /** Two-digit years below it are 20yy, the others 19yy. */
  readonly pivot: number;
}

export interface DatePattern {
  readonly text: string;
  readonly hasTime: boolean;
  /** Milliseconds since the epoch; NaN when the text does not fit. */
  parse(text: string): number;
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const WEEKDAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ');

/**
 * A reader of dates by a Unicode pattern (`dd.MM.yyyy HH:mm`).
 *
 * Letters: y M d E (English names) H h K k is not read, m s S a, X and x (offset), Z (offset), `'literal'`; all other
 * characters stand for themselves, a blank for any run of blanks. Numbers may have fewer digits than letters where
 * something else than a number follows. The whole text must fit and the date must exist.
 * Errors: throws a sentence for a pattern it cannot read.
 *
 * Example: `datePattern('MMM dd yyyy', { pivot: 70 }).parse('Jun 12 1998')` is `Date.UTC(1998, 5, 12)`.
 *
 * Source: Unicode Technical Standard 35, part 4, Date Field Symbol Table.
 */
export function datePattern(pattern: string, options: DatePatternOptions): DatePattern {
  const tokens = pattern.match(/'(?:[^']|'')*'|([A-Za-z])\1*|\s+|[^A-Za-z']/g) ?? [];
  if (pattern === '' || tokens.join('') !== pattern)
    throw new Error(`'${pattern}' is no date pattern; close the quote`);
  const numeric = tokens.map((token) => /^(?:y+|M{1,2}|d+|H+|h+|m+|s+|S+)$/.test(token));
  const readers = tokens.map((token, i) =>
    reader(token, { adjacent: numeric[i + 1] === true, pivot: options.pivot, pattern }),
  );
  const has = (letter: RegExp) => tokens.some((token) => letter.test(token));
  if (!has(/^y/) || !has(/^M/) || !has(/^d/))
    throw new Error(`'${pattern}' lacks a year (yyyy), a month (MM or MMM) or a day (dd); write it like dd.MM.yyyy`);
  const hasTime = has(/^[Hh]/);
  const parse = (text: string): number => {
    const f: Fields = {
      year: 0,
      month: 0,
      day: 0,
      hour: 0,
      minute: 0,
      second: 0,
      milli: 0,
      half: -1,
      offset: Number.NaN,
    };
    let at = 0;
    for (const read of readers) {
      at = read(text, at, f);
      if (at < 0) return Number.NaN;
    }
    return at === text.length ? instant(f, options.zone) : Number.NaN;
  };
  return { text: pattern, hasTime, parse };
}

function instant(f: Fields, zone: string | undefined): number {
  if (f.month < 1 || f.month > 12 || f.day < 1 || f.day > daysInMonth(f.year, f.month)) return Number.NaN;
  let hour = f.hour;
  if (f.half >= 0) {
    if (hour < 1 || hour > 12) return Number.NaN;
    hour = (hour % 12) + 12 * f.half;
  }
  if (hour > 23 || f.minute > 59 || f.second > 59) return Number.NaN;
  const local =
    daysFromCivil(f.year, f.month, f.day) * 864e5 + ((hour * 60 + f.minute) * 60 + f.second) * 1e3 + f.milli;
  if (!Number.isNaN(f.offset)) return local - f.offset * 6e4;
  return zone === undefined ? local : localToUtc(local, zone);
}

interface TokenContext {
  readonly adjacent: boolean;
  readonly pivot: number;
  readonly pattern: string;
}

function reader(token: string, { adjacent, pivot, pattern }: TokenContext): Reader {
  const length = token.length;
  const number = (max: number, put: (f: Fields, value: number) => void): Reader =>
    digits(adjacent ? length : 1, adjacent ? length : max, put);
  switch (token[0]) {
    case 'y':
      if (length === 2)
        return digits(2, 2, (f, v) => {
          f.year = v < pivot ? 2000 + v : 1900 + v;
        });
      return digits(4, 4, (f, v) => {
        f.year = v;
      });
    case 'M':
      if (length >= 3)
        return name(MONTHS, (f, v) => {
          f.month = v;
        });
      return number(2, (f, v) => {
        f.month = v;
      });
    case 'd':
      return number(2, (f, v) => {
        f.day = v;
      });
    case 'E':
      return name(WEEKDAYS, () => {});
    case 'H':
    case 'h':
      return number(2, (f, v) => {
        f.hour = v;
      });
    case 'm':
      return number(2, (f, v) => {
        f.minute = v;
      });
    case 's':
      return number(2, (f, v) => {
        f.second = v;
      });
    case 'S':
      return fraction;
    case 'a':
      return halfDay;
    case 'X':
    case 'x':
    case 'Z':
      return offset;
    default:
      if (/[A-Za-z]/.test(token[0]!))
        throw new Error(`'${pattern}': '${token}' is not read; use y M d E H h m s S a X, and 'quotes' around words`);
      return /^\s/.test(token)
        ? blanks
        : literal(token === "''" ? "'" : token.replace(/^'|'$/g, '').replaceAll("''", "'"));
  }
}

function digits(min: number, max: number, put: (f: Fields, value: number) => void): Reader {
  return (text, at, f) => {
    let value = 0;
    let i = at;
    for (; i < at + max; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (i - at < min) return -1;
    put(f, value);
    return i;
  };
}

/** An English name or its first three letters, optionally with a point. */
function name(names: readonly string[], put: (f: Fields, value: number) => void): Reader {
  return (text, at, f) => {
    const prefix = text.slice(at, at + 3).toLowerCase();
    const index = prefix.length < 3 ? -1 : names.findIndex((full) => full.startsWith(prefix));
    if (index < 0) return -1;
    put(f, index + 1);
    const full = names[index]!;
    if (text.slice(at, at + full.length).toLowerCase() === full) return at + full.length;
    if (index === 8 && full === 'september' && text.slice(at, at + 4).toLowerCase() === 'sept') return at + 4;
    return text[at + 3] === '.' ? at + 4 : at + 3;
  };
}

const fraction: Reader = (text, at, f) => {
  const match = /^\d{1,9}/.exec(text.slice(at, at + 9));
  if (match === null) return -1;
  f.milli = Math.floor(Number(`0.${match[0]}`) * 1000 + 1e-6);
  return at + match[0].length;
};

const halfDay: Reader = (text, at, f) => {
  const match = /^([ap])\.?\s?m\b\.?/i.exec(text.slice(at, at + 5));
  if (match === null) return -1;
  f.half = match[1]!.toLowerCase() === 'p' ? 1 : 0;
  return at + match[0].length;
};

const offset: Reader = (text, at, f) => {
  const match = /^(?:Z|(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})?)/i.exec(text.slice(at, at + 9));
  if (match === null) return -1;
  const minutes = match[1] === undefined ? 0 : Number(match[2]) * 60 + Number(match[3] ?? 0);
  if (minutes > 18 * 60) return -1;
  f.offset = match[1] === '-' ? -minutes : minutes;
  return at + match[0].length;
};

const blanks: Reader = (text, at) => {
  let i = at;
  while (/\s/.test(text[i] ?? '')) i++;
  return i > at ? i : -1;
};

function literal(expected: string): Reader {
  return (text, at) => (text.startsWith(expected, at) ? at + expected.length : -1);
}
