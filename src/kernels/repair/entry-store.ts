import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { StateError } from '../../core/errors.ts';
import type { StatePart } from '../../core/state.ts';

/** Parts of one store; above this the older half is written again as one. */
const MAX_PARTS = 10;
/** crc32 of what follows u32 | format u32 | V8 serialization of the entries. Little-endian. */
const HEADER_BYTES = 8;
const FORMAT = 1;

interface Entry<V> {
  readonly key: string;
  value: V;
  /** Grows with every change: of two written versions the larger holds. */
  version: number;
  /** The version of the last touch: the order of the store. */
  order: number;
  part: number;
  bytes: number;
  /** Neighbors in the order of the store. */
  older: Entry<V> | undefined;
  newer: Entry<V> | undefined;
}

type Stored = readonly [key: string, version: number, value: unknown, order?: number];

/** How a value becomes what V8 can serialize, and back; its size in memory, bytes. */
export interface EntryShape<V> {
  save(value: V): unknown;
  load(stored: never): V;
  size(value: V): number;
  /** The store holds the value no more. */
  gone?(value: V): void;
}

/**
 * Entries by key in the order they were last touched, with their state as parts.
 *
 * Idea: a list in order of touch is the queue for eviction, and since what leaves is always the oldest, one number (the
 * oldest version alive) tells a restore what had left. A checkpoint writes the entries touched since the last one as a
 * new part; a part without a newest version is dropped; the older half is written again as one above ten parts.
 * The order is linked, not that of the Map: its first value is found behind the holes of all that left before.
 * Cost: a look-up a touch, whatever is held; checkpoint: the entries touched.
 */
export class EntryStore<V> {
  bytes = 0;
  private readonly name: string;
  private readonly shape: EntryShape<V>;
  private readonly entries = new Map<string, Entry<V>>();
  private first: Entry<V> | undefined;
  private last: Entry<V> | undefined;
  private readonly dirty = new Set<Entry<V>>();
  private readonly parts = new Map<number, number>();
  private nextVersion = 1;
  private nextPart = 1;
  private unsorted = false;

