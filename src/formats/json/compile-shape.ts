import type { ReaderOptions } from '../../core/codec.ts';
import type { Shape } from './shape.ts';

/** A slice of more characters is no copy: it keeps the whole chunk alive. */
const MAX_SLICED_CHARS = 12;
/** Up to here texts are copied in generated code. */
const MAX_COPIED_CHARS = 40;
/** Digits that a double holds, whatever they are: their quotient by a power of ten is then the nearest double. */
const MAX_DIGITS = 15;

/** 1 where a text goes on: ASCII but quotes, backslashes and control characters. */
const GOES_ON = new Uint8Array(256).map((_, c) => (c >= 32 && c < 128 && c !== 34 && c !== 92 ? 1 : 0));
const POWERS = Array.from({ length: MAX_DIGITS + 1 }, (_, i) => 10 ** i);

type Make = (values: readonly unknown[]) => unknown;
type Copy = (bytes: Uint8Array, from: number) => string;

/** Undefined where the runtime forbids generated code. Its text is made of numbers and of property names escaped as JSON. */
export function compileShape(shape: Shape, options: ReaderOptions): CompiledShape | undefined {
  const members = shape.keys.map((key, i) => `${JSON.stringify(key)}: v[${i}]`);
  try {
    const make = new Function('v', `return { ${members.join(', ')} };`) as Make; // the text has this very shape
    return new CompiledShape(shape, make, options);
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/** By length, a text out of bytes. */
const copies: (Copy | undefined)[] = new Array(MAX_COPIED_CHARS + 1).fill(undefined);

function makeCopy(length: number): Copy {
  const characters = Array.from({ length }, (_, i) => `b[from + ${i}]`).join(', ');
  const copy = new Function('b', 'from', `return String.fromCharCode(${characters});`) as Copy; // as above
  copies[length] = copy;
  return copy;
}

/** Bytes, and the same as latin1. Behind the last one nothing matches. */
export interface Source {
  readonly bytes: Buffer;
  readonly text: string;
}

/**
 * Reads records of one shape: the text between the values is compared, a value is taken by its first character. What
 * JSON.parse would reject, or read in another way, is not of the shape: escapes, numbers of many digits or with an
 * exponent, nested values.
 *
 * Cost: about 2 ns a byte; JSON.parse takes about 6.
 */
export class CompiledShape {
  private readonly makeObject: Make;
  /** Longer texts are copied. */
  private readonly maxSliced: number;
  /** All literals, one after another, and where each of them ends. */
  private readonly literals: Uint8Array;
  private readonly ends: Int32Array;
  private values: unknown[];

  constructor({ keys, literals }: Shape, makeObject: Make, { slices = false }: ReaderOptions) {
    this.makeObject = makeObject;
    this.maxSliced = slices ? Number.MAX_SAFE_INTEGER : MAX_SLICED_CHARS;
    this.literals = Buffer.from(literals.join(''), 'latin1');
    let end = 0;
    this.ends = Int32Array.from(literals, ({ length }) => {
      end += length;
      return end;
    });
    this.values = new Array(keys.length).fill(null);
  }

  /** Index after the record, or 0 when it is not of this shape. Where value i ends, from the beginning of the record, goes to marks[at + i]. */
  read(source: Source, from: number, marks: number[], at: number): number {
    const { literals, ends, values } = this;
    const { bytes } = source;
    const size = values.length;
    let p = from;
    let k = 0;
    for (let i = 0; i < size; i++) {
      for (const end = ends[i]!; k < end; k++) if (bytes[p++] !== literals[k]) return 0;
      const c = bytes[p]!;
      if (c === 34) p = this.readText(source, p + 1, i);
      else if (c === 45 || (c >= 48 && c <= 57)) p = this.readNumber(bytes, p, i);
      else p = this.readWord(bytes, p, i);
      if (p === 0) return 0;
      marks[at + i] = p - from;
    }
    for (const end = ends[size]!; k < end; k++) if (bytes[p++] !== literals[k]) return 0;
    return p;
  }

  /** A fresh array now and then: writing young values into an old one is twice the work. */
  renew(): void {
    this.values = new Array(this.values.length).fill(null);
  }

  make(): unknown {
    return this.makeObject(this.values);
  }

  private readText({ bytes, text }: Source, from: number, i: number): number {
    let p = from;
    while (GOES_ON[bytes[p]!] === 1) p++;
    if (bytes[p] !== 34) return 0;
    const n = p - from;
    if (n <= this.maxSliced) this.values[i] = text.slice(from, p);
    else if (n <= MAX_COPIED_CHARS) this.values[i] = (copies[n] ?? makeCopy(n))(bytes, from);
    else this.values[i] = bytes.toString('latin1', from, p);
    return p + 1;
  }

  private readNumber(bytes: Buffer, from: number, i: number): number {
    let p = bytes[from] === 45 ? from + 1 : from;
    let c = bytes[p]!;
    let start = p;
    let digits = 0;
    if (c === 48) c = bytes[++p]!;
    else
      while (c >= 48 && c <= 57) {
        digits = digits * 10 + (c - 48);
        c = bytes[++p]!;
      }
    const whole = p - start;
    if (whole === 0 || whole > MAX_DIGITS) return 0;
    if (c === 46) {
      start = ++p;
      c = bytes[p]!;
      while (c >= 48 && c <= 57) {
        digits = digits * 10 + (c - 48);
        c = bytes[++p]!;
      }
      if (p === start || whole + p - start > MAX_DIGITS) return 0;
      digits /= POWERS[p - start]!;
    }
    this.values[i] = bytes[from] === 45 ? -digits : digits;
    return p;
  }

  private readWord(bytes: Buffer, from: number, i: number): number {
    const c = bytes[from];
    const word = c === 110 ? 'null' : c === 116 ? 'true' : 'false';
    for (let w = 0; w < word.length; w++) if (bytes[from + w] !== word.charCodeAt(w)) return 0;
    this.values[i] = c === 110 ? null : c === 116;
    return from + word.length;
  }
}
