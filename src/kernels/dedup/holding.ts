import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { KeyHasher } from '../hash/key-hasher.ts';
import { type DedupOptions, emitDuplicate, emitLate, isLate, PORT, passWithoutKey } from './dedup.ts';
import { compareRanks, type Held, HeldRecords, type Rank } from './held.ts';
import { hashKey } from './key.ts';
import { type OpenPart, openPart, sealPart } from './part.ts';
import { type StampState, Stamps } from './stamps.ts';

interface Meta {
  readonly seed: readonly number[];
  readonly stamps: StampState;
  readonly oldest: number;
}

/**
 * Holds one record a key until its window closes, then lets the winner pass: the last one (`keep: last`), or the one
 * with the largest (`keep: last`) or smallest (`keep: first`) value of the sequence field; ties go by position.
 * The others leave at once as duplicates of the record that beat them. The end of the input closes every window.
 *
 * Bound: more than `maxHeldBytes` held, or more than `maxKeys` keys: the oldest windows close early, with the event
 * `state.evicted`. Cost: a Map entry and the record itself a key; a few µs a record.
 */
export class HoldingKernel implements Kernel {
  private readonly options: DedupOptions;
  private readonly stamps: Stamps;
  private readonly held: HeldRecords;
  private readonly maxHeldBytes: number;
  private seed: Uint32Array;
  private hasher: KeyHasher;
  private waiting: { name: string; part: OpenPart }[] | undefined = [];
  private oldest = 0;

  constructor(options: DedupOptions, deps: OperatorDeps) {
    this.options = options;
    this.stamps = new Stamps(options.window, Number.POSITIVE_INFINITY);
    this.held = new HeldRecords(deps.records);
    this.maxHeldBytes = deps.limits.maxHeldBytes;
    this.seed = deps.randomSeed();
    this.hasher = new KeyHasher(this.seed);
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.take(records[i]!, time[i]!, out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    if (tick.kind === 'end') this.release(Number.POSITIVE_INFINITY, out);
    if (tick.kind === 'idle' && this.options.window.kind === 'time') this.release(this.stamps.at(tick.time), out);
  }

  checkpoint(): CheckpointDelta {
    const { base } = this.stamps;
    const { put, drop } = this.held.checkpoint(base);
    const meta: Meta = { seed: [...this.seed], stamps: this.stamps.save(), oldest: this.held.oldest };
    const payload = new TextEncoder().encode(JSON.stringify(meta));
    return { put: [sealPart('meta', { kind: 'meta', base, payload }), ...put], drop };
  }

  restore(part: StatePart): void {
    const opened = openPart(part);
    if (opened.kind !== 'meta') {
      if (this.waiting === undefined) this.restoreHeld(part.name, opened);
      else this.waiting.push({ name: part.name, part: opened });
      return;
    }
    const meta = JSON.parse(new TextDecoder().decode(opened.payload)) as Meta; // its checksum held, so we wrote it
    this.seed = Uint32Array.from(meta.seed);
    this.hasher = new KeyHasher(this.seed);
    this.stamps.restore(meta.stamps);
    this.oldest = meta.oldest;
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const late of waiting) this.restoreHeld(late.name, late.part);
  }

  stats(): KernelStats {
    return { entries: this.held.size, bytes: this.held.bytes };
  }

  private restoreHeld(name: string, part: OpenPart): void {
    const { base } = this.stamps;
    const shift = Number.isNaN(part.base) || Number.isNaN(base) ? 0 : base - part.base;
    this.held.restore(name, part, { oldest: this.oldest, shift });
  }

  private take(record: DataRecord, timeMs: number, out: Out): void {
    const { hasher, options, held } = this;
    const hasKey = hashKey(record, options.key, hasher); // may throw: nothing has changed yet
    const rank = options.sequence === undefined ? null : toRank(options.sequence.get(record));
    const key = hasKey ? String.fromCharCode(...halves(hasher.h0, hasher.h1, hasher.h2)) : '';
    this.moveTo(timeMs, out);
    if (!hasKey) {
      passWithoutKey(record, options.nullKey, out);
      return;
    }
    const entry = held.get(key);
    if (entry !== undefined) this.compete(entry, record, rank, out);
    else if (isLate(record, timeMs, options.window)) emitLate(record, options.late, out);
    else {
      held.add(key, { stamp: this.stamps.next(), rank, record });
      out.absorb('held');
      this.bound(out);
    }
  }

  private moveTo(timeMs: number, out: Out): void {
    const shift = this.stamps.tick(timeMs);
    this.release(this.stamps.dead, out);
    if (shift === 0) return;
    this.held.shiftStamps(shift);
    this.stamps.rebase(shift);
  }

  private compete(entry: Held, record: DataRecord, rank: Rank, out: Out): void {
    const order = compareRanks(rank, entry.rank);
    const wins = this.options.keep === 'last' ? order >= 0 : order < 0;
    if (this.options.resetTtlOnDuplicate) this.held.restart(entry, this.stamps.next());
    if (!wins) {
      emitDuplicate(record, entry.record.origin, out);
      return;
    }
    const loser = this.held.replace(entry, record, rank);
    out.absorb('held');
    out.release(loser);
    emitDuplicate(loser, record.origin, out);
    this.bound(out);
  }

  /** Lets the winners of all windows that close before stamp `dead` pass. */
  private release(dead: number, out: Out): void {
    for (let entry = this.held.first(); entry !== undefined && entry.stamp < dead; entry = this.held.first())
      this.pass(entry, out);
  }

  private bound(out: Out): void {
    const { held, maxHeldBytes } = this;
    const { maxKeys } = this.options;
    const bound = held.size > maxKeys ? `maxKeys ${maxKeys}` : `maxHeldBytes ${maxHeldBytes}`;
    let gone = 0;
    for (; held.size > 1 && (held.bytes > maxHeldBytes || held.size > maxKeys); gone++) this.pass(held.first()!, out);
    if (gone > 0) out.event('state.evicted', { entries: gone, bound });
  }

  private pass(entry: Held, out: Out): void {
    this.held.remove(entry);
    out.release(entry.record);
    out.emit(PORT.out, entry.record);
  }
}

function toRank(value: unknown): Rank {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? Number(value) : null;
}

function halves(...lanes: readonly number[]): number[] {
  return lanes.flatMap((lane) => [lane & 0xffff, lane >>> 16]);
}
