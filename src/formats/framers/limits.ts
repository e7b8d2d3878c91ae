import type { Codec } from '../../core/codec.ts';
import { FormatError } from '../../core/errors.ts';
import { asBuffer } from '../payload-text.ts';

/** Longest record of a file, in bytes. A longer one becomes a record that says so, with its beginning. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** What is kept of one that was too long. */
export const OVERSIZE_KEPT_BYTES = 1024;
/** Longest csv row over several lines: beyond it a quote was never closed, and every line is a row of its own. */
export const MAX_ROW_BYTES = 1024 * 1024;

export interface FramerLimits {
  readonly maxRecordBytes: number;
  readonly maxRowBytes: number;
}

export const DEFAULT_FRAMER_LIMITS: FramerLimits = { maxRecordBytes: MAX_RECORD_BYTES, maxRowBytes: MAX_ROW_BYTES };

export const NO_BYTES: Buffer = Buffer.alloc(0);

/** The codec of a record that cannot be decoded whatever its bytes are. */
export function rejecting(codec: Codec, message: string): Codec {
  return {
    ...codec,
    decode() {
      throw new FormatError(message, { code: 'undecodable' });
    },
  };
}

export function oversize(codec: Codec, bytes: number, { maxRecordBytes }: FramerLimits): Codec {
  return rejecting(
    codec,
    `a record of ${bytes} bytes, where ${maxRecordBytes} are allowed; only its beginning is kept`,
  );
}

/**
 * The bytes of a file from its beginning or from `offset`, without a byte order mark. A mark may come in pieces, so the
 * first bytes are held back until there are three, or no more.
 */
export class WithoutMark {
  private held: Buffer | undefined;
  /** Length of the mark, once it was seen. */
  skipped = 0;

  constructor(offset: number) {
    this.held = offset === 0 ? NO_BYTES : undefined;
  }

  take(chunk: Uint8Array, isLast = false): Buffer {
    const bytes = asBuffer(chunk);
    if (this.held === undefined) return bytes;
    const begin = this.held.byteLength === 0 ? bytes : Buffer.concat([this.held, bytes]);
    if (begin.byteLength < 3 && !isLast) {
      this.held = begin;
      return NO_BYTES;
    }
    this.held = undefined;
    if (begin[0] !== 0xef || begin[1] !== 0xbb || begin[2] !== 0xbf) return begin;
    this.skipped = 3;
    return begin.subarray(3);
  }
}
