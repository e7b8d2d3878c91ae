import { StateError } from '../../core/errors.ts';
import type { StatePart } from '../../core/state.ts';
import { type Entry, EntryLog, SLOT_WORDS } from './entry.ts';
import { type OpenPart, sealPart } from './part.ts';
import { type HashTable, SEGMENTS } from './table.ts';

/** A merge starts above this many live segments, so that there are never more than 64. */
const MERGE_ABOVE = 40;
/** Adjacent segments that one merge replaces by one. */
const MERGE_RUN = 16;
/** A merge writes at most this share of what is live at once, or MERGE_BYTES when that is more: a bounded pause. */
const MERGE_SHARE = 1 / 12;
const MERGE_BYTES = 4 * 1024 * 1024;
/** Slots one checkpoint may scan for a merge: a few ms of memory reads. */
const SCAN_SLOTS = 500_000;
const ENTRY_BYTES = SLOT_WORDS * 4;

interface Segment {
  readonly id: number;
  readonly low: number;
  readonly high: number;
  readonly bytes: number;
}

interface Merge {
  readonly run: readonly Segment[];
  readonly low: number;
  readonly high: number;
  readonly found: EntryLog;
  next: number;
}

/**
 * The table as append segments: a checkpoint writes the entries that changed since the last one as a new part and
 * drops the parts whose stamps are all over.
 *
 * Stamps never fall, so a run of adjacent parts is a range of stamps, and a merge is a scan of the table for the live
 * entries of that range: nothing is read back and nothing is kept twice in memory. The run with the fewest bytes is
 * merged, a few thousand entries at a time between records, and replaces its parts in one checkpoint. So every entry is
 * rewritten about once a sixteenfold growth of what was written after it.
 */
export class SegmentLog {
  private segments: Segment[] = [];
  private pending = new EntryLog();
  private merge: Merge | undefined;
  private nextId = 1;

  /** The entry is new or has a new stamp. */
  push(entry: Entry): void {
    this.pending.push(entry);
  }

  /** Live parts after the last checkpoint. */
  get liveParts(): number {
    return this.segments.length;
  }

  /** Bytes of new entries the next checkpoint writes; 0 while they are too few for a part, of which there would be too many. */
  get pendingBytes(): number {
    const bytes = this.pending.length * 4;
    return bytes * MERGE_ABOVE < this.liveBytes ? 0 : bytes;
  }

  get byteLength(): number {
    return this.pending.words.byteLength + (this.merge?.found.words.byteLength ?? 0);
  }

  /** Scans about `slots` slots of the index for the merge under way. */
  advance(table: HashTable, dead: number, slots: number): void {
    const merge = this.merge;
    if (merge === undefined) return;
    let left = slots;
    while (left > 0 && merge.next < SEGMENTS) {
      table.collect(merge.next, { low: merge.low, high: merge.high, dead }, merge.found);
      left -= table.slotsOf(merge.next++);
    }
  }

  checkpoint(table: HashTable, dead: number, base: number): { put: StatePart[]; drop: string[] } {
    const put: StatePart[] = [];
    const drop: string[] = [];
    this.dropOver(dead, drop);
    this.advance(table, dead, SCAN_SLOTS);
    this.finishMerge(base, put, drop);
    if (this.pending.length > 0) put.push(this.write(this.pending, this.segments.length, base));
    this.pending.clear();
    if (this.merge === undefined && this.segments.length > MERGE_ABOVE) this.startMerge();
    return { put, drop };
  }

  private get liveBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Stamps moved down by `shift`; `dead` is from before. */
  shiftStamps(shift: number): void {
    this.merge = undefined;
    const words = this.pending.words;
    for (let p = 3; p < this.pending.length; p += SLOT_WORDS) words[p] = Math.max(0, (words[p]! >>> 0) - shift);
    this.segments = this.segments.map((s) => ({
      ...s,
      low: Math.max(0, s.low - shift),
      high: Math.max(0, s.high - shift),
    }));
  }

