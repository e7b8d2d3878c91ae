import type { Codec } from '../../core/codec.ts';
import type { Framer } from '../../core/framer.ts';
import type { Payload } from '../../core/record.ts';
import { type FramerLimits, oversize } from './limits.ts';
import { bytesWithoutEnd, isBlank, Lines, withoutEnd } from './lines.ts';

/** One record a line, without its end. Blank lines are skipped and counted; the last line may lack its end. */
export class LineFramer implements Framer {
  payload: Payload = '';
  readonly data = undefined;
  codec: Codec;
  bytes = 0;
  offset: number;
  blank = 0;
  private readonly lines: Lines;
  private readonly inputCodec: Codec;
  private readonly limits: FramerLimits;

  constructor(codec: Codec, offset: number, limits: FramerLimits) {
    this.inputCodec = codec;
    this.codec = codec;
    this.offset = offset;
    this.limits = limits;
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
    const { lines } = this;
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
      } else this.payload = bytesWithoutEnd(line);
      this.codec = lines.isOversize ? oversize(this.inputCodec, bytes, this.limits) : this.inputCodec;
      return true;
    }
    return false;
  }
}
