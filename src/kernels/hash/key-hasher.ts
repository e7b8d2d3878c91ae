import xxhash from 'xxhash-wasm';
import { canonicalJson } from '../canonical-json/canonical-json.ts';

/** Texts up to this many UTF-16 units are hashed in the loop below; longer ones by xxhash, which then is faster. */
export const LOOP_CHARS = 40;

// Compiled once a process; everything after it is synchronous.
const wasm = await xxhash();

/** Type tags: the first word of every value, so that 1, "1", true and [1] differ and several fields cannot run together. */
const TAG = { missing: 1, null: 2, false: 3, true: 4, number: 5, text: 6, longText: 7, json: 8, bytes: 9 } as const;

const doubles = new Float64Array(1);
const doubleWords = new Uint32Array(doubles.buffer);

/**
 * Seeded 96-bit hash of a sequence of values, in three 32-bit lanes.
 *
 * Idea: one loop feeds two UTF-16 units a step to three multiply-rotate lanes that lean on each other, so that a
 * difference which cancels in one lane stays in the others; no BigInt, no buffer, no allocation.
 * A value is a tag word, its length where it has one, then its units, so `["ab","c"]` and `["a","bc"]` differ.
 *
 * Use: `begin()`, one `value()` a field, `end()`; then read `h0`, `h1`, `h2` (signed 32-bit). Not cryptographic: the seed
 * must be unpredictable where senders are hostile, and kept with the state it keys.
 * Errors: FormatError for an object or list that RFC 8785 cannot hold; none for other values.
 * Cost: about 2 ns a unit, 25 ns fixed; a text above 40 units costs two xxhash calls.
 *
 * Example: `const h = new KeyHasher(Uint32Array.of(1, 2, 3, 4)); h.begin(); h.value('a'); h.end();`
 *
 * Source: finalizer of Appleby, MurmurHash3 (public domain); Collet, xxHash (BSD-2) for long texts.
 */
export class KeyHasher {
  h0 = 0;
  h1 = 0;
  h2 = 0;
  private readonly s0: number;
  private readonly s1: number;
  private readonly s2: number;
  private readonly seed32: number;
  private readonly seed64: bigint;

  /** `seed`: four 32-bit words. */
  constructor(seed: Uint32Array) {
    this.s0 = (seed[0] ?? 0) | 0;
    this.s1 = (seed[1] ?? 0) | 0;
    this.s2 = (seed[2] ?? 0) | 0;
    this.seed32 = (seed[3] ?? 0) >>> 0;
    this.seed64 = (BigInt(seed[0] ?? 0) << 32n) | BigInt(seed[2] ?? 0);
  }

  begin(): void {
    this.h0 = this.s0;
    this.h1 = this.s1;
    this.h2 = this.s2;
  }

  /** One field: undefined means missing. */
  value(value: unknown): void {
    if (typeof value === 'string') this.text(value, TAG.text);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'boolean') this.word(value ? TAG.true : TAG.false);
    else if (value === undefined) this.word(TAG.missing);
    else if (value === null) this.word(TAG.null);
    else if (value instanceof Uint8Array) this.bytes(value);
    else this.text(canonicalJson(value), TAG.json);
  }

  /** A number JavaScript cannot hold, by its exact text. */
  exactNumber(text: string): void {
    this.word(TAG.number);
    this.text(text, TAG.text);
  }

  end(): void {
    let a = this.h0;
    let b = this.h1;
    let c = this.h2;
    a = (a + b) | 0;
    b = (b + c) | 0;
    c = (c + a) | 0;
    a = fmix(a);
    b = fmix(b);
    c = fmix(c);
    a = (a + b) | 0;
    b = (b + c) | 0;
    c = (c + a) | 0;
    this.h0 = a;
    this.h1 = b;
    this.h2 = c;
  }

  private number(value: number): void {
    doubles[0] = Number.isNaN(value) ? Number.NaN : value;
    this.word(TAG.number);
    this.word(doubleWords[0]! | 0);
    this.word(doubleWords[1]! | 0);
  }

  private text(text: string, tag: number): void {
    const length = text.length;
    // A lone surrogate has no UTF-8 of its own: such a text stays in the loop, else two of them would look the same.
    if (length > LOOP_CHARS && text.isWellFormed()) {
      this.word(tag + 16);
      this.word(length);
      this.digest(wasm.h64(text, this.seed64), wasm.h32(text, this.seed32));
      return;
    }
    let h0 = this.h0;
    let h1 = this.h1;
    let h2 = this.h2;
    let k = tag | (length << 5);
    for (let i = 0; ; i += 2) {
      h0 = Math.imul(h0 ^ k, 0x9e3779b1);
      h0 = (((h0 << 13) | (h0 >>> 19)) + h1) | 0;
      h1 = Math.imul(h1 ^ k, 0x85ebca77);
      h1 = (((h1 << 17) | (h1 >>> 15)) + h2) | 0;
      h2 = Math.imul(h2 ^ k, 0xc2b2ae3d);
      h2 = (((h2 << 19) | (h2 >>> 13)) + h0) | 0;
      if (i >= length) break;
      k = text.charCodeAt(i) | (i + 1 < length ? text.charCodeAt(i + 1) << 16 : 0);
    }
    this.h0 = h0;
    this.h1 = h1;
    this.h2 = h2;
  }

  private bytes(bytes: Uint8Array): void {
    this.word(TAG.bytes);
    this.word(bytes.length);
    this.digest(wasm.h64Raw(bytes, this.seed64), wasm.h32Raw(bytes, this.seed32));
  }

  private digest(high: bigint, low: number): void {
    this.word(Number(high >> 32n) | 0);
    this.word(Number(high & 0xffffffffn) | 0);
    this.word(low | 0);
  }

  private word(k: number): void {
    let h0 = Math.imul(this.h0 ^ k, 0x9e3779b1);
    h0 = (((h0 << 13) | (h0 >>> 19)) + this.h1) | 0;
    let h1 = Math.imul(this.h1 ^ k, 0x85ebca77);
    h1 = (((h1 << 17) | (h1 >>> 15)) + this.h2) | 0;
    const h2 = Math.imul(this.h2 ^ k, 0xc2b2ae3d);
    this.h0 = h0;
    this.h1 = h1;
    this.h2 = (((h2 << 19) | (h2 >>> 13)) + h0) | 0;
  }
}

function fmix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** 128-bit hash of a text as 32 hex digits, for names and cache keys. `seed`: a 32-bit word. */
export function hash128(text: string, seed = 0): string {
  const low = BigInt(seed >>> 0);
  return hex64(wasm.h64(text, low)) + hex64(wasm.h64(text, low ^ 0x9e3779b97f4a7c15n));
}

function hex64(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}
