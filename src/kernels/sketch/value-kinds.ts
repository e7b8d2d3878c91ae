import { FORMATS, type FormatName } from '../check/formats.ts';
import { ByteReader, ByteWriter, type Layout } from './bytes.ts';

const LAYOUT: Layout = { kind: 'KIND', version: 1 };

/** What a value is. `not-finite` is NaN or an infinity, as a number. */
export const VALUE_TYPES = [
  'missing',
  'null',
  'boolean',
  'integer',
  'decimal',
  'not-finite',
  'text',
  'list',
  'object',
] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** What a text looks like; the first that fits. */
export const TEXT_FORMATS = [
  'empty',
  'blank',
  'integer',
  'decimal',
  'not-a-number',
  'boolean',
  'date',
  'date-time',
  'time',
  'uuid',
  'email',
  'ipv4',
  'ipv6',
  'uri',
  'other',
] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

const INTEGER = /^[+-]?\d{1,40}$/;
const DECIMAL = /^[+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,4})?$/;
const NOT_A_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i;
const BOOLEAN = /^(?:true|false|yes|no)$/i;
const CHECKED: readonly FormatName[] = ['date', 'date-time', 'time', 'uuid', 'email', 'ipv4', 'ipv6', 'uri'];
/** Longer texts are `other` without a look. */
const MAX_CHARS = 300;

export function typeOf(value: unknown): ValueType {
  switch (typeof value) {
    case 'undefined':
      return 'missing';
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isInteger(value) ? 'integer' : Number.isFinite(value) ? 'decimal' : 'not-finite';
    case 'string':
      return 'text';
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'list' : 'object';
  }
}

export function formatOf(text: string): TextFormat {
  if (text === '') return 'empty';
  if (text.length > MAX_CHARS) return 'other';
  if (text.trim() === '') return 'blank';
  if (INTEGER.test(text)) return 'integer';
  if (DECIMAL.test(text)) return 'decimal';
  if (NOT_A_NUMBER.test(text)) return 'not-a-number';
  if (BOOLEAN.test(text)) return 'boolean';
  for (const name of CHECKED) if (FORMATS[name](text)) return name as TextFormat; // CHECKED holds names of both lists
  return 'other';
}

/**
 * How many values were missing, null, of each type, and how many texts of each format.
 *
 * In: any value. Merging adds. Cost: about 10 ns for what is no text, up to 500 ns for a text that fits nothing; 24 counters.
 * Example: `const k = new ValueKinds(); k.add('12'); k.add(null); k.type('text')` is 1, `k.format('integer')` is 1.
 */
export class ValueKinds {
  private readonly types = new Float64Array(VALUE_TYPES.length);
  private readonly formats = new Float64Array(TEXT_FORMATS.length);

  add(value: unknown): void {
    const type = typeOf(value);
    this.types[VALUE_TYPES.indexOf(type)]!++;
    if (typeof value === 'string') this.formats[TEXT_FORMATS.indexOf(formatOf(value))]!++;
  }

  type(type: ValueType): number {
    return this.types[VALUE_TYPES.indexOf(type)]!;
  }

  format(format: TextFormat): number {
    return this.formats[TEXT_FORMATS.indexOf(format)]!;
  }

  get n(): number {
    return this.types.reduce((sum, count) => sum + count, 0);
  }

  /** Missing and null. */
  get nulls(): number {
    return this.type('missing') + this.type('null');
  }

  merge(other: ValueKinds): void {
    for (let i = 0; i < this.types.length; i++) this.types[i]! += other.types[i]!;
    for (let i = 0; i < this.formats.length; i++) this.formats[i]! += other.formats[i]!;
  }

  save(): Uint8Array {
    const to = new ByteWriter(LAYOUT);
    to.f64s(this.types);
    to.f64s(this.formats);
    return to.finish();
  }

  static load(bytes: Uint8Array): ValueKinds {
    const from = new ByteReader(bytes, LAYOUT);
    const kinds = new ValueKinds();
    kinds.types.set(from.f64s());
    kinds.formats.set(from.f64s());
    return kinds;
  }
}
