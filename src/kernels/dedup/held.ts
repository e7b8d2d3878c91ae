import type { RecordStore } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { StatePart } from '../../core/state.ts';
import { type OpenPart, sealPart } from './part.ts';

/** What a held record is taken to need beside its payload, in bytes. */
const RECORD_OVERHEAD = 400;
/** Above this many live parts the older half is written again as one. */
const MAX_PARTS = 32;

/** The best record so far of a key whose window is open. */
export interface Held {
  readonly key: string;
  /** Place in the order of windows; grows. */
  order: number;
  /** Stamp at which the window closes. */
  stamp: number;
  rank: Rank;
  record: DataRecord;
  /** Grows with every change of this entry: of two written versions the larger holds. */
  version: number;
  /** Part that holds the newest written version, 0 for none yet. */
  part: number;
}

/** Value of the sequence field, reduced to what can be compared. */
export type Rank = number | string | null;

/** Negative when `a` comes before `b`: nothing, then numbers, then texts by UTF-16 units. */
export function compareRanks(a: Rank, b: Rank): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return weight(a) - weight(b);
}

function weight(rank: Rank): number {
  return rank === null ? 0 : typeof rank === 'number' ? 1 : 2;
}

/**
 * Records held until their window closes, in the order in which windows close.
 *
 * Windows all have one length, so they close in the order they opened (a restarted one goes to the end): a Map in
 * insertion order is the queue. State: a checkpoint writes the entries that changed; a part whose entries have all
 * left or changed is dropped; what is older than `oldest` has left.
 */
export class HeldRecords {
  bytes = 0;
  private readonly store: RecordStore;
  private readonly entries = new Map<string, Held>();
  private readonly dirty = new Set<string>();
  /** Entries of each part that are still the newest version. */
  private readonly parts = new Map<number, number>();
  private nextOrder = 1;
  private nextVersion = 1;
  private nextPart = 1;

  constructor(store: RecordStore) {
    this.store = store;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Held | undefined {
    return this.entries.get(key);
  }

  /** The entry whose window closes first. */
  first(): Held | undefined {
    return this.entries.values().next().value;
  }

  add(key: string, entry: { readonly stamp: number; readonly rank: Rank; readonly record: DataRecord }): void {
    const record = this.store.own(entry.record);
    this.entries.set(key, { key, order: this.nextOrder++, version: this.nextVersion++, part: 0, ...entry, record });
    this.dirty.add(key);
    this.bytes += sizeOf(record);
  }

  /** Another record now stands for the key; gives the one that stood there. */
  replace(entry: Held, record: DataRecord, rank: Rank): DataRecord {
    const old = entry.record;
    entry.record = this.store.own(record);
    entry.rank = rank;
    this.bytes += sizeOf(entry.record) - sizeOf(old);
    this.touch(entry);
    return old;
  }

  /** The window of the entry starts again: it now closes last. */
  restart(entry: Held, stamp: number): void {
    entry.stamp = stamp;
    entry.order = this.nextOrder++;
    this.entries.delete(entry.key);
    this.entries.set(entry.key, entry);
    this.touch(entry);
  }

  remove(entry: Held): void {
    this.entries.delete(entry.key);
    this.dirty.delete(entry.key);
    this.leavePart(entry);
    this.bytes -= sizeOf(entry.record);
  }

  shiftStamps(shift: number): void {
    for (const entry of this.entries.values()) {
      entry.stamp -= shift;
      this.touch(entry);
    }
  }

  /** Goes into `meta`: lets restore tell what had left. */
  get oldest(): number {
    return this.first()?.order ?? this.nextOrder;
  }

  checkpoint(base: number): { put: StatePart[]; drop: string[] } {
    const put: StatePart[] = [];
    const drop: string[] = [];
    if (this.parts.size > MAX_PARTS) {
      const old = new Set([...this.parts.keys()].slice(0, MAX_PARTS / 2));
      for (const entry of this.entries.values()) if (old.has(entry.part)) this.dirty.add(entry.key);
    }
    if (this.dirty.size > 0) {
      const id = this.nextPart++;
      const written: Held[] = [];
      for (const key of this.dirty) written.push(this.entries.get(key)!);
      for (const entry of written) {
        this.leavePart(entry);
        entry.part = id;
      }
      this.parts.set(id, written.length);
      this.dirty.clear();
      put.push(sealPart(`held-${id}`, { kind: 'held', base, payload: this.encode(written) }));
    }
    for (const [id, live] of this.parts) {
      if (live > 0) continue;
      drop.push(`held-${id}`);
      this.parts.delete(id);
    }
    return { put, drop };
  }

  /** `oldest` is from the meta of the same checkpoint. */
  restore(name: string, part: OpenPart, state: { readonly oldest: number; readonly shift: number }): void {
    const id = Number(name.slice(name.lastIndexOf('-') + 1));
    let live = 0;
    for (const entry of this.decode(part.payload)) {
      this.nextVersion = Math.max(this.nextVersion, entry.version + 1);
      this.nextOrder = Math.max(this.nextOrder, entry.order + 1);
      const known = this.entries.get(entry.key);
      if (entry.order < state.oldest || (known !== undefined && known.version > entry.version)) continue;
      if (known !== undefined) this.remove(known);
      entry.stamp -= state.shift;
      entry.part = id;
      this.entries.set(entry.key, entry);
      this.bytes += sizeOf(entry.record);
      live++;
    }
    this.parts.set(id, live);
    this.nextPart = Math.max(this.nextPart, id + 1);
    this.sort();
  }

  private sort(): void {
    const sorted = [...this.entries.values()].sort((a, b) => a.order - b.order);
    this.entries.clear();
    for (const entry of sorted) this.entries.set(entry.key, entry);
  }

  private touch(entry: Held): void {
    entry.version = this.nextVersion++;
    this.dirty.add(entry.key);
  }

  private leavePart(entry: Held): void {
    const live = this.parts.get(entry.part);
    if (live !== undefined) this.parts.set(entry.part, live - 1);
    entry.part = 0;
  }

  /** An entry: u32 length of its JSON, JSON, u32 length of its record, record. */
  private encode(entries: readonly Held[]): Uint8Array {
    const chunks: Buffer[] = [];
    for (const { key, order, stamp, rank, version, record } of entries) {
      const head = Buffer.from(JSON.stringify([key, order, stamp, rank, version]), 'utf8');
      const body = this.store.encode(record);
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(head.length, 0);
      lengths.writeUInt32LE(body.length, 4);
      chunks.push(lengths, head, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    }
    return Buffer.concat(chunks);
  }

  private *decode(payload: Uint8Array): Generator<Held> {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const head = bytes.readUInt32LE(at);
      const body = bytes.readUInt32LE(at + 4);
      const text = bytes.toString('utf8', at + 8, at + 8 + head);
      const [key, order, stamp, rank, version] = JSON.parse(text) as [string, number, number, Rank, number]; // ours
      const record = this.store.decode(bytes.subarray(at + 8 + head, at + 8 + head + body));
      at += 8 + head + body;
      yield { key, order, stamp, rank, version, record, part: 0 };
    }
  }
}

function sizeOf(record: DataRecord): number {
  return (record.payload?.length ?? 0) + RECORD_OVERHEAD;
}