  /** Puts the entries of one part into the table. `shift` is subtracted from their stamps. */
  restore(name: string, part: OpenPart, into: { table: HashTable; dead: number; shift: number }): void {
    if (part.payload.length % ENTRY_BYTES !== 0)
      throw new StateError(`state part ${name} has an odd length`, { code: 'bad-part' });
    const words = new Int32Array(new Uint8Array(part.payload).buffer); // slice() of a Buffer would not copy
    const entry: Entry = { h0: 0, h1: 0, h2: 0, stamp: 0, low: 0, high: 0 };
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (let p = 0; p < words.length; p += SLOT_WORDS) {
      const stamp = (words[p + 3]! >>> 0) - into.shift;
      if (stamp < 1) continue;
      entry.h0 = words[p]!;
      entry.h1 = words[p + 1]!;
      entry.h2 = words[p + 2]!;
      entry.stamp = stamp;
      entry.low = words[p + 4]!;
      entry.high = words[p + 5]!;
      into.table.restore(entry, into.dead);
      if (stamp < low) low = stamp;
      if (stamp > high) high = stamp;
    }
    const id = Number(name.slice(name.lastIndexOf('-') + 1));
    if (!Number.isSafeInteger(id)) throw new StateError(`state part ${name} has no number`, { code: 'bad-part' });
    this.segments.push({ id, low: Math.min(low, high), high, bytes: part.payload.length });
    this.segments.sort((a, b) => a.low - b.low || a.high - b.high || a.id - b.id);
    this.nextId = Math.max(this.nextId, id + 1);
  }

  private dropOver(dead: number, drop: string[]): void {
    if (!this.segments.some((segment) => segment.high < dead)) return;
    for (const segment of this.segments) if (segment.high < dead) drop.push(nameOf(segment.id));
    this.segments = this.segments.filter((segment) => segment.high >= dead);
    if (this.merge !== undefined && !this.merge.run.some((segment) => this.segments.includes(segment)))
      this.merge = undefined;
  }

  private finishMerge(base: number, put: StatePart[], drop: string[]): void {
    const merge = this.merge;
    if (merge === undefined || merge.next < SEGMENTS) return;
    const live = merge.run.filter((segment) => this.segments.includes(segment));
    for (const segment of live) drop.push(nameOf(segment.id));
    const at = this.segments.indexOf(live[0]!);
    this.segments.splice(at, live.length);
    if (merge.found.length > 0) put.push(this.write(merge.found, at, base));
    this.merge = undefined;
  }

  private startMerge(): void {
    const most = Math.max(MERGE_BYTES, this.liveBytes * MERGE_SHARE);
    const run =
      this.cheapestRun(MERGE_RUN, most) ?? this.cheapestRun(4, most) ?? this.cheapestRun(2, Number.POSITIVE_INFINITY)!;
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    let bytes = 0;
    for (const segment of run) {
      low = Math.min(low, segment.low);
      high = Math.max(high, segment.high);
      bytes += segment.bytes;
    }
    this.merge = { run, low, high, found: new EntryLog(bytes / ENTRY_BYTES), next: 0 };
  }

  /** The run of adjacent segments with the fewest bytes, when that is at most `most`. */
  private cheapestRun(length: number, most: number): readonly Segment[] | undefined {
    let best = -1;
    let fewest = most;
    for (let i = 0; i + length <= this.segments.length; i++) {
      let bytes = 0;
      for (let k = i; k < i + length; k++) bytes += this.segments[k]!.bytes;
      if (bytes > fewest) continue;
      fewest = bytes;
      best = i;
    }
    return best < 0 ? undefined : this.segments.slice(best, best + length);
  }

  /** A new part at place `at` of the live ones. */
  private write(log: EntryLog, at: number, base: number): StatePart {
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (let p = 3; p < log.length; p += SLOT_WORDS) {
      const stamp = log.words[p]! >>> 0;
      if (stamp < low) low = stamp;
      if (stamp > high) high = stamp;
    }
    const id = this.nextId++;
    const payload = new Uint8Array(log.words.buffer, 0, log.length * 4);
    this.segments.splice(at, 0, { id, low, high, bytes: payload.length });
    return sealPart(nameOf(id), { kind: 'entries', base, payload });
  }
}

function nameOf(id: number): string {
  return `entries-${id}`;
}
