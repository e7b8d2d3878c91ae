import { type DataRecord, NO_HEADERS } from '../../core/record.ts';
import type { OutgoingTopic } from './commit-buffer.ts';
import { type Codec, compress } from './wire/codecs.ts';

/** Batch header, lengths, origin, and findings, which are bounded at 8 KiB. */
const OWN_BYTES = 1024;
const FINDINGS_BYTES = 9 * 1024;

/** Whether a record of a topic fits a batch of its own; exact sizes are looked at only near the limit. */
export function fits(
  topic: OutgoingTopic,
  record: DataRecord,
  { value, certificateBytes }: { readonly value: string | Uint8Array | null; readonly certificateBytes: number },
): boolean {
  const keyBytes = record.key?.length ?? 0;
  const findingsBytes = record.findings.length > 0 ? FINDINGS_BYTES : 0;
  const room = topic.maxBytes - OWN_BYTES - keyBytes - findingsBytes - certificateBytes;
  // a string is at most three bytes a character
  if (record.headers === NO_HEADERS && (value?.length ?? 0) * 3 <= room) return true;
  const left = room - headerBytes(record);
  const bytes = value === null ? 0 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  return bytes <= left || packedBytes(value, topic.codec) <= left;
}

function packedBytes(value: string | Uint8Array | null, codec: Codec): number {
  if (value === null) return 0;
  const bytes =
    typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.length);
  return compress(codec, bytes).length;
}

function headerBytes({ headers }: DataRecord): number {
  if (headers.size === 0) return 0;
  return headers
    .entries()
    .reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + (value?.length ?? 0) + 10, 0);
}
