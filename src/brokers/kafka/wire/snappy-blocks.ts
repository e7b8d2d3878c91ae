import { compress, uncompress } from 'snappyjs';

/** What Java's clients write in front of a series of snappy blocks: magic, version 1, compatible with 1. */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const PREFIX = Buffer.concat([MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const BLOCK_BYTES = 32 * 1024;

/** `PREFIX`, then blocks of up to 32 KiB, each after its packed length as i32. */
export function packSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [PREFIX];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const packed = compress(bytes.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(packed.length);
    parts.push(length, packed);
  }
  return Buffer.concat(parts);
}

/** Takes a series of blocks or, without the prefix, one bare block. undefined: it would be larger than `maxBytes`. */
export function unpackSnappy(bytes: Buffer, maxBytes: number): Buffer | undefined {
  const blocks = blocksOf(bytes);
  const total = blocks.reduce((sum, block) => sum + unpackedLength(block), 0);
  if (total > maxBytes) return undefined;
  if (blocks.length === 1) return uncompress(blocks[0]!);
  return Buffer.concat(
    blocks.map((block) => uncompress(block)),
    total,
  );
}

function blocksOf(bytes: Buffer): readonly Buffer[] {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return [bytes];
  const blocks: Buffer[] = [];
  for (let at = PREFIX.length; at < bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at);
    if (end < at + 4 || end > bytes.length) throw new Error('a snappy block is cut short');
    blocks.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return blocks;
}

/** Stands first in a block, 7 bits a byte, lowest first. */
function unpackedLength(block: Buffer): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) break;
  }
  return length;
}
