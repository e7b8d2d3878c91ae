import { FormatError } from '../../core/errors.ts';
import { asBuffer } from '../payload-text.ts';

/*
 * Confluent wire format:
 *
 *   byte 0     magic, 0
 *   bytes 1–4  id of the schema, big-endian
 *   bytes 5–   the value: Avro binary, or JSON text
 */
export const HEADER_BYTES = 5;

/** -1 when it is no value of this format. */
export function schemaIdOf(payload: Uint8Array): number {
  if (payload.length < HEADER_BYTES || payload[0] !== 0) return -1;
  return asBuffer(payload).readUInt32BE(1);
}

/** The payload with its header looked at. Throws FormatError `bad-magic`. */
export function framed(payload: Uint8Array | string): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : asBuffer(payload);
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0)
    throw new FormatError('not a value of a schema registry: expected the byte 0 and the id of a schema', {
      code: 'bad-magic',
    });
  return bytes;
}

export function withHeader(id: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(id, 1);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}
