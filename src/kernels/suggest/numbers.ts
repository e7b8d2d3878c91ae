import { parseNumber } from '../clean/number-text.ts';
import type { StepConfig } from '../clean/step-schema.ts';
import { conversion } from '../clean/units.ts';
import { countsOf, quantileOf, shareOf } from './column.ts';

/** A field is one of numbers when so many of its values can be read as such. */
const MOSTLY = 0.95;
const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const LEADING_ZERO = /^[+-]?0\d/;
const WITH_UNIT = /^\s*[+-]?[0-9][0-9.,]*\s*([\p{L}%°"'].*)$/u;
const STRIP_UNIT = { pattern: '^\\s*([+-]?[0-9][0-9.,]*)\\s*[\\p{L}%°"\'].*$', with: '$1' };
const MAX_UNITS = 20;
/** Digits after the point that nobody types. */
const NOISE_DIGITS = 9;

export interface NumberReading {
  /** Steps that make numbers of the texts; none when every text is a plain number. */
  readonly steps: readonly StepConfig[];
  readonly why: readonly string[];
  /** What the texts are as numbers, for the rules that follow; texts that stay are left out. */
  readonly numbers: readonly number[];
}

/** A number as programs write it. */
export function isPlainNumber(text: string): boolean {
  return PLAIN.test(text) && Number.isFinite(Number(text));
}

/** How texts of one field can be read as numbers; undefined: they are something else, such as codes that begin with zeros. */
export function readNumbers(values: readonly string[]): NumberReading | undefined {
  if (values.length === 0 || shareOf(values, (text) => LEADING_ZERO.test(text)) > 1 - MOSTLY) return undefined;
  if (values.every(isPlainNumber)) return { steps: [], why: [], numbers: values.map(Number) };
  for (const decimal of ['.', ','] as const) {
    const percent = percentMeaning(values);
    const numbers = readable(values, decimal, percent);
    if (numbers.length < MOSTLY * values.length) continue;
    const plain = values.filter(isPlainNumber).length;
    if (numbers.length === plain) return { steps: [], why: [], numbers };
    const options = { ...(decimal === ',' ? { decimal } : {}), ...(percent === 'strip' ? { percent } : {}) };
    const why = `${numbers.length - plain} of ${values.length} texts are numbers written in another way`;
    return { steps: [Object.keys(options).length === 0 ? 'to-number' : { 'to-number': options }], why: [why], numbers };
  }
  return readUnits(values);
}

function readable(values: readonly string[], decimal: '.' | ',', percent: 'ratio' | 'strip'): readonly number[] {
  return values.flatMap((text) => {
    const number = parseNumber(text, { decimal, percent });
    return typeof number === 'number' ? [number] : isPlainNumber(text) ? [Number(text)] : [];
  });
}

/** Is 5% beside plain numbers 0.05 or 5? What fits the plain ones better. */
function percentMeaning(values: readonly string[]): 'ratio' | 'strip' {
  const plain = values.filter(isPlainNumber).map(Number);
  const percents = values.filter((text) => /%\s*$/.test(text)).map((text) => Number(text.replace(/\s*%\s*$/, '')));
  if (plain.length === 0 || percents.length === 0) return 'ratio';
  const distance = (factor: number) => Math.abs(Math.log((median(percents) * factor) / median(plain)));
  return distance(1) <= distance(0.01) ? 'strip' : 'ratio';
}

function median(values: readonly number[]): number {
  return Math.max(1e-12, Math.abs(quantileOf(Float64Array.from(values).sort(), 0.5)));
}

/** Numbers with a unit behind them, spelt in many ways; several units that mean different things are left alone. */
function readUnits(values: readonly string[]): NumberReading | undefined {
  const units = values.flatMap((text) => WITH_UNIT.exec(text)?.[1] ?? []);
  if (units.length + values.filter(isPlainNumber).length < MOSTLY * values.length) return undefined;
  const names = countsOf(units.map((unit) => /^[^\s.,(]*/.exec(unit.toLowerCase())?.[0] ?? ''));
  if (names.length > MAX_UNITS || names.length * 5 > units.length) return undefined;
  const known = names.map(([name]) => name).filter((name) => typeof conversion(name, name) !== 'string');
  if (known.some((name) => isOther(name, known[0]!))) return undefined;
  const stripped = values.map((text) =>
    WITH_UNIT.test(text) ? text.replace(new RegExp(STRIP_UNIT.pattern, 'u'), '$1') : text,
  );
  const decimal = readable(stripped, '.', 'ratio').length >= readable(stripped, ',', 'ratio').length ? '.' : ',';
  const numbers = readable(stripped, decimal, 'ratio');
  if (numbers.length < MOSTLY * values.length) return undefined;
  const shown = names
    .slice(0, 3)
    .map(([name]) => name)
    .join(', ');
  return {
    steps: [{ replace: STRIP_UNIT }, decimal === ',' ? { 'to-number': { decimal } } : 'to-number'],
    why: [`numbers with a unit (${shown}) behind them`],
    numbers,
  };
}

function isOther(unit: string, than: string): boolean {
  const known = conversion(unit, than);
  return typeof known === 'string' || known.factor !== 1 || known.offset !== 0;
}

/** Digits to round to when some numbers carry the noise of a calculation (0.055999999999999994). */
export function noiseDigits(numbers: readonly number[]): number | undefined {
  const digits = numbers.map(digitsOf);
  const noisy = digits.filter((n) => n >= NOISE_DIGITS).length;
  if (noisy === 0 || noisy > 0.2 * numbers.length) return undefined;
  return Math.max(0, ...digits.filter((n) => n < NOISE_DIGITS));
}

function digitsOf(value: number): number {
  const text = String(value);
  return text.includes('e') ? 0 : (text.split('.')[1]?.length ?? 0);
}
