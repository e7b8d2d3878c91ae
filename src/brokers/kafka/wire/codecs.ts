import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { BrokerError } from '../../../core/errors.ts';
import { lz4FrameBytes } from './lz4-frame.ts';
import { packSnappy, unpackSnappy } from './snappy-blocks.ts';

/** By number in a batch's attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

const GZIP_LEVEL = 1;
const ZSTD_LEVEL = 1;
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } };

/** The records of a batch as one block. */
export function compress(codec: Codec, records: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return records;
    case 'gzip':
      return gzipSync(records, { level: GZIP_LEVEL });
    case 'snappy':
      return packSnappy(records);
    case 'lz4':
      return compressFrameSync(records);
    case 'zstd':
      return zstdCompressSync(records, ZSTD);
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
      return gunzipSync(block, { maxOutputLength: maxBytes });
    case 'snappy': {
      const unpacked = unpackSnappy(block, maxBytes);
      if (unpacked === undefined) throw tooLarge(codec, maxBytes);
      return unpacked;
    }
    case 'lz4':
      if (lz4FrameBytes(block, maxBytes) > maxBytes) throw tooLarge(codec, maxBytes);
      return decompressFrameSync(block);
    case 'zstd':
      return zstdDecompressSync(block, { maxOutputLength: maxBytes });
  }
}

function tooLarge(codec: Codec, maxBytes: number): BrokerError {
  return new BrokerError(`${codec} would unpack it to more than ${maxBytes} bytes`, { code: 'batch-too-large' });
}
