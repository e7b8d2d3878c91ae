import { isUtf8 } from 'node:buffer';
import { FormatError } from '../../core/errors.ts';

/** Elements without bytes of their own (nulls, empty records) that one value may claim. */
const MAX_EMPTY_ITEMS = 1_000_000;
/** Deepest nesting of records, lists and maps. */
const MAX_DEPTH = 200;
const TWO_28 = 2 ** 28;
/** Below it the unsigned form of a long is exact in a double. */
const EXACT_MIDDLE = 2 ** 25;

/** Reads Avro's binary form out of one payload. Every read is checked against its end: no count or length is believed. */
export class Tap {
  private bytes: Buffer = Buffer.alloc(0);
  private end = 0;
  private depth = 0;
  private empty = 0;
  at = 0;

  reset(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = bytes.length;
    this.depth = 0;
    this.empty = 0;
  }

  /** What follows the value would be read by nobody. */
  finish(): void {
    if (this.at !== this.end) throw bad(`${this.end - this.at} bytes follow the value`);
  }

  enter(): void {
    if (++this.depth > MAX_DEPTH) throw bad(`nested deeper than ${MAX_DEPTH}`);
  }

  leave(): void {
    this.depth--;
  }

  boolean(): boolean {
    const byte = this.byte();
    if (byte > 1) throw bad('a boolean that is neither 0 nor 1');
    return byte === 1;
  }

  /** Zig-zag varint of at most 32 bits. */
  int(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value !== (value | 0)) throw bad('an int of more than 32 bits');
    return value;
  }

  /** Zig-zag varint of at most 64 bits: a number where a double holds it exactly, else a bigint. */
  long(): number | bigint {
    const low = this.septets();
    if (low >= 0) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
    const middle = this.septets();
    if (middle >= 0) return unzigzag(~low, middle, 0);
    const first = this.byte();
    const second = first > 127 ? this.byte() : 0;
    if (second > 1) throw bad('a number of more than 64 bits');
    return unzigzag(~low, ~middle, (first & 127) + second * 128);
  }

  float(): number {
    return this.bytes.readFloatLE(this.take(4));
  }

  double(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }

  /** Bytes of their own. */
  data(): Uint8Array {
    return this.fixed(this.length());
  }

  fixed(size: number): Uint8Array {
    const start = this.take(size);
    return new Uint8Array(this.bytes.subarray(start, start + size));
  }

  text(): string {
    const size = this.length();
    const start = this.take(size);
    const { bytes } = this;
    const end = start + size;
    for (let i = start; i < end; i++) {
      if ((bytes[i] as number) > 127) return this.wideText(start, end); // i is below the length
    }
    return bytes.toString('latin1', start, end);
  }

  /** Items of the next block of a list or map, 0 behind the last. `itemBytes` is the least an item takes. */
  block(itemBytes: number): number {
    let count = this.long();
    if (count < 0) {
      count = -count;
      this.long(); // bytes of the block: of use to who skips it
    }
    const items = Number(count);
    if (itemBytes === 0) this.empty += items;
    const isTooMany = itemBytes > 0 ? items > (this.end - this.at) / itemBytes : this.empty > MAX_EMPTY_ITEMS;
    if (isTooMany) throw bad('more items than there are bytes for');
    return items;
  }

  private byte(): number {
    return this.bytes[this.take(1)] as number; // take has seen that it is there
  }

  /** Length of what follows. */
  private length(): number {
    const length = this.long();
    if (typeof length === 'bigint' || length < 0) throw bad('a length that is none');
    return length;
  }

  private take(size: number): number {
    const start = this.at;
    if (size > this.end - start) throw bad('it ends too early');
    this.at = start + size;
    return start;
  }

  /** Up to four groups of 7 bits, least first; the complement (negative) when more follow. */
  private septets(): number {
    const { bytes, end } = this;
    let at = this.at;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw bad('it ends too early');
      const byte = bytes[at++] as number; // at was below the end
      value |= (byte & 127) << shift;
      if (byte < 128) {
        this.at = at;
        return value;
      }
    }
    this.at = at;
    return ~value;
  }

  private wideText(start: number, end: number): string {
    if (!isUtf8(this.bytes.subarray(start, end))) throw bad('a text that is not UTF-8');
    return this.bytes.toString('utf8', start, end);
  }
}

/** From bits 0 to 27, 28 to 55 and 56 to 63. */
function unzigzag(low: number, middle: number, high: number): number | bigint {
  if (high === 0 && middle < EXACT_MIDDLE) {
    const value = middle * TWO_28 + low;
    return value % 2 === 0 ? value / 2 : -(value - 1) / 2 - 1;
  }
  const wide = (BigInt(high) << 56n) | (BigInt(middle) << 28n) | BigInt(low);
  const value = (wide >> 1n) ^ -(wide & 1n);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function bad(what: string): FormatError {
  return new FormatError(`not Avro of its schema: ${what}`, { code: 'undecodable' });
}
