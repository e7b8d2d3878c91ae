/** Longest record of a file. A longer one is cut to its beginning, so that it cannot be decoded and ends in quarantine. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** What is kept of one that was too long. */
export const OVERSIZE_KEPT_BYTES = 1024;
/** Longest csv row: beyond it a quote was never closed, and the row is its first line. */
export const MAX_ROW_BYTES = 1024 * 1024;

export const NO_BYTES: Buffer = Buffer.alloc(0);

/** Bytes of an owned chunk as a Buffer, without a copy. */
export function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Length of a UTF-8 byte order mark at the beginning of a file. */
export function bomLength(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}
