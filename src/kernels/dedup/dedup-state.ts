import { StateError } from '../../core/errors.ts';
import type { DataRecord, Origin } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import type { Entry } from './entry.ts';
import { type OriginPart, OriginTable } from './origins.ts';
import { type OpenPart, openPart, sealPart } from './part.ts';
import { SegmentLog } from './segment-log.ts';
import { type DedupWindow, type StampState, Stamps } from './stamps.ts';
import { HashTable } from './table.ts';

/** Bytes a key takes at most once segments have grown: what turns a bound in bytes into one in keys. */
export const BYTES_PER_KEY = 32;
/** Slots of the index a merge looks at, and a sweep, for each record that passes. */
const MERGE_SLOTS_PER_RECORD = 16;
const SWEEP_SLOTS_PER_RECORD = 2;

export interface DedupStateOptions {
  readonly window: DedupWindow;
  /** More live keys than this: the oldest are forgotten, which is an alarm. */
  readonly maxKeys: number;
  /** Pre-sizes the table; 0 to let it grow. */
  readonly expectedKeys?: number;
  /** Four words for the hash of a fresh state; a restored one keeps its own. */
  readonly seed: Uint32Array;
}

interface Meta {
  readonly seed: readonly number[];
  readonly stamps: StampState;
  readonly window: DedupWindow;
}

/**
 * Which keys were met inside the window, exactly, with who met them first.
 *
 * Idea: a 96-bit hash a key in typed arrays (24 bytes with the winner's origin), a stamp instead of a timer, append
 * segments instead of snapshots. In: three hash lanes and the record they stand for. Per record: `tick(stream time)`,
 * then `has(h0, h1, h2)`, then `claim` or `winner`/`refresh`.
 * Errors: StateError when a part is damaged or from another format.
 * Cost: one or two cache misses a key at tens of millions of keys; about 31 bytes a key.
 * State: `meta` and, when it grew, `origins` each checkpoint; entries since the last one; at most 64 live parts.
 *
 * Source: Apache Flink FLIP-614 (options of deduplication with a time to live); the table: see HashTable.
 */
export class DedupState {
  seed: Uint32Array;
  readonly stamps: Stamps;
  private readonly table: HashTable;
  private readonly log = new SegmentLog();
  private readonly origins = new OriginTable();
  private readonly entry: Entry = { h0: 0, h1: 0, h2: 0, stamp: 0, low: 0, high: 0 };
  /** Result of the last prefetch: kept so that its reads are not optimized away. */
  touched = 0;
  private waiting: { name: string; part: OpenPart }[] | undefined = [];

  constructor(options: DedupStateOptions) {
    this.seed = options.seed;
    this.stamps = new Stamps(options.window, options.maxKeys);
    this.table = new HashTable(options.expectedKeys ?? 0);
  }

  get byteLength(): number {
    return this.table.byteLength + this.log.byteLength;
  }

  get pendingBytes(): number {
    return this.log.pendingBytes;
  }

  get liveParts(): number {
    return this.log.liveParts;
  }

  /** The next record stands at stream time `timeMs`. */
  tick(timeMs: number): void {
    const dead = this.stamps.dead;
    const shift = this.stamps.tick(timeMs);
    if (shift > 0) {
      this.table.shiftStamps(shift, dead);
      this.log.shiftStamps(shift);
      this.stamps.rebase(shift);
    }
  }

  /** Brings the slots of the next `count` keys near; `lanes`: h0, h1, h2 of each. Changes nothing. */
  prefetch(lanes: Int32Array, count: number): void {
    this.touched = this.table.touch(lanes, count);
  }

  /** True when the key was met inside the window. */
  has(h0: number, h1: number, h2: number): boolean {
    this.entry.h0 = h0;
    this.entry.h1 = h1;
    this.entry.h2 = h2;
    return this.table.probe(h0, h1, h2, this.stamps.dead);
  }

  /** After has() answered false: `record` is the winner of that key. Gives how many keys were forgotten for it, mostly 0. */
  claim(record: DataRecord): number {
    const { entry, stamps, origins } = this;
    origins.pack(record);
    entry.low = origins.low;
    entry.high = origins.high;
    entry.stamp = stamps.next();
    this.table.insert(entry, stamps.dead);
    this.log.push(entry);
    stamps.count(entry.stamp);
    return stamps.live > stamps.maxKeys ? stamps.evict() : 0;
  }

  /** After has() answered true: where the winner came from; undefined when that was not kept. */
  winner(): Origin | undefined {
    this.table.read(this.entry);
    return this.origins.unpack(this.entry.low, this.entry.high);
  }

  /** After has() answered true: the window of the key starts again. */
  refresh(): void {
    const { entry, stamps } = this;
    this.table.read(entry);
    const stamp = stamps.next();
    if (stamp === entry.stamp) return;
    stamps.move(entry.stamp, stamp);
    this.table.refresh(stamp);
    entry.stamp = stamp;
    this.log.push(entry);
  }

  /** Housekeeping after a batch: cost is bounded by `records`, results are not touched. */
  tidy(records: number): void {
    const { dead, live } = this.stamps;
    this.log.advance(this.table, dead, records * MERGE_SLOTS_PER_RECORD);
    this.table.sweep(dead, live, records * SWEEP_SLOTS_PER_RECORD);
  }

  checkpoint(): CheckpointDelta {
    const { base } = this.stamps;
    const meta: Meta = {
      seed: [...this.seed],
      stamps: this.stamps.save(),
      window: this.stamps.window,
    };
    const put: StatePart[] = [sealPart('meta', { kind: 'meta', base, payload: encodeJson(meta) })];
    if (this.origins.changed) {
      put.push(sealPart('origins', { kind: 'origins', base, payload: encodeJson(this.origins.parts) }));
      this.origins.changed = false;
    }
    const entries = this.log.checkpoint(this.table, this.stamps.dead, base);
    return { put: [...put, ...entries.put], drop: entries.drop };
  }

  /** One part a call, in any order; `meta` first avoids holding the others until it comes. */
  restore(part: StatePart, opened: OpenPart = openPart(part)): void {
    if (opened.kind === 'meta') this.restoreMeta(part.name, opened);
    else if (opened.kind === 'origins') this.origins.restore(decodeJson<OriginPart[]>(opened));
    else if (this.waiting === undefined) this.restoreEntries(part.name, opened);
    else this.waiting.push({ name: part.name, part: opened });
  }

  private restoreMeta(name: string, part: OpenPart): void {
    const meta = decodeJson<Meta>(part);
    if (JSON.stringify(meta.window) !== JSON.stringify(this.stamps.window))
      throw new StateError(`state part ${name} was written for another window: reset the state of the step`, {
        code: 'state-window',
      });
    this.seed = Uint32Array.from(meta.seed);
    this.stamps.restore(meta.stamps);
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const late of waiting) this.restoreEntries(late.name, late.part);
  }

  private restoreEntries(name: string, part: OpenPart): void {
    const { base } = this.stamps;
    const shift = Number.isNaN(part.base) || Number.isNaN(base) ? 0 : base - part.base;
    this.log.restore(name, part, { table: this.table, dead: this.stamps.dead, shift });
  }
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function decodeJson<T>(part: OpenPart): T {
  return JSON.parse(new TextDecoder().decode(part.payload)) as T; // its checksum held, so we wrote it
}
