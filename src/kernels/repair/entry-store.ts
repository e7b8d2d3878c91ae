import type { StatePart } from '../../core/state.ts';
import { openPart, sealPart } from './sealed-part.ts';

/** Parts of one store; above this small ones are written again as one. */
const MAX_PARTS = 10;

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
 * new part; a part without a newest version is dropped; above ten parts the small ones are written again as one.
 * The order is linked, not that of the Map: its first value is found behind the holes of all that left before.
 * Cost: a look-up a touch, whatever is held; checkpoint: the entries touched, each written again once for every time
 * that what is held doubles.
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
      const small = this.smallParts();
      if (small.size > 0) for (const entry of this.entries.values()) if (small.has(entry.part)) this.dirty.add(entry);
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

  /** The most of the smallest parts of which the largest is no larger than the others of them together: it doubles. */
  private smallParts(): ReadonlySet<number> {
    const bySize = [...this.parts].sort(([, a], [, b]) => a - b);
    let [together, count] = [0, 0];
    for (const [i, [, live]] of bySize.entries()) {
      if (i > 0 && live <= together) count = i + 1;
      together += live;
    }
    return new Set(bySize.slice(0, count).map(([id]) => id));
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
