import type { RecordStore } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import { EntryStore } from './entry-store.ts';

/** What a held record is taken to need beside its payload, in bytes. */
const RECORD_OVERHEAD = 400;

/** A record that waits; bytes until it is asked for after a restore. */
interface Held {
  record: DataRecord | Uint8Array;
  readonly time: number;
  readonly seq: number;
}

/** Records in order of arrival that wait for what comes after them. */
export class HeldRecords {
  readonly store: EntryStore<Held>;
  private readonly records: RecordStore;

  constructor(records: RecordStore) {
    this.records = records;
    this.store = new EntryStore<Held>('held', {
      save: ({ record, time, seq }) => [record instanceof Uint8Array ? record : records.encode(record), time, seq],
      load: ([record, time, seq]: readonly [Uint8Array, number, number]) => ({ record, time, seq }),
      size: ({ record }) =>
        RECORD_OVERHEAD + (record instanceof Uint8Array ? record.length : (record.payload?.length ?? 0)),
    });
  }

  get size(): number {
    return this.store.size;
  }

  get bytes(): number {
    return this.store.bytes;
  }

  add(seq: number, record: DataRecord, time: number): void {
    this.store.put(String(seq), { record: this.records.own(record), time, seq });
  }

  /** The one that has waited longest. */
  first(): { readonly seq: number; readonly time: number } | undefined {
    return this.store.oldest();
  }

  take(): { readonly record: DataRecord; readonly seq: number } | undefined {
    const [, held] = this.store.shift() ?? [];
    return held === undefined ? undefined : { record: this.decoded(held), seq: held.seq };
  }

  *all(): Generator<{ readonly record: DataRecord; readonly seq: number; readonly time: number }> {
    for (const held of this.store.values()) yield { record: this.decoded(held), seq: held.seq, time: held.time };
  }

  private decoded(held: Held): DataRecord {
    if (held.record instanceof Uint8Array) held.record = this.records.decode(held.record);
    return held.record;
  }
}
