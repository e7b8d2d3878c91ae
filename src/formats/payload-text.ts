import { isAscii, isUtf8 } from 'node:buffer';
import { FormatError } from '../core/errors.ts';

/** Text of a payload. Throws FormatError when its bytes are no UTF-8: what cannot be read is not repaired. */
export function payloadText(payload: Uint8Array | string): string {
  if (typeof payload === 'string') return payload;
  const text = bytesText(payload);
  if (text === undefined) throw new FormatError(`not UTF-8, in ${payload.byteLength} bytes`, { code: 'undecodable' });
  return text;
}

/** Undefined when the bytes are no UTF-8. ASCII, the common case, is read without the UTF-8 decoder. */
export function bytesText(bytes: Uint8Array): string | undefined {
  const buffer = asBuffer(bytes);
  if (isAscii(buffer)) return buffer.toString('latin1');
  return isUtf8(buffer) ? buffer.toString() : undefined;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
