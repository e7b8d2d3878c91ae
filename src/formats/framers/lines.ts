import { isAscii, isUtf8 } from 'node:buffer';
import type { Payload } from '../../core/record.ts';
import { asBuffer, bomLength, MAX_RECORD_BYTES, NO_BYTES, OVERSIZE_KEPT_BYTES } from './limits.ts';

const LF = 10;
const CR = 13;

/**
 * One record a line. A chunk that is pure ASCII becomes one string, and its lines are slices of that: no bytes are touched a
 * second time. Blank lines are skipped; the last line may lack its end.
 */
export class LineFramer {
  payload: Payload = '';
  readonly data = undefined;
  bytes = 0;
  /** Offset after the record given last. */
  offset: number;
  /** Whole lines not given yet, as text (ASCII) or as bytes. */
  private text = '';
  private lines: Buffer = NO_BYTES;
  private at = 0;
  /** An incomplete last line, and how much of it was cut away because it is too long. */
  private rest: Buffer = NO_BYTES;
  private cut = 0;
  private finished = false;
  private atStart: boolean;

  constructor(offset: number) {
    this.offset = offset;
    this.atStart = offset === 0;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.withoutBom(asBuffer(chunk));
    const end = bytes.lastIndexOf(LF) + 1;
    if (end === 0) {
      this.keep(bytes);
      return;
    }
    this.load(this.rest.byteLength === 0 ? bytes.subarray(0, end) : Buffer.concat([this.rest, bytes.subarray(0, end)]));
    this.rest = NO_BYTES;
    this.keep(bytes.subarray(end));
  }

  finish(): void {
    this.finished = true;
  }

  state(): undefined {
    return undefined;
  }

  next(): boolean {
    for (;;) {
      if (this.text !== '' ? this.nextText() : this.nextBytes()) return true;
      if (this.hasLines) continue;
      if (!this.finished || this.rest.byteLength === 0) return false;
      this.load(this.rest);
      this.rest = NO_BYTES;
    }
  }

  private get hasLines(): boolean {
    return this.text !== '' || this.lines.byteLength > 0;
  }

  private withoutBom(bytes: Buffer): Buffer {
    if (!this.atStart) return bytes;
    this.atStart = false;
    const skip = bomLength(bytes);
    this.offset += skip;
    return bytes.subarray(skip);
  }

  private load(bytes: Buffer): void {
    this.at = 0;
    if (isAscii(bytes)) this.text = bytes.toString('latin1');
    else this.lines = bytes;
  }

  private keep(bytes: Buffer): void {
    if (bytes.byteLength === 0) return;
    this.rest = this.rest.byteLength === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    if (this.rest.byteLength <= MAX_RECORD_BYTES) return;
    this.cut += this.rest.byteLength - OVERSIZE_KEPT_BYTES;
    this.rest = Buffer.from(this.rest.subarray(0, OVERSIZE_KEPT_BYTES));
  }

  /** False when the line was blank or the text is used up. */
  private nextText(): boolean {
    const { text, at } = this;
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const next = Math.min(end + 1, text.length);
    this.advance(next - at);
    const stop = text.charCodeAt(end - 1) === CR && end > at ? end - 1 : end;
    this.payload = text.slice(at, stop);
    this.at = next;
    if (next >= text.length) this.text = '';
    return !isBlank(this.payload);
  }

  private nextBytes(): boolean {
    const { lines, at } = this;
    if (lines.byteLength === 0) return false;
    const found = lines.indexOf(LF, at);
    const end = found < 0 ? lines.byteLength : found;
    const next = Math.min(end + 1, lines.byteLength);
    this.advance(next - at);
    const line = lines.subarray(at, lines[end - 1] === CR && end > at ? end - 1 : end);
    this.at = next;
    if (next >= lines.byteLength) this.lines = NO_BYTES;
    if (line.byteLength === 0) return false;
    this.payload = isUtf8(line) ? line.toString('utf8') : line;
    return typeof this.payload !== 'string' || !isBlank(this.payload);
  }

  private advance(bytes: number): void {
    this.bytes = bytes + this.cut;
    this.offset += bytes + this.cut;
    this.cut = 0;
  }
}

function isBlank(line: string): boolean {
  const first = line.charCodeAt(0);
  return line.length === 0 || ((first === 32 || first === 9) && line.trim() === '');
}
