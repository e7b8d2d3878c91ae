import type { RecordStore } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { StatePart } from '../../core/state.ts';
import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';

const LAYOUT: Layout = { kind: 'HWIN', version: 1 };
const PART = 'held-';
/** What a held record is taken to need beside its payload, in bytes. */
const RECORD_OVERHEAD = 400;
/** Above this many live parts all of them are written again as one. */
const MAX_PARTS = 32;

interface Held {
  readonly record: DataRecord;
  /** Part it was written to, 0 for none yet. */
  part: number;
}

/**
 * Records held until their window closes, by the start of the window, in order of arrival.
 *
 * State: a checkpoint writes the records that came since the last one; a part whose records have all left is dropped. A
 * restored record whose window is not open any more has left.
 */
export class HeldWindows {
  bytes = 0;
  count = 0;
  private readonly store: RecordStore;
  private readonly windows = new Map<number, Held[]>();
  /** Records of each part that are still held. */
  private readonly parts = new Map<number, number>();
  private nextPart = 1;

  constructor(store: RecordStore) {
    this.store = store;
  }

  add(window: number, record: DataRecord): void {
    this.put(window, { record: this.store.own(record), part: 0 });
  }

  /** Takes out the records of a window. */
  take(window: number): readonly DataRecord[] {
    const held = this.windows.get(window) ?? [];
    this.windows.delete(window);
    for (const { record, part } of held) {
      this.bytes -= sizeOf(record);
      this.count--;
      const live = this.parts.get(part);
      if (live !== undefined) this.parts.set(part, live - 1);
    }
    return held.map(({ record }) => record);
  }

  checkpoint(): { put: StatePart[]; drop: string[] } {
    if (this.parts.size > MAX_PARTS) {
      for (const held of this.windows.values()) for (const entry of held) entry.part = 0;
      for (const id of this.parts.keys()) this.parts.set(id, 0);
    }
    const fresh = [...this.windows].flatMap(([window, held]) =>
      held.filter(({ part }) => part === 0).map((entry) => ({ window, entry })),
    );
    const put: StatePart[] = [];
    if (fresh.length > 0) {
      const id = this.nextPart++;
      const to = new ByteWriter(LAYOUT);
      to.u32(fresh.length);
      for (const { window, entry } of fresh) {
        entry.part = id;
        to.f64(window);
        to.raw(this.store.encode(entry.record));
      }
      this.parts.set(id, fresh.length);
      put.push({ name: `${PART}${id}`, bytes: to.finish() });
    }
    const drop: string[] = [];
    for (const [id, live] of this.parts) {
      if (live > 0) continue;
      drop.push(`${PART}${id}`);
      this.parts.delete(id);
    }
    return { put, drop };
  }

  /** Parts in any order; `isOpen` tells by its start whether a window is. */
  restore(parts: readonly StatePart[], isOpen: (window: number) => boolean): void {
    const numbered = parts.map(({ name, bytes }) => ({ id: Number(name.slice(PART.length)), bytes }));
    for (const { id, bytes } of numbered.sort((a, b) => a.id - b.id)) {
      const from = new ByteReader(bytes, LAYOUT);
      let live = 0;
      for (let n = from.u32(); n > 0; n--) {
        const window = from.f64();
        const record = from.raw();
        if (!isOpen(window)) continue;
        this.put(window, { record: this.store.decode(record), part: id });
        live++;
      }
      this.parts.set(id, live);
      this.nextPart = Math.max(this.nextPart, id + 1);
    }
  }

  static owns(part: StatePart): boolean {
    return part.name.startsWith(PART);
  }

  private put(window: number, entry: Held): void {
    const held = this.windows.get(window);
    if (held === undefined) this.windows.set(window, [entry]);
    else held.push(entry);
    this.bytes += sizeOf(entry.record);
    this.count++;
  }
}

function sizeOf(record: DataRecord): number {
  return (record.payload?.length ?? 0) + RECORD_OVERHEAD;
}
