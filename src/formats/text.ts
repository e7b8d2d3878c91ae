import type { Codec } from '../core/codec.ts';
import { FormatError } from '../core/errors.ts';
import { payloadText } from './payload-text.ts';

/** One text a record, in the field `value`. Written, it is the text of that field alone. */
export function textCodec(): Codec {
  return {
    name: 'text',
    decode: (payload) => ({ value: payloadText(payload) }),
    encode(record) {
      const { payload } = record;
      if (payload === null) return null;
      if (record.patches === undefined && record.codec.name === 'text' && payload !== undefined) return payload;
      const { data } = record;
      const value =
        data !== null && typeof data === 'object' && Object.hasOwn(data, 'value') ? fieldOf(data) : undefined;
      if (typeof value !== 'string')
        throw new FormatError('expected text in the field `value`; write this output with `format: json`', {
          code: 'unencodable',
        });
      return value;
    },
  };
}

function fieldOf(data: object): unknown {
  return (data as { readonly value?: unknown }).value; // the caller has seen that it is an own key
}
