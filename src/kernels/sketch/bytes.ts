import { StateError } from '../../core/errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a run of bytes holds: a four-letter kind and the version of its layout. */
export interface Layout {
  readonly kind: string;
  readonly version: number;
}

/**
 * Little-endian bytes that grow. They begin with `kind` (4 ASCII letters) and `version` (u16), so that a reader knows
 * what it has in hand; every list carries its length.
 */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private at = 0;

  constructor({ kind, version }: Layout) {
    for (let i = 0; i < 4; i++) this.u8(kind.charCodeAt(i));
    this.u16(version);
  }

  u8(value: number): void {
    this.reserve(1);
    this.view.setUint8(this.at, value);
    this.at += 1;
  }

  u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  text(value: string): void {
    this.raw(encoder.encode(value));
  }

  /** A list of bytes with its length: also another sketch. */
  raw(value: Uint8Array): void {
    this.u32(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  f64s(values: ArrayLike<number>): void {
    this.u32(values.length);
    this.reserve(values.length * 8);
    for (let i = 0; i < values.length; i++) this.f64(values[i]!);
  }

  u32s(values: ArrayLike<number>): void {
    this.u32(values.length);
    this.reserve(values.length * 4);
    for (let i = 0; i < values.length; i++) this.u32(values[i]!);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }

  private reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.at + more, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Reads what a ByteWriter wrote. Errors: StateError `bad-bytes` for another kind, version, or for bytes cut short. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly kind: string;
  private at = 0;

  constructor(bytes: Uint8Array, { kind, version }: Layout) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.kind = kind;
    let found = '';
    for (let i = 0; i < 4; i++) found += String.fromCharCode(this.u8());
    const written = this.u16();
    if (found !== kind) throw new StateError(`expected bytes of a ${kind}, found others`, { code: 'bad-bytes' });
    if (written !== version)
      throw new StateError(`a ${kind} of layout ${written} was found, this build reads ${version}: reset the state`, {
        code: 'bad-bytes',
      });
  }

  u8(): number {
    return this.view.getUint8(this.step(1));
  }

  u16(): number {
    return this.view.getUint16(this.step(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.step(4), true);
  }

  f64(): number {
    return this.view.getFloat64(this.step(8), true);
  }

  text(): string {
    return decoder.decode(this.raw());
  }

  raw(): Uint8Array {
    const length = this.u32();
    const from = this.step(length);
    return this.bytes.slice(from, from + length);
  }

  f64s(): Float64Array<ArrayBuffer> {
    const values = new Float64Array(this.length(8));
    for (let i = 0; i < values.length; i++) values[i] = this.f64();
    return values;
  }

  u32s(): Uint32Array<ArrayBuffer> {
    const values = new Uint32Array(this.length(4));
    for (let i = 0; i < values.length; i++) values[i] = this.u32();
    return values;
  }

  /** A length that the rest of the bytes can hold: a damaged one must not ask for memory. */
  private length(width: number): number {
    const length = this.u32();
    if (length * width > this.bytes.length - this.at) throw this.short();
    return length;
  }

  private step(width: number): number {
    const from = this.at;
    if (from + width > this.bytes.length) throw this.short();
    this.at = from + width;
    return from;
  }

  private short(): StateError {
    return new StateError(`bytes of a ${this.kind} end too early: restore an older checkpoint or reset the state`, {
      code: 'bad-bytes',
    });
  }
}
