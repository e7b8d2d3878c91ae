import { isAscii, isUtf8 } from 'node:buffer';
import type { Codec } from '../../core/codec.ts';
import type { Framer } from '../../core/framer.ts';
import type { Payload } from '../../core/record.ts';
import { Backlog } from './backlog.ts';
import { type FramerLimits, NO_BYTES, OVERSIZE_KEPT_BYTES, oversize, rejecting, WithoutMark } from './limits.ts';

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

interface JsonFileState {
  /** The offset lies inside a list that stands at the top of the file. */
  readonly inList: boolean;
}

/**
 * The values of a .json file: the elements of a list at its top, or what stands there one after another, on one line or
 * over many. Bytes are kept as they are. Memory holds one chunk and one value. What is no JSON comes out as a record
 * that cannot be decoded, and so does a list that the file ends in.
 */
export class JsonFileFramer implements Framer {
  payload: Payload = '';
  readonly data = undefined;
  codec: Codec;
  bytes = 0;
  offset: number;
  private readonly inputCodec: Codec;
  private readonly limits: FramerLimits;
  private readonly mark: WithoutMark;
  private readonly rest = new Backlog();
  private buffer: Buffer = NO_BYTES;
  /** Beginning of what was not given yet, and the next byte to look at. */
  private from = 0;
  private at = 0;
  private inList: boolean;
  private inValue = false;
  private isScalar = false;
  private depth = 0;
  private inString = false;
  private isEscaped = false;
  /** Bytes of a value that is too long, and its beginning. */
  private dropped = 0;
  private head: Buffer = NO_BYTES;
  private finished = false;

  constructor(codec: Codec, resume: { readonly offset: number; readonly state: unknown }, limits: FramerLimits) {
    this.inputCodec = codec;
    this.codec = codec;
    this.limits = limits;
    this.offset = resume.offset;
    this.mark = new WithoutMark(resume.offset);
    this.inList = (resume.state as JsonFileState | undefined)?.inList === true; // as state() gave it
  }

  push(chunk: Uint8Array): void {
    this.add(this.mark.take(chunk));
  }

  finish(): void {
    if (this.finished) return;
    this.add(this.mark.take(NO_BYTES, true));
    this.finished = true;
  }

  state(): JsonFileState {
    return { inList: this.inList };
  }

  private add(bytes: Buffer): void {
    this.offset += this.mark.skipped;
    this.mark.skipped = 0;
    if (this.from < this.buffer.byteLength) this.rest.add(this.buffer.subarray(this.from));
    const seen = this.at - this.from;
    if (this.rest.length === 0) this.buffer = bytes;
    else {
      this.rest.add(bytes);
      this.buffer = this.rest.take();
    }
    this.at = seen;
    this.from = 0;
  }

  next(): boolean {
    for (;;) {
      if (!this.inValue && !this.begin()) return this.finished && this.inList ? this.giveTruncated() : false;
      if (this.within()) return this.give();
      if (this.at - this.from > this.limits.maxRecordBytes || this.dropped > 0) this.drop();
      if (!this.finished) return false;
      return this.give();
    }
  }

  /** Skips what says nothing between values: white space, commas, the brackets of a list. False at the end of the bytes. */
  private begin(): boolean {
    const { buffer } = this;
    let { at } = this;
    for (; at < buffer.byteLength; at++) {
      const c = buffer[at] as number; // below the length
      if (c <= 32 || c === COMMA) continue;
      if (c === OPEN_LIST && !this.inList) this.inList = true;
      else if (c === CLOSE_LIST && this.inList) this.inList = false;
      else {
        this.inValue = true;
        this.isScalar = c !== QUOTE && c !== OPEN_OBJECT && c !== OPEN_LIST;
        break;
      }
    }
    this.offset += at - this.from;
    this.from = at;
    this.at = at;
    return this.inValue;
  }

  /** Looks at bytes of a value until it ends (true, `at` behind it) or the bytes do. */
  private within(): boolean {
    return this.isScalar ? this.withinScalar() : this.withinContainer();
  }

  /** A number, a word, or what is no JSON at all. */
  private withinScalar(): boolean {
    const { buffer } = this;
    for (let at = this.at; at < buffer.byteLength; at++) {
      const c = buffer[at] as number; // below the length
      if (c > 32 && c !== COMMA && !(c === CLOSE_LIST && this.inList)) continue;
      this.at = at;
      return true;
    }
    this.at = buffer.byteLength;
    return false;
  }

  private withinContainer(): boolean {
    const { buffer } = this;
    const end = buffer.byteLength;
    let { at, depth, inString } = this;
    let isDone = false;
    if (this.isEscaped && at < end) {
      this.isEscaped = false;
      at++;
    }
    while (at < end && !isDone) {
      const c = buffer[at++] as number; // below the length
      if (inString) {
        if (c === BACKSLASH) {
          if (at === end) this.isEscaped = true;
          at++;
        } else if (c === QUOTE) {
          inString = false;
          isDone = depth === 0;
        }
      } else if (c === QUOTE) inString = true;
      else if (c === OPEN_OBJECT || c === OPEN_LIST) depth++;
      else if (c === CLOSE_OBJECT || c === CLOSE_LIST) isDone = --depth === 0;
    }
    this.at = Math.min(at, end);
    this.depth = depth;
    this.inString = inString;
    return isDone;
  }

  /** Of a value that is too long only the beginning is kept. */
  private drop(): void {
    if (this.dropped === 0) this.head = Buffer.from(this.buffer.subarray(this.from, this.from + OVERSIZE_KEPT_BYTES));
    this.dropped += this.at - this.from;
    this.from = this.at;
  }

  private give(): boolean {
    const value = this.buffer.subarray(this.from, this.at);
    this.bytes = value.byteLength + this.dropped;
    this.offset += this.bytes;
    const isOversize = this.bytes > this.limits.maxRecordBytes;
    if (isOversize) this.payload = this.dropped > 0 ? this.head : Buffer.from(value.subarray(0, OVERSIZE_KEPT_BYTES));
    else this.payload = ownPayload(value);
    this.codec = isOversize ? oversize(this.inputCodec, this.bytes, this.limits) : this.inputCodec;
    this.from = this.at;
    this.dropped = 0;
    this.inValue = false;
    this.depth = 0;
    this.inString = false;
    this.isEscaped = false;
    return true;
  }

  private giveTruncated(): boolean {
    this.inList = false;
    this.payload = '';
    this.bytes = 0;
    this.codec = rejecting(this.inputCodec, 'the file ends inside its list: it is cut off; deliver it again');
    return true;
  }
}

/** Text where the bytes are one, else a copy of them. */
function ownPayload(value: Buffer): string | Buffer {
  if (isAscii(value)) return value.toString('latin1');
  return isUtf8(value) ? value.toString() : Buffer.from(value);
}
