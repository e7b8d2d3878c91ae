import { constants } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { Gunzip, Gzip, ZstdCompress, ZstdDecompress } from 'minizlib';
import { BrokerError } from '../../../core/errors.ts';
import { BlockStream, CHUNK_BYTES } from './block-stream.ts';
import { lz4FrameBytes } from './lz4-frame.ts';
import { packSnappy, unpackSnappy } from './snappy-blocks.ts';

/** By number in a batch's attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

const GZIP_LEVEL = 1;
const ZSTD_LEVEL = 1;
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } };

/** Of `flush`: each write is a whole block. */
const GZIP_WHOLE = { flush: constants.Z_FINISH, chunkSize: CHUNK_BYTES };
const ZSTD_WHOLE = { flush: constants.ZSTD_e_end, chunkSize: CHUNK_BYTES };

const gzip = new BlockStream(() => new Gzip({ ...GZIP_WHOLE, level: GZIP_LEVEL }), { isReset: true });
const zstd = new BlockStream(() => new ZstdCompress({ ...ZSTD_WHOLE, ...ZSTD }), { isReset: false });

/** The records of a batch as one block. */
export function compress(codec: Codec, records: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return records;
    case 'gzip':
      return gzip.run(records);
    case 'snappy':
      return packSnappy(records);
    case 'lz4':
      return compressFrameSync(records);
    case 'zstd':
      return zstd.run(records);
  }
}

/**
 * The records of a batch back. Nothing larger than `maxBytes` is made: a batch of a few kilobytes may claim gigabytes.
 * Throws BrokerError `batch-too-large` then, `corrupt-batch` when the block is damaged.
 */
export function decompress(codec: Codec, block: Buffer, maxBytes: number): Buffer {
  try {
    return unpack(codec, block, maxBytes);
  } catch (cause) {
    if (cause instanceof BrokerError) throw cause;
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(codec, maxBytes);
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new BrokerError(`${codec} cannot unpack it: ${said}`, { code: 'corrupt-batch', cause });
  }
}

function unpack(codec: Codec, block: Buffer, maxBytes: number): Buffer {
  switch (codec) {
    case 'none':
      return block;
    case 'gzip':
      return unpackers(maxBytes).gzip.run(block);
    case 'snappy': {
      const unpacked = unpackSnappy(block, maxBytes);
      if (unpacked === undefined) throw tooLarge(codec, maxBytes);
      return unpacked;
    }
    case 'lz4':
      if (lz4FrameBytes(block, maxBytes) > maxBytes) throw tooLarge(codec, maxBytes);
      return decompressFrameSync(block);
    case 'zstd':
      return unpackers(maxBytes).zstd.run(block);
  }
}

interface Unpackers {
  readonly maxBytes: number;
  readonly gzip: BlockStream;
  readonly zstd: BlockStream;
}

let lastUnpackers: Unpackers | undefined;

/** The limit belongs to a stream; all readers of a process have the same. */
function unpackers(maxBytes: number): Unpackers {
  if (lastUnpackers?.maxBytes === maxBytes) return lastUnpackers;
  const most = { maxOutputLength: maxBytes };
  lastUnpackers = {
    maxBytes,
    gzip: new BlockStream(() => new Gunzip({ ...GZIP_WHOLE, ...most }), { isReset: true }),
    zstd: new BlockStream(() => new ZstdDecompress({ ...ZSTD_WHOLE, ...most }), { isReset: true }),
  };
  return lastUnpackers;
}

function tooLarge(codec: Codec, maxBytes: number): BrokerError {
  return new BrokerError(`${codec} would unpack it to more than ${maxBytes} bytes`, { code: 'batch-too-large' });
}
