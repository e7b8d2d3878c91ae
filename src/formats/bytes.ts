import type { Codec } from '../core/codec.ts';
import { FormatError } from '../core/errors.ts';

/**
 * Values nobody looks into: every field is missing, steps see key, headers and time only. A record leaves as it came; one
 * without bytes of its own, or with patches, cannot be written this way.
 */
export function bytesCodec(): Codec {
  return {
    name: 'bytes',
    decode: () => ({}),
    encode({ payload, patches }) {
      if (patches === undefined && payload !== undefined) return payload;
      throw new FormatError('a changed or derived record has no bytes; write this output with `format: json`', {
        code: 'unencodable',
      });
    },
  };
}
