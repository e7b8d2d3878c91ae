import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { StateError } from '../../core/errors.ts';
import type { StatePart } from '../../core/state.ts';

/** crc32 of what follows u32 | format u32 | V8 serialization of a value. Little-endian. */
const HEADER_BYTES = 8;
const FORMAT = 1;

export function sealPart(name: string, value: unknown): StatePart {
  const body = serialize(value);
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  bytes.set(body, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, FORMAT, true);
  view.setUint32(0, crc32(bytes.subarray(4)), true);
  return { name, bytes };
}

/** Errors: StateError `bad-part` when the part is damaged, `part-version` when another version wrote it. */
export function openPart({ name, bytes }: StatePart): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || crc32(bytes.subarray(4)) !== view.getUint32(0, true))
    throw new StateError(`state part ${name} fails its checksum: restore an older checkpoint or reset the step`, {
      code: 'bad-part',
    });
  const format = view.getUint32(4, true);
  if (format !== FORMAT)
    throw new StateError(`state part ${name} has format ${format}, this build reads ${FORMAT}: reset the step`, {
      code: 'part-version',
    });
  return deserialize(bytes.subarray(HEADER_BYTES));
}
