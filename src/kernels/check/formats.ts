import { COUNTRIES, CURRENCIES } from './codes.ts';
import { isDate, isDateTime } from './dates.ts';
import type { FORMAT_NAMES } from './rule-schema.ts';

export type FormatName = (typeof FORMAT_NAMES)[number];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?$/;
const HEXTET = /^[0-9a-fA-F]{1,4}$/;

/** Tests of well-known forms: strict, without backtracking. Source: RFC 3339, 4122, 3986, 5321, 1123, 4291; ISO 3166-1, 4217. */
export const FORMATS: Readonly<Record<FormatName, (text: string) => boolean>> = {
  date: isDate,
  'date-time': isDateTime,
  time: (text) => text.length <= 32 && TIME.test(text),
  email: isEmail,
  uuid: (text) => text.length === 36 && UUID.test(text),
  uri: isUri,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  country: (text) => COUNTRIES.has(text),
  currency: (text) => CURRENCIES.has(text),
};

function isEmail(text: string): boolean {
  if (text.length > 254) return false;
  const at = text.lastIndexOf('@');
  if (at < 1 || at > 64) return false;
  const local = text.slice(0, at);
  if (!LOCAL_PART.test(local) || local.startsWith('.') || local.endsWith('.') || local.includes('..')) return false;
  const domain = text.slice(at + 1);
  return domain.includes('.') && isHostname(domain);
}

function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  for (const label of text.split('.')) if (label.length > 63 || !LABEL.test(label)) return false;
  return true;
}

function isUri(text: string): boolean {
  return text.length <= 8192 && URI.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text);
}

function isIpv4(text: string): boolean {
  if (text.length < 7 || text.length > 15) return false;
  let part = 0;
  let digits = 0;
  let parts = 1;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      if (digits === 0 || ++parts > 4) return false;
      part = 0;
      digits = 0;
    } else {
      if (c < 48 || c > 57 || (digits > 0 && part === 0)) return false;
      part = part * 10 + c - 48;
      if (++digits > 3 || part > 255) return false;
    }
  }
  return parts === 4 && digits > 0;
}

function isIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let count = 0;
  for (let h = 0; h < halves.length; h++) {
    const half = halves[h]!;
    if (half === '') continue;
    const groups = half.split(':');
    for (let g = 0; g < groups.length; g++) {
      const group = groups[g]!;
      const last = h === halves.length - 1 && g === groups.length - 1;
      if (last && group.includes('.')) {
        if (!isIpv4(group)) return false;
        count += 2;
      } else if (HEXTET.test(group)) count++;
      else return false;
    }
  }
  return halves.length === 2 ? count < 8 : count === 8;
}
