import type { Header, Headers } from '../../../core/record.ts';

/**
 * Headers as they stand in a record: decoded when somebody looks, copied as bytes when they are passed on. `bytes` is a
 * view of the fetched response.
 */
export class WireHeaders implements Headers {
  readonly size: number;
  /** The headers without their count. */
  readonly bytes: Buffer;

  constructor(size: number, bytes: Buffer) {
    this.size = size;
    this.bytes = bytes;
  }

  entries(): readonly Header[] {
    const entries: Header[] = [];
    const cursor = new HeaderCursor(this);
    while (cursor.advance()) {
      const { bytes } = this;
      const name = bytes.toString('utf8', cursor.nameStart, cursor.nameEnd);
      const value = cursor.valueStart < 0 ? null : bytes.subarray(cursor.valueStart, cursor.end);
      entries.push({ name, value });
    }
    return entries;
  }
}

/** Walks encoded headers without making anything. */
export class HeaderCursor {
  nameStart = 0;
  nameEnd = 0;
  /** -1: the value is null. */
  valueStart = 0;
  /** Where the current header begins and ends. */
  start = 0;
  end = 0;
  private left: number;
  private readonly bytes: Buffer;
  private at = 0;

  constructor(headers: WireHeaders) {
    this.left = headers.size;
    this.bytes = headers.bytes;
  }

  /** False after the last one. */
  advance(): boolean {
    if (this.left-- <= 0) return false;
    this.start = this.end;
    this.at = this.start;
    const nameLength = this.readLength();
    this.nameStart = this.at;
    this.at += Math.max(nameLength, 0);
    this.nameEnd = this.at;
    const valueLength = this.readLength();
    this.valueStart = valueLength < 0 ? -1 : this.at;
    this.end = this.at + Math.max(valueLength, 0);
    if (nameLength < 0 || this.end > this.bytes.length) throw new RangeError('headers reach beyond their record');
    return true;
  }

  private readLength(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return (value >>> 1) ^ -(value & 1);
  }
}
