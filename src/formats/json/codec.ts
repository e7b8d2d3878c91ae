import type { Codec } from '../../core/codec.ts';
import { FormatError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import { asBuffer, bytesText } from '../payload-text.ts';
import { DEFAULT_JSON_LIMITS, decodeJson, type JsonLimits } from './decode.ts';
import { explodePayload } from './explode.ts';
import { ShapeReader } from './shape-reader.ts';
import { spliceRecord } from './splice.ts';
import { writeJson } from './write.ts';

/**
 * JSON objects (RFC 8259). A record that came as JSON leaves with its own bytes, patches spliced in; one that came in
 * another format, or was made by a step, is written anew.
 */
export function jsonCodec(limits: Partial<JsonLimits> = {}): Codec {
  const bounds: JsonLimits = { ...DEFAULT_JSON_LIMITS, ...limits };
  return {
    name: 'json',
    decode: (payload) => decodeJson(payload, bounds),
    encode: encodeJson,
    explode: explodePayload,
    // what the reader knows lies far within the default limits
    ...(Object.keys(limits).length === 0 ? { reader: (options) => new ShapeReader(options) } : {}),
  };
}

function encodeJson(record: DataRecord): Uint8Array | string | null {
  const { payload, patches } = record;
  if (payload === null) return null;
  if (payload == null || record.codec.name !== 'json') return writeRecord(record);
  return patches === undefined ? payload : spliceRecord(record, patches);
}

function writeRecord(record: DataRecord): string {
  if (record.codec.name === 'bytes' && record.payload != null) return bytesJson(record.payload);
  const data = record.data;
  if (data === undefined) throw new FormatError('a record without a value', { code: 'unencodable' });
  return writeJson(data);
}

/** Bytes have no fields: they stand in a JSON object as text, or else in base64. */
function bytesJson(payload: Uint8Array | string): string {
  const text = typeof payload === 'string' ? payload : bytesText(payload);
  if (text !== undefined) return `{"valueText":${JSON.stringify(text)}}`;
  return `{"valueBase64":"${asBuffer(payload as Uint8Array).toString('base64')}"}`; // a string has a text
}
