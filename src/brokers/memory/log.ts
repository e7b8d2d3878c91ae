import type { Upstream } from '../../core/broker.ts';
import type { Evidence, Finding } from '../../core/finding.ts';
import type { Epochs, Header, RecordSource } from '../../core/record.ts';

/** A record as the log keeps it: bytes and text only, so that nothing of the writer's objects is shared with a reader. */
export interface StoredRecord {
  readonly offset: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | string | null;
  readonly timestamp: number;
  readonly headers: readonly Header[];
  /** Repartition topics only. */
  readonly passage?: Passage;
}

/** What a record keeps on its way through a repartition topic. */
export interface Passage {
  readonly upstream: Upstream;
  readonly source: RecordSource;
  readonly offset: number;
  readonly index: number;
  readonly eventTime: number;
  readonly findings: readonly Finding[];
  readonly evidence: readonly Evidence[];
  readonly epochs: Epochs | undefined;
}

export type NewRecord = Omit<StoredRecord, 'offset'>;

/** One partition. Offsets have gaps where a transaction ended or was aborted, as in a real broker. */
export class PartitionLog {
  readonly records: StoredRecord[] = [];
  /** First offset that is still there. */
  logStart = 0;
  /** Next offset to be written. */
  end = 0;
  /** A bounded input: nothing follows for now. */
  bounded = false;
  private waiting: (() => void)[] = [];

  append(records: readonly NewRecord[], marker: boolean): void {
    for (const record of records) this.records.push({ ...record, offset: this.end++ });
    if (marker) this.end++;
    this.wake();
  }

  /** What an aborted transaction leaves: offsets nobody reads. */
  skip(count: number): void {
    this.end += count;
    this.wake();
  }

  /** Index of the first record at or beyond `offset`. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.records[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  trim(before: number): void {
    this.records.splice(0, this.indexOf(before));
    this.logStart = Math.max(this.logStart, Math.min(before, this.end));
  }

  /** Resolves when something was appended or the log became bounded. */
  changed(): { readonly promise: Promise<void>; readonly cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting.push(resolve);
    return {
      promise,
      cancel: () => {
        this.waiting = this.waiting.filter((one) => one !== resolve);
      },
    };
  }

  wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