  constructor(name: string, shape: EntryShape<V>) {
    this.name = name;
    this.shape = shape;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The oldest order alive: goes into the meta part, for `dropBelow`. */
  get floor(): number {
    this.sort();
    return this.first?.order ?? this.nextVersion;
  }

  get(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  /** The entry touched longest ago. */
  oldest(): V | undefined {
    this.sort();
    return this.first?.value;
  }

  values(): V[] {
    this.sort();
    const values: V[] = [];
    for (let entry = this.first; entry !== undefined; entry = entry.newer) values.push(entry.value);
    return values;
  }

  keys(): string[] {
    this.sort();
    const keys: string[] = [];
    for (let entry = this.first; entry !== undefined; entry = entry.newer) keys.push(entry.key);
    return keys;
  }

  /** Sets the value of a key, or says that its value changed: it becomes the newest. */
  put(key: string, value: V): void {
    this.sort();
    const known = this.entries.get(key);
    if (known === undefined) {
      const version = this.nextVersion++;
      const made = this.make({ key, value, version, order: version, part: 0 });
      this.append(made);
      this.dirty.add(made);
      return;
    }
    this.unlink(known);
    this.append(known);
    known.version = this.nextVersion++;
    known.order = known.version;
    known.value = value;
    const bytes = this.shape.size(value);
    this.bytes += bytes - known.bytes;
    known.bytes = bytes;
    this.dirty.add(known);
  }

  /** Something of the value of a key changed, and it stays as old as it is. */
  update(key: string): void {
    const known = this.entries.get(key);
    if (known === undefined) return;
    known.version = this.nextVersion++;
    this.dirty.add(known);
  }

  /** Takes out the entry touched longest ago. */
  shift(): readonly [string, V] | undefined {
    this.sort();
    const { first } = this;
    if (first === undefined) return undefined;
    this.dirty.delete(first);
    this.remove(first);
    return [first.key, first.value];
  }

  /** A restore may bring it back, from a part whose other entries live: who deletes must know it by something else. */
  delete(key: string): void {
    const known = this.entries.get(key);
    if (known === undefined) return;
    this.dirty.delete(known);
    this.remove(known);
  }

  checkpoint(put: StatePart[], drop: string[]): void {
    this.sort();
    if (this.parts.size > MAX_PARTS) {
      const old = new Set([...this.parts.keys()].slice(0, MAX_PARTS / 2));
      for (const entry of this.entries.values()) if (old.has(entry.part)) this.dirty.add(entry);
    }
    if (this.dirty.size > 0) {
      const id = this.nextPart++;
      const stored: Stored[] = [];
      for (const entry of this.dirty) {
        this.leavePart(entry);
        entry.part = id;
        const { key, version, order } = entry;
        const saved = this.shape.save(entry.value);
        stored.push(order === version ? [key, version, saved] : [key, version, saved, order]);
      }
      this.parts.set(id, stored.length);
      this.dirty.clear();
      put.push(sealPart(`${this.name}-${id}`, stored));
    }
    for (const [id, live] of this.parts) {
      if (live > 0) continue;
      drop.push(`${this.name}-${id}`);
      this.parts.delete(id);
    }
  }

  owns(part: string): boolean {
    return part.startsWith(`${this.name}-`);
  }

  /** One part of this store, in any order; call `dropBelow` after the last. */
  restore(part: StatePart): void {
    const id = Number(part.name.slice(part.name.lastIndexOf('-') + 1));
    const stored = openPart(part) as readonly Stored[]; // its checksum held, so we wrote it
    let live = 0;
    for (const [key, version, saved, order = version] of stored) {
      this.nextVersion = Math.max(this.nextVersion, version + 1);
      const known = this.entries.get(key);
      if (known !== undefined && known.version > version) continue;
      if (known !== undefined) this.remove(known);
      const value = this.shape.load(saved as never); // the shape reads what it wrote
      this.append(this.make({ key, value, version, order, part: id }));
      live++;
    }
    this.parts.set(id, live);
    this.nextPart = Math.max(this.nextPart, id + 1);
    this.unsorted = true;
  }

  dropBelow(floor: number): void {
    for (const entry of this.entries.values()) if (entry.order < floor) this.remove(entry);
    this.nextVersion = Math.max(this.nextVersion, floor);
  }

  private make(made: Pick<Entry<V>, 'key' | 'value' | 'version' | 'order' | 'part'>): Entry<V> {
    const entry = { ...made, bytes: this.shape.size(made.value), older: undefined, newer: undefined };
    this.entries.set(entry.key, entry);
    this.bytes += entry.bytes;
    return entry;
  }

  private remove(entry: Entry<V>): void {
    this.entries.delete(entry.key);
    this.unlink(entry);
    this.leavePart(entry);
    this.bytes -= entry.bytes;
    this.shape.gone?.(entry.value);
  }

  private append(entry: Entry<V>): void {
    entry.older = this.last;
    entry.newer = undefined;
    if (this.last === undefined) this.first = entry;
    else this.last.newer = entry;
    this.last = entry;
  }

  private unlink({ older, newer }: Entry<V>): void {
    if (older === undefined) this.first = newer;
    else older.newer = newer;
    if (newer === undefined) this.last = older;
    else newer.older = older;
  }

  /** Parts come in any order. */
  private sort(): void {
    if (!this.unsorted) return;
    this.unsorted = false;
    this.first = undefined;
    this.last = undefined;
    for (const entry of [...this.entries.values()].sort((a, b) => a.order - b.order)) this.append(entry);
  }

  private leavePart(entry: Entry<V>): void {
    const live = this.parts.get(entry.part);
    if (live !== undefined) this.parts.set(entry.part, live - 1);
    entry.part = 0;
  }
}

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
