const MAGIC = 0x184d2204;
const RAW_BLOCK = 0x80000000;
/** By block size id 4–7 of the frame descriptor. */
const BLOCK_BYTES = [0, 0, 0, 0, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22];

/**
 * Size of what an LZ4 frame unpacks to, as far as it matters: an upper bound when that is at most `enough` (a look at each
 * block's length), else the exact size (a walk over the sequences, without unpacking). The format's decoder takes no limit.
 *
 * frame: magic u32le | flags u8 (3 content size, 4 block checksums, 0 dictionary id) | block size id u8 |
 * [content size u64le] | [dictionary id u32le] | header checksum u8 | blocks | 0 u32le | [content checksum]
 * Source: LZ4 frame format 1.6, LZ4 block format.
 */
export function lz4FrameBytes(frame: Buffer, enough: number): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== MAGIC) throw new Error('no lz4 frame');
  const blockBytes = BLOCK_BYTES[(frame[5]! >> 4) & 7]!;
  const bound = walk(frame, (start, end) => Math.min(blockBytes, (end - start) * 255));
  return bound <= enough ? bound : walk(frame, (start, end) => sequenceBytes(frame, start, end));
}

function walk(frame: Buffer, sizeOf: (start: number, end: number) => number): number {
  const flags = frame[4]!;
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  let total = 0;
  while (at + 4 <= frame.length) {
    const word = frame.readUInt32LE(at);
    if (word === 0) return total;
    const length = (word & ~RAW_BLOCK) >>> 0;
    const start = at + 4;
    if (start + length > frame.length) throw new Error('an lz4 block is cut short');
    total += word >= RAW_BLOCK ? length : sizeOf(start, start + length);
    at = start + length + ((flags & 0x10) === 0 ? 0 : 4);
  }
  throw new Error('an lz4 frame is cut short');
}

/** Sum of literals and matches of one block. */
function sequenceBytes(frame: Buffer, start: number, end: number): number {
  let total = 0;
  let at = start;
  while (at < end) {
    const token = frame[at++]!;
    let literals = token >> 4;
    if (literals === 15) for (let more = 255; more === 255 && at < end; literals += more) more = frame[at++]!;
    total += literals;
    at += literals;
    if (at >= end) break;
    at += 2; // offset of the match
    let match = (token & 15) + 4;
    if ((token & 15) === 15) for (let more = 255; more === 255 && at < end; match += more) more = frame[at++]!;
    total += match;
  }
  return total;
}
