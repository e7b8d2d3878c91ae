import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES } from '../../../../src/brokers/kafka/wire/block-stream.ts';
import { compress, decompress } from '../../../../src/brokers/kafka/wire/codecs.ts';
import { heldOutside } from '../../../support/collect-garbage.ts';

const MOST = 1_000_000;
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** The functions of node:zlib, which make a stream for every block. */
const ATONCE = {
  gzip: {
    pack: (block: Buffer) => gzipSync(block, { level: 1 }),
    unpack: (block: Buffer) => gunzipSync(block, { maxOutputLength: MOST }),
  },
  zstd: {
    pack: (block: Buffer) => zstdCompressSync(block, ZSTD),
    unpack: (block: Buffer) => zstdDecompressSync(block, { maxOutputLength: MOST }),
  },
} as const;
const CODECS = ['gzip', 'zstd'] as const;

/** Text of `length` bytes that packs to about a quarter. */
function blockOf(length: number): Buffer {
  let text = '';
  for (let i = 0; text.length < length; i++) text += `{"id":${i},"name":"n${(i * 7919) % 1000}","qty":${i % 13}}`;
  return Buffer.from(text.slice(0, length));
}

function outcome(work: () => Buffer): string {
  try {
    return work().toString('base64');
  } catch (error) {
    return `refused: ${String((error as Error).message).replace(/^.*cannot unpack it: (zlib: )?/, '')}`;
  }
}

describe.each(CODECS)('%s, one stream for all blocks', (codec) => {
  const sizes = [0, 1, 100, 4000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 5];

  it('packs every block to the bytes it has by itself, and unpacks it again', () => {
    for (const block of sizes.map(blockOf)) {
      const packed = compress(codec, block);
      expect(packed.equals(ATONCE[codec].pack(block))).toBe(true);
      expect(decompress(codec, packed, MOST).equals(block)).toBe(true);
    }
  });

  it('gives buffers of their own: a later block changes none', () => {
    const blocks = sizes.map(blockOf);
    const packed = blocks.map((block) => compress(codec, block));
    const unpacked = packed.map((block) => decompress(codec, block, MOST));
    for (const [i, block] of blocks.entries()) {
      expect(packed[i]!.equals(ATONCE[codec].pack(block))).toBe(true);
      expect(unpacked[i]!.equals(block)).toBe(true);
    }
  });

  it('refuses what is damaged, cut off or followed by something as that does, and nothing of it is in the next block', () => {
    const property = fc.property(
      fc.array(
        fc.record({
          length: fc.integer({ min: 0, max: 3000 }),
          damage: fc.constantFrom('none', 'cut', 'flipped', 'trailing', 'twice', 'empty'),
          at: fc.double({ min: 0, max: 0.999, noNaN: true }),
        }),
        { minLength: 1, maxLength: 12 },
      ),
      (blocks) => {
        for (const { length, damage, at } of blocks) {
          const whole = ATONCE[codec].pack(blockOf(length));
          const index = Math.floor(at * whole.length);
          const given = {
            none: whole,
            cut: whole.subarray(0, index),
            flipped: Buffer.from(whole.map((byte, i) => (i === index ? byte ^ 0x55 : byte))),
            trailing: Buffer.concat([whole, Buffer.from('trailing')]),
            twice: Buffer.concat([whole, whole]),
            empty: Buffer.alloc(0),
          }[damage];
          const now = outcome(() => decompress(codec, given, MOST));
          expect(now).toBe(outcome(() => ATONCE[codec].unpack(given)));
        }
      },
    );
    fc.assert(property, { numRuns: 150, seed: 11 });
  });

  it('keeps the limit of each call', () => {
    const packed = compress(codec, blockOf(5000));
    expect(() => decompress(codec, packed, 4999)).toThrow(/more than 4999 bytes/);
    expect(decompress(codec, packed, 5000).length).toBe(5000);
    expect(() => decompress(codec, packed, 4999)).toThrow(/more than 4999 bytes/);
  });

  it('holds nothing of a block; the function of node:zlib holds a buffer of each until everything is collected', () => {
    const block = blockOf(4000);
    const packed = compress(codec, block);
    expect(heldOutside(1000, () => ATONCE[codec].unpack(packed)).most).toBeGreaterThan(8);
    expect(heldOutside(1000, () => decompress(codec, packed, MOST)).atEnd).toBeLessThan(2);
    expect(heldOutside(1000, () => compress(codec, block)).atEnd).toBeLessThan(2);
  });
});
