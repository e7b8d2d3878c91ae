import { isUtf8 } from 'node:buffer';
import { FormatError } from '../core/errors.ts';

/** Magic byte and id of the Confluent wire format. */
const SCHEMA_BYTES = 5;

export interface Line {
  readonly bytes: Uint8Array;
  readonly schema?: number;
}

/**
 * A JSON value on one line, byte for byte; only line breaks between its tokens go. What a registry's JSON serializer wrote
 * is taken out of its frame. Throws FormatError `export-value` for what is no JSON.
 */
export function lineOf(value: Uint8Array): Line {
  if (value[0] === 0 && value.byteLength > SCHEMA_BYTES) {
    const schema = Buffer.from(value.buffer, value.byteOffset, value.byteLength).readUInt32BE(1);
    return { bytes: jsonLine(value.subarray(SCHEMA_BYTES)), schema };
  }
  return { bytes: jsonLine(value) };
}

function jsonLine(value: Uint8Array): Uint8Array {
  if (!isUtf8(value)) throw notJson();
  try {
    JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
  } catch {
    throw notJson();
  }
  return value.includes(10) || value.includes(13) ? value.filter((byte) => byte !== 10 && byte !== 13) : value;
}

function notJson(): FormatError {
  return new FormatError(
    'its value is no JSON: give --format avro where it is Avro, else one more output of the same port with `format: json`',
    { code: 'export-value' },
  );
}
