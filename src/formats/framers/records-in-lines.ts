import type { Codec, ValueReader } from '../../core/codec.ts';
import type { Framer } from '../../core/framer.ts';
import type { Layout, Payload } from '../../core/record.ts';
import { type FramerLimits, oversize } from './limits.ts';
import { bytesWithoutEnd, isBlank, Lines, withoutEnd } from './lines.ts';

/** One record a line, without its end. Blank lines are skipped and counted; the last line may lack its end. */
export class LineFramer implements Framer {
  readonly isLine = true;
  payload: Payload = '';
  data: unknown;
  layout: Layout | undefined;
  layoutAt = 0;
  codec: Codec;
  bytes = 0;
  offset: number;
  blank = 0;
  private readonly lines: Lines;
  private readonly inputCodec: Codec;
  private readonly limits: FramerLimits;
  private readonly reader: ValueReader | undefined;

  constructor(codec: Codec, offset: number, limits: FramerLimits) {
    this.inputCodec = codec;
    this.codec = codec;
    this.offset = offset;
    this.limits = limits;
    this.reader = codec.reader?.();
    this.lines = new Lines(offset, limits);
  }

  push(chunk: Uint8Array): void {
    this.lines.push(chunk);
  }

  finish(): void {
    this.lines.finish();
  }

  state(): undefined {
    return undefined;
  }

  next(): boolean {
    const { lines, reader } = this;
    if (reader !== undefined && lines.nextRead(reader)) return this.giveRead(reader);
    while (lines.next()) {
      const { line, bytes } = lines;
      this.bytes = bytes;
      this.offset += bytes;
      if (typeof line === 'string') {
        const payload = withoutEnd(line);
        if (isBlank(payload)) {
          this.blank++;
          continue;
        }
        this.payload = payload;
        reader?.learn(payload);
      } else this.payload = bytesWithoutEnd(line);
      this.data = undefined;
      this.layout = undefined;
      this.codec = lines.isOversize ? oversize(this.inputCodec, bytes, this.limits) : this.inputCodec;
      return true;
    }
    return false;
  }

  private giveRead(reader: ValueReader): boolean {
    const { lines } = this;
    this.bytes = lines.bytes;
    this.offset += lines.bytes;
    this.payload = lines.line;
    this.data = reader.data;
    this.layout = reader.layout;
    this.layoutAt = reader.layoutAt;
    this.codec = this.inputCodec;
    return true;
  }
}
