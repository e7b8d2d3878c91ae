import { isAscii, isUtf8 } from 'node:buffer';
import { Backlog } from './backlog.ts';
import { type FramerLimits, NO_BYTES, OVERSIZE_KEPT_BYTES, WithoutMark } from './limits.ts';

const LF = 10;

/**
 * Lines of a file with their ends. The whole lines of a chunk become one string, and a line is a slice of it: no byte is
 * touched a second time. Lines that are no UTF-8 are given as bytes; of one that is too long the beginning is given.
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
  /** Whole lines not given yet: as text, of one byte a character or more, or as bytes. */
  private text = '';
  private isWide = false;
  private raw: Buffer = NO_BYTES;
  private at = 0;
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
      if (this.rest.length === 0) this.load(bytes.subarray(0, end));
      else {
        this.rest.add(bytes.subarray(0, end));
        this.load(this.rest.take());
      }
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
    this.isWide = !isAscii(bytes);
    if (!this.isWide) this.text = bytes.toString('latin1');
    else if (isUtf8(bytes)) this.text = bytes.toString();
    else this.raw = bytes;
  }

  next(): boolean {
    if (this.isCut) return this.nextCut();
    if (this.text !== '') return this.nextText();
    if (this.raw.byteLength > 0) return this.nextRaw();
    if (!this.finished || this.rest.length === 0) return false;
    this.load(this.rest.take());
    return this.next();
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

  private nextText(): boolean {
    const { text, at } = this;
    const next = text.indexOf('\n', at) + 1;
    const line = next === 0 ? text.slice(at) : text.slice(at, next);
    if (next === 0 || next === text.length) this.text = '';
    this.at = next;
    return this.give(line, this.isWide ? Buffer.byteLength(line) : line.length);
  }

  private nextRaw(): boolean {
    const { raw, at } = this;
    const found = raw.indexOf(LF, at) + 1;
    const next = found === 0 ? raw.byteLength : found;
    const line = raw.subarray(at, next);
    this.at = next;
    if (next === raw.byteLength) this.raw = NO_BYTES;
    return this.give(isUtf8(line) ? line.toString() : Buffer.from(line), line.byteLength);
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
