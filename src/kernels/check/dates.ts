const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Two digits at `at`, or a number of at least 100 when they are none. */
function two(text: string, at: number): number {
  const a = (text.charCodeAt(at) - 48) >>> 0;
  const b = (text.charCodeAt(at + 1) - 48) >>> 0;
  return a > 9 || b > 9 ? 100 : a * 10 + b;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** 1 to 28, 29, 30 or 31; 0 when there is no such month. */
export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (DAYS[month - 1] ?? 0);
}

/** `YYYY-MM-DD` of a real calendar, from `text[0]`. */
function startsWithDate(text: string): boolean {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false;
  const century = two(text, 0);
  const year = two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (century > 99 || year > 99 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  return day <= 28 || day <= daysInMonth(century * 100 + year, month);
}

/** RFC 3339 full-date. */
export function isDate(text: string): boolean {
  return text.length === 10 && startsWithDate(text);
}

/** End of the digits from `at`. */
function digits(text: string, at: number): number {
  let i = at;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) break;
  }
  return i;
}

/** In UTC, on a day that every month has: most of what feeds hold, in one compiled pass without backtracking. */
const COMMON = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,20})?Z$/;

/**
 * RFC 3339 date-time: `T` or `t` or a space, seconds, optional fraction, `Z` or an offset. Leap seconds (`:60`) pass
 * only at 23:59 UTC, as the RFC has it.
 *
 * Example: `isDateTime('2026-02-29T00:00:00Z')` is false.
 *
 * Source: RFC 3339, section 5.6.
 */
export function isDateTime(text: string): boolean {
  const length = text.length;
  if (length < 20 || length > 40) return false;
  if (COMMON.test(text)) return true;
  if (!startsWithDate(text)) return false;
  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 116 && separator !== 32) return false;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return false;
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  if (hour > 23 || minute > 59 || second > 60) return false;
  let at = 19;
  if (text.charCodeAt(at) === 46) {
    at = digits(text, 20);
    if (at === 20) return false;
  }
  const offset = offsetMinutes(text, at);
  if (Number.isNaN(offset)) return false;
  return second < 60 || (((hour * 60 + minute - offset) % 1440) + 1440) % 1440 === 1439;
}

/** Minutes east of UTC of `Z`, `+hh:mm` at the end of the text; NaN when it is neither. */
function offsetMinutes(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if (sign === 90 || sign === 122) return at + 1 === text.length ? 0 : Number.NaN;
  if ((sign !== 43 && sign !== 45) || at + 6 !== text.length || text.charCodeAt(at + 3) !== 58) return Number.NaN;
  const hours = two(text, at + 1);
  const minutes = two(text, at + 4);
  if (hours > 23 || minutes > 59) return Number.NaN;
  return sign === 43 ? hours * 60 + minutes : -(hours * 60 + minutes);
}

/** Days from 1970-01-01 of a proleptic Gregorian date. Source: Hinnant 2013, days_from_civil. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy - 719468;
}

/** Milliseconds since the epoch of a date (midnight UTC) or date-time; NaN for any other text. */
export function instantOf(text: string): number {
  const dateOnly = text.length === 10;
  if (dateOnly ? !startsWithDate(text) : !isDateTime(text)) return Number.NaN;
  const year = two(text, 0) * 100 + two(text, 2);
  const days = daysFromCivil(year, two(text, 5), two(text, 8));
  if (dateOnly) return days * 864e5;
  const fractionEnd = text.charCodeAt(19) === 46 ? digits(text, 20) : 19;
  const ms = fractionEnd > 19 ? Math.floor(Number(`0${text.slice(19, Math.min(fractionEnd, 23))}`) * 1000 + 1e-6) : 0;
  const seconds = (two(text, 11) * 60 + two(text, 14) - offsetMinutes(text, fractionEnd)) * 60 + two(text, 17);
  return days * 864e5 + seconds * 1000 + ms;
}

/** RFC 3339 in UTC, without a fraction when there is none. */
export function toUtcText(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
}
