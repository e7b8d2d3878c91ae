import { readInt64, writeInt64 } from './layout.ts';

/** Bytes behind their length, i32. */
export function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Builds the parts of a request's body between its batches. */
export class BodyWriter {
  private bytes = Buffer.allocUnsafe(256);
  private at = 0;

  int8(value: number): this {
    this.room(1);
    this.bytes[this.at++] = value & 0xff;
    return this;
  }

  int16(value: number): this {
    this.room(2);
    this.at = this.bytes.writeInt16BE(value, this.at);
    return this;
  }

  int32(value: number): this {
    this.room(4);
    this.at = this.bytes.writeInt32BE(value, this.at);
    return this;
  }

  int64(value: number): this {
    this.room(8);
    writeInt64(this.bytes, value, this.at);
    this.at += 8;
    return this;
  }

  string(text: string | null): this {
    if (text === null) return this.int16(-1);
    const length = Buffer.byteLength(text);
    this.int16(length).room(length);
    this.at += this.bytes.write(text, this.at);
    return this;
  }

  /** What was written since the last take. */
  take(): Buffer {
    const part = this.bytes.subarray(0, this.at);
    this.bytes = this.bytes.subarray(this.at);
    this.at = 0;
    return part;
  }

  private room(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe((this.at + more) * 2 + 256);
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}

/** Reads an answer; beyond its end it throws RangeError. */
export class BodyReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return readInt64(this.bytes, this.at - 8);
  }

  string(): string | null {
    const length = this.int16();
    if (length < 0) return null;
    return this.slice(length).toString();
  }

  /** A view. */
  slice(length: number): Buffer {
    if (length < 0 || this.at + length > this.bytes.length) throw new RangeError('an answer is shorter than it says');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** One call of `item` for each element; a null array is empty. */
  array<T>(item: () => T): T[] {
    const count = this.int32();
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item());
    return items;
  }
}
