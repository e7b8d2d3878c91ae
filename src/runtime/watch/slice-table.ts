/** One slice in this many records is found for sure: 1 / ε of lossy counting. */
export const BUCKET_RECORDS = 1000;
/** Lossy counting needs 1,000·ln(N/1,000) entries, that is 5,300 at the forgetting of the finder. */
const MAX_ENTRIES = 8000;

export interface Entry {
  records: number;
  failures: number;
  /** Records it may have had before it was first kept. */
  missed: number;
}

export type SavedTable = readonly (readonly [key: string, records: number, failures: number, missed: number])[];

/**
 * Records and failures of the values of one field, or of pairs of two: those that hold at least a thousandth of the records.
 * Source: Manku & Motwani 2002 (lossy counting).
 */
export class SliceTable {
  /** Records whose value was not counted because the table was full. */
  refused = 0;
  private readonly entries = new Map<string, Entry>();

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Entry | undefined {
    return this.entries.get(key);
  }

  all(): readonly (readonly [key: string, entry: Entry])[] {
    return [...this.entries];
  }

  /** `total`: records of the stream so far. */
  count(key: string, failed: boolean, total: number): void {
    const known = this.entries.get(key);
    if (known !== undefined) {
      known.records++;
      if (failed) known.failures++;
    } else if (this.entries.size >= MAX_ENTRIES) this.refused++;
    else this.entries.set(key, { records: 1, failures: failed ? 1 : 0, missed: Math.floor(total / BUCKET_RECORDS) });
  }

  /** A record counted before turned out to fail. */
  failLate(key: string): void {
    const entry = this.entries.get(key);
    if (entry !== undefined) entry.failures = Math.min(entry.records, entry.failures + 1);
  }

  /** Forgets what cannot hold its share any more; once every 1,000 records. */
  prune(total: number): void {
    const bucket = Math.floor(total / BUCKET_RECORDS);
    for (const [key, entry] of this.entries) if (entry.records + entry.missed <= bucket) this.entries.delete(key);
  }

  /** Half of everything. */
  fade(): void {
    for (const [key, entry] of this.entries) {
      entry.records = Math.floor(entry.records / 2);
      entry.failures = Math.min(entry.records, Math.floor(entry.failures / 2));
      entry.missed = Math.floor(entry.missed / 2);
      if (entry.records === 0) this.entries.delete(key);
    }
  }

  save(): SavedTable {
    return [...this.entries].map(([key, { records, failures, missed }]) => [key, records, failures, missed]);
  }

  load(rows: SavedTable): void {
    for (const [key, records, failures, missed] of rows) this.entries.set(key, { records, failures, missed });
  }
}
