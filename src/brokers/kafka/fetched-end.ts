import { LAST_DELTA_AT, LENGTH_AT, LENGTH_BASE, RECORDS_AT, readInt64 } from './wire/layout.ts';

/** The offset after the last whole batch of a fetched partition, without decoding any; 0 when there is none. */
export function endOfBatches(bytes: Buffer): number {
  let end = 0;
  for (let at = 0; at + RECORDS_AT <= bytes.length; ) {
    const after = at + LENGTH_BASE + bytes.readInt32BE(at + LENGTH_AT);
    if (after > bytes.length || after <= at) break; // torn by the limit of the fetch, or damaged: whoever decodes it says so
    end = readInt64(bytes, at) + bytes.readInt32BE(at + LAST_DELTA_AT) + 1;
    at = after;
  }
  return end;
}
