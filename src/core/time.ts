/** `2026-01-31`, `2026-01-31T23:59:59(.123456789)(Z|+01:00)`; a date is midnight UTC, a time without zone is UTC. */
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|z|[+-]\d{2}:?\d{2})?)?$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * Milliseconds since the epoch, NaN when the text is no instant. Strict calendar: 2026-02-30 is none. Leap seconds read as
 * second 60 of RFC 3339 are refused. Source: RFC 3339 section 5.6.
 */
export function parseInstant(text: string): number {
  if (text.length < 10 || text.length > 40) return Number.NaN;
  const match = INSTANT.exec(text);
  if (match === null) return Number.NaN;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return Number.NaN;
  const hour = Number(match[4] ?? 0);
  const minute = Number(match[5] ?? 0);
  const second = Number(match[6] ?? 0);
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const millis = match[7] === undefined ? 0 : Math.floor(Number(`0.${match[7]}`) * 1000);
  const offset = offsetMs(match[8]);
  const base = new Date(0);
  base.setUTCFullYear(year, month - 1, day); // Date.UTC reads years below 100 as 19xx
  return base.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + millis - offset;
}

function daysIn(year: number, month: number): number {
  if (month === 2 && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))) return 28;
  return DAYS[month - 1] ?? 0;
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  return hours > 23 || minutes > 59 ? Number.NaN : sign * (hours * 60 + minutes) * 60_000;
}
