import { isUtf8 } from 'node:buffer';
import { FormatError } from '../core/errors.ts';
import { asBuffer } from '../formats/payload-text.ts';
import { HEADER_BYTES, schemaIdOf } from '../formats/registry/wire.ts';

export interface Line {
  readonly bytes: Uint8Array;
  readonly schema?: number;
}

/**
 * A JSON value on one line, byte for byte; only line breaks between its tokens go. What a registry's JSON serializer wrote
 * is taken out of its frame. Throws FormatError `export-value` for what is no JSON.
 */
export function lineOf(value: Uint8Array): Line {
  const schema = schemaIdOf(value);
  return schema < 0 ? { bytes: jsonLine(value) } : { bytes: jsonLine(value.subarray(HEADER_BYTES)), schema };
}

/** The value without the frame of a registry, where it has one. */
export function bodyOf(value: Uint8Array): Uint8Array {
  return schemaIdOf(value) < 0 ? value : value.subarray(HEADER_BYTES);
}

function jsonLine(value: Uint8Array): Uint8Array {
  if (!isUtf8(value)) throw notJson();
  try {
    JSON.parse(asBuffer(value).toString());
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
