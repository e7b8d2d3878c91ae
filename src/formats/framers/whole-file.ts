import type { Codec } from '../../core/codec.ts';
import type { Framer } from '../../core/framer.ts';
import type { Payload } from '../../core/record.ts';
import { asBuffer } from '../payload-text.ts';
import { Backlog } from './backlog.ts';
import { type FramerLimits, OVERSIZE_KEPT_BYTES, oversize } from './limits.ts';

/** A file is one record: bytes have no lines. An empty file is none. */
export class WholeFileFramer implements Framer {
  payload: Payload = '';
  readonly data = undefined;
  codec: Codec | undefined;
  bytes = 0;
  offset: number;
  private readonly inputCodec: Codec;
  private readonly limits: FramerLimits;
  private readonly all = new Backlog();
  private head: Buffer | undefined;
  private finished = false;

  constructor(codec: Codec, offset: number, limits: FramerLimits) {
    this.inputCodec = codec;
    this.offset = offset;
    this.limits = limits;
  }

  push(chunk: Uint8Array): void {
    this.bytes += chunk.byteLength;
    if (this.head !== undefined) return;
    this.all.add(asBuffer(chunk));
    if (this.bytes > this.limits.maxRecordBytes)
      this.head = Buffer.from(this.all.take().subarray(0, OVERSIZE_KEPT_BYTES));
  }

  finish(): void {
    this.finished = true;
  }

  state(): undefined {
    return undefined;
  }

  next(): boolean {
    if (!this.finished || (this.all.length === 0 && this.head === undefined)) return false;
    this.codec = this.head === undefined ? undefined : oversize(this.inputCodec, this.bytes, this.limits);
    this.payload = this.head ?? this.all.take();
    this.head = undefined;
    this.offset += this.bytes;
    return true;
  }
}
