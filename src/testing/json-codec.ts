import type { Codec } from '../core/codec.ts';
import { FormatError } from '../core/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** A plain JSON codec for tests of brokers and operators: unchanged records give their payload back. */
export const jsonCodec: Codec = {
  name: 'json',
  decode(payload) {
    try {
      return JSON.parse(typeof payload === 'string' ? payload : decoder.decode(payload));
    } catch (cause) {
      throw new FormatError('not JSON', { code: 'undecodable', cause });
    }
  },
  encode(record) {
    if (record.patches === undefined && record.payload !== undefined) return record.payload;
    return JSON.stringify(record.data);
  },
};
