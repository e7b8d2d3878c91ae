/**
 * Units are written out in a topology (`30s`, `10MiB`, `1M`) and numbers inside: milliseconds, bytes, counts, ratios.
 * Parsing is strict; what is wrong comes back as words, so that the loader can add the place.
 */
export type Parsed = { readonly value: number } | { readonly problem: string; readonly remedy: string };

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const COUNTS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

const COMPOUND = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d)){2,6}$/;
const PART = /[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d)/g;

/** Regular expressions of the same grammar, for schemas. */
export const DURATION_PATTERN = '^(0|([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+)$';
export const BYTES_PATTERN = '^[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$';
export const COUNT_PATTERN = '^[0-9]+(\\.[0-9]+)?[kMG]?$';

/** `100ms`, `30s`, `5m`, `1h30m`, `365d`, or `0`: milliseconds. A bare number has no unit and is refused. */
export function readDuration(input: unknown): Parsed {
  if (input === 0 || input === '0') return { value: 0 };
  const parts = typeof input === 'string' ? input.match(COMPOUND) : null;
  if (parts !== null)
    return { value: parts[0].match(PART)!.reduce((sum, part) => sum + (parseDuration(part) ?? 0), 0) };
  return read(input, DURATION_MS, { what: 'a duration', examples: '100ms, 30s, 5m, 1h, 365d', guess: 's' });
}

/** `10MiB` (1024²), `5KB` (1000), `512B`: bytes. */
export function readBytes(input: unknown): Parsed {
  return whole(
    read(input, BYTES, { what: 'a size in bytes', examples: '512B, 5KB, 10MiB, 2GiB', guess: 'B' }),
    'bytes',
  );
}

/** `1M`, `20k`, `500`, or a plain number: a count. */
export function readCount(input: unknown): Parsed {
  const text = typeof input === 'number' ? plainText(input) : input;
  return whole(read(text, COUNTS, { what: 'a count', examples: '500, 20k, 1M', guess: '' }), 'records');
}

/** A share from 0 to 1; percent is refused, so that `20` is never read as 20 %. */
export function readRatio(input: unknown): Parsed {
  if (typeof input === 'number' && input >= 0 && input <= 1) return { value: input };
  const percent = typeof input === 'string' ? /^([0-9]+(?:\.[0-9]+)?)%$/.exec(input.trim()) : null;
  const hint =
    percent !== null ? Number(percent[1]) / 100 : typeof input === 'number' && input <= 100 ? input / 100 : 0.5;
  return {
    problem: `expected a ratio from 0 to 1, found ${show(input)}`,
    remedy: `write it as a share, for example ${hint >= 0 && hint <= 1 ? hint : 0.5}`,
  };
}

/** Milliseconds of `30s`, `1h30m`; undefined for text that is no duration. */
export function parseDuration(text: string | number): number | undefined {
  return valueIn(readDuration(text));
}

/** Bytes of `10MiB`, `512B` or of a plain number; undefined for other text. */
export function parseSize(text: string | number): number | undefined {
  const plain = typeof text === 'number' || /^[0-9]+$/.test(text);
  return valueIn(plain ? readCount(text) : readBytes(text));
}

/** A count of `1M`, `20k` or a plain number; undefined for other text. */
export function parseCount(text: string | number): number | undefined {
  return valueIn(readCount(text));
}

/** The shortest exact text: `formatDuration(90000)` is `90s`, of a whole day `1d`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = DURATION_MS[unit] ?? 1;
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

interface Grammar {
  readonly what: string;
  readonly examples: string;
  /** Unit to suggest for a bare number. */
  readonly guess: string;
}

function read(input: unknown, units: Readonly<Record<string, number>>, grammar: Grammar): Parsed {
  const { what, examples, guess } = grammar;
  const problem = `expected ${what}, found ${show(input)}`;
  if (typeof input === 'number')
    return { problem, remedy: `write the unit: ${plainText(input)}${guess} (${examples})` };
  if (typeof input !== 'string') return { problem, remedy: `write it like ${examples}` };
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµ]*)$/.exec(input.trim());
  if (match === null) return { problem, remedy: `write it like ${examples}` };
  const [, digits = '', unit = ''] = match;
  const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (size === undefined) {
    const near = nearestUnit(unit, units) ?? (unit === '' ? guess : undefined);
    if (near === undefined) return { problem, remedy: `write it like ${examples}` };
    return {
      problem: `${problem}${unit === '' ? ' without a unit' : ''}`,
      remedy: `write ${digits}${near} (${examples})`,
    };
  }
  if (/\s/.test(input)) return { problem, remedy: `write it without spaces: ${digits}${unit}` };
  const value = decimal(digits, size);
  if (!Number.isSafeInteger(Math.ceil(value)))
    return { problem: `${problem}, which is too large`, remedy: `write it like ${examples}` };
  return { value };
}

/** `0.1` of `1e3` is 100, not 100.00000000000001. */
function decimal(digits: string, size: number): number {
  const value = Number(digits) * size;
  const rounded = Math.round(value);
  return Math.abs(value - rounded) < 1e-6 ? rounded : value;
}

function whole(parsed: Parsed, of: string): Parsed {
  if ('problem' in parsed || Number.isInteger(parsed.value)) return parsed;
  return { problem: `expected a whole number of ${of}, found ${parsed.value}`, remedy: 'write a whole number' };
}

const UNIT_NAMES: Readonly<Record<string, readonly string[]>> = {
  ms: ['msec', 'millis', 'millisecond', 'milliseconds'],
  s: ['sec', 'secs', 'second', 'seconds'],
  m: ['min', 'mins', 'minute', 'minutes'],
  h: ['hr', 'hrs', 'hour', 'hours'],
  d: ['day', 'days'],
  KB: ['kb', 'k', 'K'],
  MB: ['mb', 'm', 'M'],
  GB: ['gb', 'g', 'G'],
  KiB: ['kib', 'Ki'],
  MiB: ['mib', 'Mi'],
  GiB: ['gib', 'Gi'],
  B: ['b', 'byte', 'bytes'],
  k: ['K'],
  M: ['m', 'mio', 'million'],
  G: ['g', 'bn', 'B'],
};

function nearestUnit(unit: string, units: Readonly<Record<string, number>>): string | undefined {
  for (const [name, others] of Object.entries(UNIT_NAMES)) {
    if (Object.hasOwn(units, name) && (others.includes(unit) || others.includes(unit.toLowerCase()))) return name;
  }
  return undefined;
}

function valueIn(parsed: Parsed): number | undefined {
  return 'value' in parsed ? parsed.value : undefined;
}

/** 1000000 rather than 1e+6. */
function plainText(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? BigInt(value).toString() : String(value);
}

function show(input: unknown): string {
  const text =
    typeof input === 'string'
      ? JSON.stringify(input)
      : Array.isArray(input)
        ? 'a list'
        : input === null
          ? 'null'
          : typeof input === 'object'
            ? 'a map'
            : String(input);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
