import { isAscii, isUtf8 } from 'node:buffer';
import type { ValueReader } from '../../core/codec.ts';
import { Backlog } from './backlog.ts';
import { type FramerLimits, NO_BYTES, OVERSIZE_KEPT_BYTES, WithoutMark } from './limits.ts';

const LF = 10;
/** Text made at once: it stays in the cache until its lines are read, and dies young, where a large text would call for a whole collection. */
const WINDOW_BYTES = 64 * 1024;

/**
 * Lines of a file with their ends. The whole lines of a chunk become one string, and a line is a slice of it; where not
 * all is ASCII each line is decoded by itself. Lines that are no UTF-8 are given as bytes; of one that is too long the
 * beginning is given.
 */
export class Lines {
  /** The line with its end. */
  line: string | Buffer = '';
  /** Its size, with what stood before it and says nothing (a byte order mark). */
  bytes = 0;
  isOversize = false;
  private readonly maxBytes: number;
  private readonly mark: WithoutMark;
  private markBytes = 0;
  /** Whole lines not given yet from `at` on: their bytes, and the same as text of one byte a character. */
  private whole: Buffer = NO_BYTES;
  private text = '';
  private isText = true;
  private at = 0;
  /** Whole lines behind those. */
  private queued: Buffer = NO_BYTES;
  /** An incomplete last line; of one that is too long the beginning, and how much of it went by. */
  private readonly rest = new Backlog();
  private head: Buffer = NO_BYTES;
  private dropped = 0;
  /** One that was too long has ended: it is next. */
  private isCut = false;
  private finished = false;

  constructor(offset: number, limits: FramerLimits) {
    this.mark = new WithoutMark(offset);
    this.maxBytes = limits.maxRecordBytes;
  }

  push(chunk: Uint8Array): void {
    this.add(this.mark.take(chunk));
  }

  finish(): void {
    if (this.finished) return;
    this.add(this.mark.take(NO_BYTES, true));
    this.finished = true;
    this.isCut = this.dropped > 0;
  }

  private add(chunk: Buffer): void {
    this.markBytes += this.mark.skipped;
    this.mark.skipped = 0;
    let bytes = chunk;
    if (this.dropped > 0) {
      const end = bytes.indexOf(LF) + 1;
      this.isCut = end > 0;
      this.dropped += this.isCut ? end : bytes.byteLength;
      if (!this.isCut) return;
      bytes = bytes.subarray(end);
    }
    const end = bytes.lastIndexOf(LF) + 1;
    if (end > 0) {
      let begin = 0;
      if (this.rest.length > 0) {
        begin = bytes.indexOf(LF) + 1;
        this.rest.add(bytes.subarray(0, begin));
        this.load(this.rest.take());
      }
      this.queued = bytes.subarray(begin, end);
    }
    if (end < bytes.byteLength) this.rest.add(bytes.subarray(end));
    if (this.rest.length > this.maxBytes && !this.isCut) this.drop();
  }

  private drop(): void {
    this.dropped = this.rest.length;
    this.head = Buffer.from(this.rest.take().subarray(0, OVERSIZE_KEPT_BYTES));
  }

  private load(bytes: Buffer): void {
    this.at = 0;
    this.whole = bytes;
    this.isText = isAscii(bytes);
    this.text = bytes.toString('latin1');
  }

  next(): boolean {
    if (this.isCut) return this.nextCut();
    if (!this.hasWhole()) {
      if (!this.finished || this.rest.length === 0) return false;
      this.load(this.rest.take());
    }
    const { whole, text, at } = this;
    const found = text.indexOf('\n', at) + 1;
    const end = found === 0 ? text.length : found;
    this.at = end;
    if (this.isText) return this.give(text.slice(at, end), end - at);
    const bytes = whole.subarray(at, end);
    return this.give(isUtf8(bytes) ? bytes.toString() : Buffer.from(bytes), bytes.byteLength);
  }

  /** The next line where `reader` can read it, in `line` without its end; false: ask `next`. */
  nextRead(reader: ValueReader): boolean {
    if (this.isCut || !this.hasWhole()) return false;
    const { whole, text, at } = this;
    if (whole[whole.byteLength - 1] !== LF) return false;
    const end = reader.read(whole, text, at);
    if (end === 0) return false;
    const next = end + (whole[end] === 13 ? 2 : 1);
    if (whole[next - 1] !== LF || next - at > this.maxBytes) return false;
    this.at = next;
    this.isOversize = false;
    this.line = text.slice(at, end);
    this.bytes = this.markBytes === 0 ? next - at : next - at + this.takeMark();
    return true;
  }

  private hasWhole(): boolean {
    if (this.at < this.text.length) return true;
    const { queued } = this;
    if (queued.byteLength === 0) return false;
    const end = windowEnd(queued);
    this.load(queued.subarray(0, end));
    this.queued = queued.subarray(end);
    return true;
  }

  private nextCut(): boolean {
    this.line = this.head;
    this.bytes = this.dropped + this.takeMark();
    this.isOversize = true;
    this.isCut = false;
    this.dropped = 0;
    if (this.rest.length > this.maxBytes) this.drop();
    return true;
  }

  private give(line: string | Buffer, bytes: number): boolean {
    this.isOversize = bytes > this.maxBytes;
    this.line = this.isOversize ? Buffer.from(line).subarray(0, OVERSIZE_KEPT_BYTES) : line;
    this.bytes = this.markBytes === 0 ? bytes : bytes + this.takeMark();
    return true;
  }

  private takeMark(): number {
    const bytes = this.markBytes;
    this.markBytes = 0;
    return bytes;
  }
}

/** After the last line that ends within a window, or else after the first line. */
function windowEnd(lines: Buffer): number {
  if (lines.byteLength <= WINDOW_BYTES) return lines.byteLength;
  const end = lines.lastIndexOf(LF, WINDOW_BYTES - 1) + 1;
  return end > 0 ? end : lines.indexOf(LF, WINDOW_BYTES) + 1;
}

/** The line without its end, LF or CRLF; of the last line there may be none. */
export function withoutEnd(line: string): string {
  let end = line.length;
  if (line.charCodeAt(end - 1) === LF) end--;
  if (line.charCodeAt(end - 1) === 13) end--;
  return end === line.length ? line : line.slice(0, end);
}

export function bytesWithoutEnd(line: Buffer): Buffer {
  let end = line.byteLength;
  if (line[end - 1] === LF) end--;
  if (line[end - 1] === 13) end--;
  return line.subarray(0, end);
}

/** Nothing but white space. */
export function isBlank(line: string): boolean {
  return line.length === 0 || (line.charCodeAt(0) <= 32 && line.trim() === '');
}
