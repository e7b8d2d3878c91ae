import type { Codec } from '../core/codec.ts';
import type { DataRecord } from '../core/record.ts';
import { textOf } from './json.ts';

/** A line of text: its one field is `value`. */
export const textCodec: Codec = {
  name: 'text',
  decode: (payload) => ({ value: textOf(payload) }),
  encode(record: DataRecord) {
    if (record.payload === null) return null;
    if (record.payload !== undefined && record.patches === undefined && record.codec === textCodec)
      return record.payload;
    const { data } = record;
    const value =
      data !== null && typeof data === 'object' && Object.hasOwn(data, 'value')
        ? (data as { value: unknown }).value
        : data;
    return typeof value === 'string' ? value : JSON.stringify(value);
  },
};

/** Bytes that are nobody's business: no fields, passed on as they came. */
export const bytesCodec: Codec = {
  name: 'bytes',
  decode: () => ({}),
  encode(record: DataRecord) {
    if (record.payload !== undefined) return record.payload;
    return JSON.stringify(record.data);
  },
};
