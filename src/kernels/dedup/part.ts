import { crc32 } from 'node:zlib';
import { StateError } from '../../core/errors.ts';
import type { StatePart } from '../../core/state.ts';

const MAGIC = 0x44445350;
export const PART_VERSION = 1;
/** magic u32 | version u16 | kind u16 | crc32 of what follows u32 | 0 u32 | base f64 | payload. Little-endian. */
const HEADER_BYTES = 24;

/** What a part holds. */
export const PART_KINDS = ['meta', 'origins', 'entries', 'held'] as const;
export type PartKind = (typeof PART_KINDS)[number];

export interface OpenPart {
  readonly kind: PartKind;
  /** What stamp 1 stands for in this part (Unix seconds, or records); NaN: the clock had not started. */
  readonly base: number;
  readonly payload: Uint8Array;
}

export function sealPart(name: string, part: OpenPart): StatePart {
  const bytes = new Uint8Array(HEADER_BYTES + part.payload.length);
  bytes.set(part.payload, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, PART_VERSION, true);
  view.setUint16(6, PART_KINDS.indexOf(part.kind), true);
  view.setFloat64(16, part.base, true);
  view.setUint32(8, crc32(bytes.subarray(16)), true);
  return { name, bytes };
}

/** Errors: StateError `bad-part` when the part is damaged, `part-version` when another version wrote it. */
export function openPart(part: StatePart): OpenPart {
  const { name, bytes } = part;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC)
    throw damaged(name, 'is not a part of a dedup state');
  const version = view.getUint16(4, true);
  if (version !== PART_VERSION)
    throw new StateError(
      `state part ${name} has format ${version}, this build reads ${PART_VERSION}: reset the state of the step`,
      {
        code: 'part-version',
      },
    );
  if (crc32(bytes.subarray(16)) !== view.getUint32(8, true)) throw damaged(name, 'fails its checksum');
  const kind = PART_KINDS[view.getUint16(6, true)];
  if (kind === undefined) throw damaged(name, 'is of an unknown kind');
  return { kind, base: view.getFloat64(16, true), payload: bytes.subarray(HEADER_BYTES) };
}

function damaged(name: string, what: string): StateError {
  return new StateError(`state part ${name} ${what}: restore an older checkpoint or reset the state of the step`, {
    code: 'bad-part',
  });
}
