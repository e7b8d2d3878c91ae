import { FORMATS, type FormatName } from '../check/formats.ts';
import { CharPatterns, patternOf } from '../profile/char-patterns.ts';
import { inferType } from '../profile/infer-type.ts';
import { ValueKinds } from '../sketch/value-kinds.ts';
import { type Column, countsOf, filled, quantileOf } from './column.ts';
import { isNameLikeKey } from './suggest-keys.ts';

/** One check of one field, as `check` takes it. */
export interface SuggestedRule {
  readonly field: string;
  readonly required?: true;
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'list' | 'map';
  readonly min?: number;
  readonly max?: number;
  readonly in?: (string | number)[];
  readonly pattern?: string;
  readonly format?: FormatName;
}

/** Fewer values say too little. */
const MIN_VALUES = 20;
/** A field is required when at most so many lack it: a few empty rows are no reason not to ask for it. */
const MAX_NULLS = 0.02;
const MOSTLY = 0.98;
/** A list of names: at most so many, each on average so often. */
const MAX_NAMES = 40;
const MIN_REPEATS = 10;
/** Names so rare may be misspelt ones, where all of them together are so few. */
const RARE_TOGETHER = 0.005;
const MAX_FORMS = 3;
/** Beyond so many spans of the middle 98 % a number is taken for an error. */
const FENCE = 3;
/** Room beyond what was seen, as a share of its span. */
const MARGIN = 0.25;
/** Words of a language have every length: what they have in common is no form. */
const PROSE = /^[Aa .,'’&-]+$/;

const TYPES = {
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  list: 'list',
  object: 'map',
  text: 'string',
} as const;

/** Rules that records like these pass: presence, type, range, names, form. `columns`: after cleaning. */
export function suggestRules(columns: readonly Column[]): readonly SuggestedRule[] {
  return columns.flatMap(rulesOf);
}

function rulesOf(column: Column): readonly SuggestedRule[] {
  const { field } = column;
  const values = filled(column);
  if (values.length < MIN_VALUES) return [];
  const rules: SuggestedRule[] = [];
  if (column.values.length - values.length <= MAX_NULLS * column.values.length) rules.push({ field, required: true });
  const kinds = new ValueKinds();
  for (const value of values) kinds.add(value);
  const { type, asText } = inferType(kinds);
  const isNumber = !asText && (type === 'integer' || type === 'number');
  const whole = isNumber && kinds.type('decimal') === 0;
  const name = asText ? 'string' : isNumber ? (whole ? 'integer' : 'number') : TYPES[type as keyof typeof TYPES];
  if (name !== undefined) rules.push({ field, type: name });
  if (isNumber) return isNameLikeKey(field) ? rules : [...rules, ...rangeOf(field, numbersIn(values))];
  if (!asText) return rules;
  const names = namesOf(
    field,
    values.filter((value) => typeof value === 'string'),
  );
  if (names !== undefined) return [...rules, names];
  if (Object.hasOwn(FORMATS, type)) return [...rules, { field, format: type as FormatName }]; // a key of FORMATS
  const form = formsOf(field, values);
  return form === undefined ? rules : [...rules, form];
}

function numbersIn(values: readonly unknown[]): Float64Array {
  return Float64Array.from(values.filter((value) => typeof value === 'number')).sort();
}

/** Round bounds around what was seen; what lies far outside of the middle is left out. */
function rangeOf(field: string, sorted: Float64Array): readonly SuggestedRule[] {
  const [low, high] = [quantileOf(sorted, 0.01), quantileOf(sorted, 0.99)];
  const fence = FENCE * Math.max(high - low, Number.EPSILON);
  const inside = sorted.filter((value) => value >= low - fence && value <= high + fence);
  if (inside.length < MOSTLY * sorted.length || high === low) return [];
  const [least, most] = [inside[0]!, inside[inside.length - 1]!];
  const room = MARGIN * (most - least);
  const step = 5 * 10 ** (Math.floor(Math.log10(most - least + room)) - 1);
  const min = least >= 0 && least < most - least ? 0 : tidy(Math.floor((least - room) / step), step);
  return [
    { field, min },
    { field, max: tidy(Math.ceil((most + room) / step), step) },
  ];
}

/** A multiple of a round number without the noise of the multiplication. */
function tidy(times: number, step: number): number {
  return Number((times * step).toPrecision(12));
}

function namesOf(field: string, values: readonly string[]): SuggestedRule | undefined {
  const names = countsOf(values);
  if (names.length < 2 || names.length > 4 * MAX_NAMES || values.length < MIN_REPEATS * names.length) return undefined;
  const once = names.filter(([, count]) => count === 1);
  const areRare = once.length > 0 && once.length <= RARE_TOGETHER * values.length;
  const kept = areRare ? names.filter(([, count]) => count > 1) : names;
  if (kept.length > MAX_NAMES || kept.some(([name]) => name.length > 60)) return undefined;
  return { field, in: kept.map(([name]) => name) };
}

function formsOf(field: string, values: readonly unknown[]): SuggestedRule | undefined {
  const forms = new CharPatterns();
  for (const value of values) if (typeof value === 'string') forms.add(value);
  const top = forms.top(MAX_FORMS);
  const covered = top.reduce((sum, { count }) => sum + count, 0);
  if (covered < MOSTLY * forms.n) return undefined;
  const isFixed = top.every(({ shortest, longest }) => shortest.every((length, i) => length === longest[i]));
  if (!isFixed && top.some(({ shape }) => PROSE.test(shape))) return undefined;
  const patterns = top.map(patternOf);
  return { field, pattern: patterns.length === 1 ? patterns[0]! : patterns.map((one) => `(?:${one})`).join('|') };
}
