/** The ten rules of the reference job by hand, as fast as this Node runs them: the yardstick, not the engine. */

export interface Order {
  id: string;
  device: string | null;
  name: string | null;
  email: string | null;
  country: string | null;
  status: string | null;
  amount: string | number | null;
  qty: number | null;
  temp: number | null;
  lo: number | null;
  hi: number | null;
  ts: string | null;
}

export const RULES = [
  'device_not_null',
  'name_not_null',
  'qty_range',
  'temp_range',
  'amount_range',
  'email_regex',
  'country_enum',
  'status_enum',
  'lo_le_hi',
  'ts_parse',
] as const;

const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
const COUNTRIES = new Set(['DE', 'FR', 'GB', 'US', 'CN', 'IN', 'BR', 'JP', 'PL', 'ES', 'IT', 'NL']);
const STATUSES = new Set(['active', 'idle', 'error', 'retired']);
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Bit i is set when RULES[i] fails. `amount` is the number, NaN when it could not be read. */
export function failures(r: Order, amount: number): number {
  let bits = 0;
  if (r.device == null) bits |= 1;
  if (r.name == null) bits |= 2;
  if (r.qty != null && !(typeof r.qty === 'number' && r.qty >= 0 && r.qty <= 1000)) bits |= 4;
  if (r.temp != null && !(typeof r.temp === 'number' && r.temp >= -40 && r.temp <= 85)) bits |= 8;
  if (r.amount != null && !(amount >= 0 && amount <= 100_000)) bits |= 16;
  if (r.email != null && !(typeof r.email === 'string' && EMAIL.test(r.email))) bits |= 32;
  if (r.country != null && !COUNTRIES.has(r.country)) bits |= 64;
  if (r.status != null && !STATUSES.has(r.status)) bits |= 128;
  if (r.lo != null && r.hi != null && !(typeof r.lo === 'number' && typeof r.hi === 'number' && r.lo <= r.hi))
    bits |= 256;
  if (r.ts != null && !(typeof r.ts === 'string' && isDateTime(r.ts))) bits |= 512;
  return bits;
}

export function namesOf(bits: number): string[] {
  return RULES.filter((_, i) => (bits & (1 << i)) !== 0);
}

/** `78,953.96` as a number; NaN for other text. */
export function toNumber(text: string): number {
  let whole = 0;
  let scale = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 48 && c <= 57) {
      whole = whole * 10 + (c - 48);
      scale *= 10;
    } else if (c === 46 && scale === 0) scale = 1;
    else if (c !== 44 || scale !== 0) return Number(text.replaceAll(',', ''));
  }
  return text.length === 0 || text.length > 15 ? Number(text.replaceAll(',', '')) : scale === 0 ? whole : whole / scale;
}

/** RFC 3339 with `Z` and milliseconds is the fast path; anything else goes the long way. */
export function isDateTime(text: string): boolean {
  if (text.length === 24 && text.charCodeAt(23) === 90 && text.charCodeAt(19) === 46 && text.charCodeAt(10) === 84) {
    const month = two(text, 5);
    const day = two(text, 8);
    return (
      two(text, 0) >= 0 &&
      two(text, 2) >= 0 &&
      text.charCodeAt(4) === 45 &&
      text.charCodeAt(7) === 45 &&
      month >= 1 &&
      month <= 12 &&
      day >= 1 &&
      day <= DAYS[month - 1]! &&
      two(text, 11) >= 0 &&
      two(text, 11) <= 23 &&
      text.charCodeAt(13) === 58 &&
      two(text, 14) >= 0 &&
      two(text, 14) <= 59 &&
      text.charCodeAt(16) === 58 &&
      two(text, 17) >= 0 &&
      two(text, 17) <= 59 &&
      two(text, 20) >= 0 &&
      two(text, 21) >= 0
    );
  }
  return (
    /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

function two(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48;
  const b = text.charCodeAt(at + 1) - 48;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : -1;
}
