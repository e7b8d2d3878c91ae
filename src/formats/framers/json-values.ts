import { isUtf8 } from 'node:buffer';
import type { Payload } from '../../core/record.ts';
import { asBuffer, bomLength, MAX_RECORD_BYTES, NO_BYTES, OVERSIZE_KEPT_BYTES } from './limits.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** What resuming needs to know: the offset lies inside the list that is the file. */
interface JsonFileState {
  readonly inList: boolean;
}

/**
 * The elements of the list that is a .json file, or the values that stand in it one after another, pretty-printed or not. Bytes
 * are kept as they are. Memory holds one chunk and one element. What is not JSON comes out as a record that cannot be decoded.
 */
export class JsonFileFramer {
  payload: Payload = '';
  readonly data = undefined;
  bytes = 0;
  offset: number;
  private buffer: Buffer = NO_BYTES;
  /** Beginning of what was not given yet. */
  private from = 0;
  /** Next byte to look at, and what is known about the value it is in. */
  private at = 0;
  private depth = 0;
  private inString = false;
  private inValue = false;
  private inList: boolean;
  private begun: boolean;
  private finished = false;
  private cut = 0;

  constructor(offset: number, state: unknown) {
    this.offset = offset;
    this.begun = offset > 0;
    this.inList = (state as JsonFileState | undefined)?.inList === true; // as state() gave it
  }

  push(chunk: Uint8Array): void {
    let bytes = asBuffer(chunk);
    if (this.offset === 0 && this.buffer.byteLength === 0) {
      const skip = bomLength(bytes);
      this.offset += skip;
      bytes = bytes.subarray(skip);
    }
    const rest = this.buffer.subarray(this.from);
    this.buffer = rest.byteLength === 0 ? bytes : Buffer.concat([rest, bytes]);
    this.at -= this.from;
    this.from = 0;
    if (this.buffer.byteLength > MAX_RECORD_BYTES && this.inValue) this.shorten();
  }

  finish(): void {
    this.finished = true;
  }

  state(): JsonFileState {
    return { inList: this.inList };
  }

  next(): boolean {
    const { buffer } = this;
    while (this.at < buffer.byteLength) {
      if (!this.inValue) this.between();
      else if (this.within()) return this.give(this.at);
      else break;
    }
    return this.finished && this.inValue ? this.give(buffer.byteLength) : false;
  }

  /** One byte between values: white space, commas and the brackets of the list say nothing. */
  private between(): void {
    const c = this.buffer[this.at] as number; // below the length
    if (!this.begun && c === OPEN_LIST) {
      this.begun = true;
      this.inList = true;
      this.skip();
    } else if (c <= 32 || (this.inList && (c === COMMA || c === CLOSE_LIST))) {
      this.skip();
    } else {
      this.begun = true;
      this.inValue = true;
    }
  }

  private skip(): void {
    this.at++;
    this.offset += this.at - this.from;
    this.from = this.at;
  }

  /** Looks at bytes of a value until it ends (true, `at` behind it) or the buffer does. */
  private within(): boolean {
    const { buffer } = this;
    let { at, depth, inString } = this;
    const end = buffer.byteLength;
    let done = false;
    while (at < end) {
      const c = buffer[at] as number; // below the length
      if (inString) {
        if (c === BACKSLASH) {
          if (at + 1 >= end) break; // the escaped byte comes with the next chunk
          at++;
        } else if (c === QUOTE) {
          inString = false;
          done = depth === 0;
        }
      } else if (c === QUOTE) inString = true;
      else if (c === OPEN_OBJECT || c === OPEN_LIST) depth++;
      else if (c === CLOSE_OBJECT || c === CLOSE_LIST) {
        if (depth === 0) return this.stop(at, depth, inString, true);
        done = --depth === 0;
      } else if (depth === 0 && (c <= 32 || c === COMMA)) return this.stop(at, depth, inString, true);
      at++;
      if (done) break;
    }
    return this.stop(at, depth, inString, done);
  }

  private stop(at: number, depth: number, inString: boolean, done: boolean): boolean {
    this.at = at;
    this.depth = depth;
    this.inString = inString;
    return done;
  }

  private give(end: number): boolean {
    const value = this.buffer.subarray(this.from, end);
    this.payload = isUtf8(value) ? value.toString('utf8') : value;
    this.bytes = value.byteLength + this.cut;
    this.offset += this.bytes;
    this.cut = 0;
    this.from = end;
    this.at = Math.max(this.at, end);
    this.inValue = false;
    this.inString = false;
    this.depth = 0;
    return true;
  }

  private shorten(): void {
    this.cut += this.buffer.byteLength - OVERSIZE_KEPT_BYTES;
    this.buffer = Buffer.concat([this.buffer.subarray(0, OVERSIZE_KEPT_BYTES)]);
    this.at = this.buffer.byteLength;
  }
}
