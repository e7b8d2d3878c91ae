import type { Gunzip, Gzip, ZstdCompress, ZstdDecompress } from 'minizlib';

type Stream = Gzip | Gunzip | ZstdCompress | ZstdDecompress;

/** What comes out beyond this takes several buffers, and is joined. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * Packs or unpacks whole blocks, one after the other, by one stream: the same bytes and the same errors as the function of
 * `node:zlib` that does it at once. That one makes a stream for every block. To pack a small one takes it twice the time, and V8
 * takes the native part of a stream for alive until everything is collected, with its buffer of 64 KiB: commits 10 ms apart filled the
 * 64 MiB outside the heap, at which V8 collects everything, in two seconds.
 *
 * The stream must be made to end with each write.
 */
export class BlockStream {
  private readonly make: () => Stream;
  private readonly isReset: boolean;
  private readonly parts: Buffer[] = [];
  private stream: Stream | undefined;

  /** `isReset`: so that a block never goes on from the one before. A compressor of zstd begins anew by itself, and would forget its level. */
  constructor(make: () => Stream, { isReset }: { readonly isReset: boolean }) {
    this.make = make;
    this.isReset = isReset;
  }

  /** Throws what the stream says of a damaged block; the next block has another stream. */
  run(block: Buffer): Buffer {
    const stream = this.stream ?? this.open();
    this.stream = undefined;
    this.parts.length = 0;
    stream.write(block);
    if (this.isReset) stream.reset();
    this.stream = stream;
    return this.take();
  }

  private open(): Stream {
    const stream = this.make();
    stream.on('data', (part) => this.parts.push(part as Buffer));
    return stream;
  }

  private take(): Buffer {
    const { parts } = this;
    const [first] = parts;
    const whole = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
    parts.length = 0;
    return whole;
  }
}
