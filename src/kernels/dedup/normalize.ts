/** How two spellings of one key value are made equal. Applied in this order, whatever the order given. */
export const NORMALIZERS = [
  'trim',
  'nfc',
  'nfkc',
  'case-fold',
  'numeric',
  'zero',
  'date-utc',
  'null-is-missing',
] as const;
export type Normalizer = (typeof NORMALIZERS)[number];

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const DATE_TIME =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$/;

export type Normalize = (value: unknown) => unknown;

/**
 * One function for a list of normalizers; undefined for an empty list, so that callers can skip the call.
 *
 * trim: white space at the ends. nfc, nfkc: Unicode forms. case-fold: letter case, also ß and ς. numeric: text that is a
 * JSON number equals that number ("1.0" = 1) where a double holds it exactly. zero: -0 = 0. date-utc: RFC 3339 text
 * equals the same instant in another zone, a date equals its midnight UTC. null-is-missing: null equals no field.
 * Lists and objects: applied to every value in them. Cost: 50 to 200 ns a text.
 *
 * Example: `normalizer(['trim', 'case-fold'])!(' Straße')` gives `strasse`.
 */
export function normalizer(names: readonly Normalizer[]): Normalize | undefined {
  if (names.length === 0) return undefined;
  const on = new Set(names);
  const text = textNormalizer(on);
  const positiveZero = on.has('zero') || on.has('numeric');
  const nullIsMissing = on.has('null-is-missing');
  const apply: Normalize = (value) => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return positiveZero && value === 0 ? 0 : value;
    if (value === null) return nullIsMissing ? undefined : null;
    if (Array.isArray(value)) return value.map((item: unknown) => apply(item) ?? null);
    if (typeof value === 'object' && !(value instanceof Uint8Array)) return applyToObject(value, apply);
    return value;
  };
  return apply;
}

function applyToObject(value: object, apply: Normalize): object {
  const entries = Object.entries(value).map(([name, item]) => [name, apply(item)] as const);
  return Object.fromEntries(entries); // defines own properties, also one named __proto__
}

function textNormalizer(on: ReadonlySet<Normalizer>): Normalize {
  return (value) => {
    let text = value as string; // called for texts only
    if (on.has('trim')) text = text.trim();
    if (on.has('nfkc')) text = text.normalize('NFKC');
    else if (on.has('nfc')) text = text.normalize('NFC');
    if (on.has('date-utc')) {
      const utc = toUtc(text);
      if (utc !== undefined) return utc;
    }
    if (on.has('numeric')) {
      const number = toNumber(text);
      if (number !== undefined) return number;
    }
    return on.has('case-fold') ? foldCase(text) : text;
  };
}

/** Letter case without a locale: upper first, so that ß meets SS; then lower, with the final sigma made plain. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase().replaceAll('ς', 'σ');
}

function toNumber(text: string): number | undefined {
  if (text.length > 24 || !NUMBER.test(text)) return undefined;
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  if (digits.length > 15) return undefined; // two such texts could round to one double
  const value = Number(text);
  return Number.isFinite(value) ? (value === 0 ? 0 : value) : undefined;
}

function toUtc(text: string): string | undefined {
  if (text.length > 40 || !(DATE.test(text) || DATE_TIME.test(text))) return undefined;
  const fraction = /\.([0-9]+)/.exec(text)?.[1]?.replace(/0+$/, '') ?? '';
  const ms = Date.parse(
    text
      .replace(/\.[0-9]+/, '')
      .replace(' ', 'T')
      .toUpperCase(),
  );
  if (Number.isNaN(ms)) return undefined;
  return `${new Date(ms).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}
