import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { constants, crc32, createGunzip, createZstdDecompress } from 'node:zlib';
import { BrokerError } from '../../core/errors.ts';
import { fileError, onFile, readFully } from './files.ts';
import type { Fingerprint } from './manifest.ts';

/** Large enough that a read costs nothing per record, small enough that a few of them are nothing in memory. */
export const CHUNK_BYTES = 512 * 1024;
/** One chunk is being read, one was just given, and of the one before that its reader may still take the rest over. */
const BUFFERS = 3;
/** Bytes of a file that stand for its beginning, and for what lies before a position. */
const PRINT_BYTES = 4096;

/** Space, tab, line feed, carriage return. */
const WHITE: ReadonlySet<number> = new Set([32, 9, 10, 13]);

export type Compression = 'none' | 'gz' | 'zst';

/**
 * The bytes of one file from an offset on, decompressed, in order. Holds at most one chunk read ahead; a decompressor
 * gives chunks of CHUNK_BYTES whatever the ratio, and is only asked when the last one was taken.
 */
export class PartBytes {
  readonly path: string;
  readonly inode: string;
  private readonly file: FileHandle;
  private readonly compression: Compression;
  private stream: Readable | undefined;
  private chunks: AsyncIterator<Buffer> | undefined;
  /** Next byte to read, after decompression. */
  private at: number;
  private ahead: Promise<Uint8Array | undefined> | undefined;
  /** Of a file that is not compressed: they take turns. */
  private readonly buffers: Buffer[] = [];
  private turn = 0;
  /** Fingerprints being taken: a commit may ask for one while the poll beside it leaves the file. */
  private busy: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    file: FileHandle,
    options: { inode: string; compression: Compression; from: number },
  ) {
    this.path = path;
    this.file = file;
    this.inode = options.inode;
    this.compression = options.compression;
    this.at = options.from;
  }

  static async open(path: string, compression: Compression, from: number): Promise<PartBytes> {
    return onFile('read', path, async () => {
      const file = await open(path, 'r');
      const status = await file.stat({ bigint: true });
      if (status.isDirectory()) {
        await file.close();
        throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
      }
      const bytes = new PartBytes(path, file, { inode: String(status.ino), compression, from });
      try {
        if (compression !== 'none') await bytes.skip(from);
      } catch (error) {
        await bytes.close();
        throw error;
      }
      return bytes;
    });
  }

  /** The next chunk; undefined at the end of the file as it is now. Its bytes stay as they are until the call after the next one. */
  async read(): Promise<Uint8Array | undefined> {
    const chunk = await (this.ahead ?? this.fetch());
    this.ahead = undefined;
    if (chunk !== undefined) {
      this.ahead = this.fetch();
      this.ahead.catch(() => {}); // reported by the read that takes it
    }
    return chunk;
  }

  private async fetch(): Promise<Uint8Array | undefined> {
    try {
      if (this.compression !== 'none') return await this.decompressed();
      const chunk = await readFully(this.file, this.at, CHUNK_BYTES, this.nextBuffer());
      this.at += chunk.byteLength;
      return chunk.byteLength === 0 ? undefined : chunk;
    } catch (error) {
      throw this.readError(error);
    }
  }

  private nextBuffer(): Buffer {
    const { buffers, turn } = this;
    this.turn = (turn + 1) % BUFFERS;
    const buffer = buffers[turn] ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    buffers[turn] = buffer;
    return buffer;
  }

  private readError(error: unknown): Error {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('Z_') && !code.startsWith('ZSTD_') && !code.startsWith('ERR_'))
      return fileError('read', this.path, error);
    return new BrokerError(
      `cannot decompress ${this.path} after ${this.at} bytes: ${error instanceof Error ? error.message : ''}. The file is cut off or damaged: deliver it again`,
      { code: 'input-damaged', cause: error },
    );
  }

  private async decompressed(): Promise<Uint8Array | undefined> {
    if (this.chunks === undefined) {
      const raw = createReadStream(this.path, {
        fd: this.file.fd,
        autoClose: false,
        start: 0,
        highWaterMark: CHUNK_BYTES,
      });
      const inflate =
        this.compression === 'gz'
          ? createGunzip({ chunkSize: CHUNK_BYTES })
          : createZstdDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
      raw.on('error', (error) => inflate.destroy(error));
      this.stream = raw.pipe(inflate);
      this.chunks = this.stream[Symbol.asyncIterator]();
    }
    const next = await this.chunks.next();
    if (next.done === true) return undefined;
    this.at += next.value.byteLength;
    return next.value;
  }

  /** Decompresses from the beginning and drops what was read before. */
  private async skip(from: number): Promise<void> {
    this.at = 0;
    while (this.at < from) {
      const chunk = await this.fetch();
      if (chunk === undefined)
        throw inputReplaced(this.path, `it holds ${this.at} bytes after decompression, ${from} were read before`);
      if (this.at > from) this.ahead = Promise.resolve(chunk.subarray(chunk.byteLength - (this.at - from)));
    }
  }

  /** Bytes read so far, after decompression; right after `read` gave undefined it is where the file ended. */
  get offset(): number {
    return this.at;
  }

  /** Bytes in the file as it is now, before decompression. */
  async size(): Promise<number> {
    return (await onFile('look at', this.path, () => this.file.stat())).size;
  }

  /** A file that grew since it was read to its end may not have gone on in the middle of its last record. */
  async checkContinued(): Promise<void> {
    if (this.compression !== 'none' || this.at === 0) return;
    const around = await onFile('read', this.path, () => readFully(this.file, this.at - 1, 2));
    if (around.byteLength < 2 || WHITE.has(around[0] ?? 0) || WHITE.has(around[1] ?? 0)) return;
    throw inputReplaced(this.path, `its last record, which ended at byte ${this.at} without a line end, was continued`);
  }

  /** What must still be there when this part is opened again after `offset` bytes. */
  async fingerprint(offset: number): Promise<Fingerprint> {
    const print = onFile('read', this.path, async () =>
      fingerprintOf(this.file, this.compression === 'none' ? offset : await this.size()),
    );
    this.busy = Promise.allSettled([this.busy, print]);
    return print;
  }

  async close(): Promise<void> {
    await this.ahead?.catch(() => {});
    await this.busy;
    this.stream?.destroy();
    await this.file.close();
  }
}

async function fingerprintOf(file: FileHandle, length: number): Promise<Fingerprint> {
  const window = Math.min(length, PRINT_BYTES);
  const head = crc32(await readFully(file, 0, window));
  const tail = length === window ? head : crc32(await readFully(file, length - window, window));
  return { length, head, tail };
}

/** Throws when the file is not the one it was; gives its size. */
export async function checkPrint(path: string, print: Fingerprint): Promise<number> {
  return onFile('read', path, async () => {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size < print.length) throw inputReplaced(path, `it holds ${size} bytes, ${print.length} were read before`);
    const now = await fingerprintOf(file, print.length);
    if (now.head !== print.head) throw inputReplaced(path, 'its first bytes differ');
    if (now.tail !== print.tail) throw inputReplaced(path, 'the bytes before the position differ');
    return size;
  });
}

export function inputReplaced(path: string, what: string): BrokerError {
  return new BrokerError(
    `input replaced: ${path} is not the file that was read before: ${what}. Put it back, or read everything again with --from-start`,
    { code: 'input-replaced' },
  );
}
