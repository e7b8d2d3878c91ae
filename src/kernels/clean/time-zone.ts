const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      era: 'short',
    });
    formats.set(zone, format);
  }
  return format;
}

/** True for a name the time zone database knows. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds east of UTC at an instant. */
function offsetAt(utc: number, zone: string): number {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(zone).formatToParts(utc)) parts[type] = value;
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
  const local = new Date(0);
  local.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
  local.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second), 0);
  return local.getTime() - Math.floor(utc / 1000) * 1000;
}

/**
 * The instant of a wall-clock time (given as if it were UTC) in a zone. A time that occurs twice is the earlier
 * instant; one that is skipped moves on by the gap.
 *
 * Example: `localToUtc(Date.UTC(2026, 6, 1, 12), 'Europe/Berlin')` is `Date.UTC(2026, 6, 1, 10)`.
 *
 * Source: IANA time zone database by Intl (ECMA-402).
 */
export function localToUtc(local: number, zone: string): number {
  if (Math.abs(local) > 8.64e15 - 864e5) return Number.NaN;
  const before = offsetAt(local - 864e5, zone);
  const after = offsetAt(local + 864e5, zone);
  for (const offset of before >= after ? [before, after] : [before, after]) {
    if (offsetAt(local - offset, zone) === offset) return local - offset;
  }
  return local - before;
}
