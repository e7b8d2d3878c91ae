import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, KernelStats, OperatorDeps, Out } from '../../core/operator.ts';
import { attemptOf } from '../../core/outgoing-headers.ts';
import type { DataRecord, Origin } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { KeyHasher } from '../hash/key-hasher.ts';
import { DedupState } from './dedup-state.ts';
import { hashKey, type KeyOptions } from './key.ts';
import type { DedupWindow } from './stamps.ts';

/** Indexes of the ports of `dedup`. */
export const PORT = { out: 0, duplicates: 1, late: 2, rejected: 3 } as const;

/** Keys hashed ahead: enough misses to overlap, few enough to stay in the first cache. */
const BLOCK = 64;

export type Policy = 'pass' | 'late' | 'reject';

export interface DedupOptions {
  readonly key: KeyOptions;
  readonly window: DedupWindow;
  readonly keep: 'first' | 'last';
  /** Decides which of several records wins instead of the order of arrival. */
  readonly sequence: FieldSlot | undefined;
  readonly resetTtlOnDuplicate: boolean;
  /** A record older than the window whose key is not known: its duplicate may have been forgotten. */
  readonly late: Policy;
  readonly nullKey: 'pass' | 'reject';
  readonly maxKeys: number;
  readonly expectedKeys: number;
}

/**
 * Lets the first record of each key pass and sends the later ones of its window to `duplicates`, each with the finding
 * `duplicate-of` (info) whose `observed` is the origin of the record that won.
 *
 * A record is a duplicate when its key was met at most `window` of stream time (or so many records) before. One that
 * comes back from quarantine and was the winner itself passes again: it was refused further down. A late
 * record (event time more than `window` behind stream time) is still compared; only when nothing is found does `late`
 * decide. See DedupState for cost, state and errors.
 */
export class DedupKernel implements Kernel {
  private readonly options: DedupOptions;
  private readonly state: DedupState;
  private hasher: KeyHasher;
  private readonly lanes = new Int32Array(3 * BLOCK);
  private readonly keyed = new Uint8Array(BLOCK);
  private failure: unknown;

  constructor(options: DedupOptions, deps: OperatorDeps) {
    this.options = options;
    this.state = new DedupState({
      window: options.window,
      maxKeys: options.maxKeys,
      expectedKeys: options.expectedKeys,
      seed: deps.randomSeed(),
    });
    this.hasher = new KeyHasher(this.state.seed);
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    for (let from = 0; from < records.length; from += BLOCK) {
      const to = Math.min(from + BLOCK, records.length);
      const ready = this.hashBlock(records, from, to);
      this.state.prefetch(this.lanes, ready - from);
      for (let i = from; i < ready; i++) {
        out.at = i;
        this.take(records[i]!, { time: time[i]!, lane: (i - from) * 3, hasKey: this.keyed[i - from] === 1 }, out);
      }
      if (ready < to) {
        out.at = ready;
        throw this.failure;
      }
    }
    this.state.tidy(records.length);
  }

  get pendingBytes(): number {
    return this.state.pendingBytes;
  }

  checkpoint(): CheckpointDelta {
    return this.state.checkpoint();
  }

  restore(part: StatePart): void {
    this.state.restore(part);
    this.hasher = new KeyHasher(this.state.seed);
  }

  stats(): KernelStats {
    return { entries: this.state.stamps.live, bytes: this.state.byteLength };
  }

  /** Hashes records from..to into `lanes`; gives the index of the first one that cannot be decoded, or `to`. */
  private hashBlock(records: readonly DataRecord[], from: number, to: number): number {
    const { hasher, lanes, keyed } = this;
    let i = from;
    try {
      for (; i < to; i++) {
        keyed[i - from] = hashKey(records[i]!, this.options.key, hasher) ? 1 : 0;
        const lane = (i - from) * 3;
        lanes[lane] = hasher.h0;
        lanes[lane + 1] = hasher.h1;
        lanes[lane + 2] = hasher.h2;
      }
    } catch (error) {
      this.failure = error; // process() throws it at its place, once the records before it are done
      return i;
    }
    return to;
  }

  private take(record: DataRecord, at: { time: number; lane: number; hasKey: boolean }, out: Out): void {
    const { state, lanes, options } = this;
    state.tick(at.time);
    if (!at.hasKey) passWithoutKey(record, options.nullKey, out);
    else if (state.has(lanes[at.lane]!, lanes[at.lane + 1]!, lanes[at.lane + 2]!)) {
      const winner = state.winner();
      if (isComeBack(record, winner)) {
        out.emit(PORT.out, record);
        return;
      }
      if (options.resetTtlOnDuplicate) state.refresh();
      emitDuplicate(record, winner, out);
    } else if (isLate(record, at.time, options.window)) this.takeLate(record, out);
    else {
      this.claim(record, out);
      out.emit(PORT.out, record);
    }
  }

  private takeLate(record: DataRecord, out: Out): void {
    const policy = this.options.late;
    if (policy === 'pass') this.claim(record, out);
    emitLate(record, policy, out);
  }

  private claim(record: DataRecord, out: Out): void {
    const gone = this.state.claim(record);
    if (gone > 0) reportEviction(gone, this.state, out);
  }
}

/** With a window of 0 nothing is remembered and everything passes. */
export class PassKernel implements Kernel {
  process(records: readonly DataRecord[], _time: Float64Array, out: Out): void {
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      out.emit(PORT.out, records[i]!);
    }
  }
}

/** The winner itself, back from quarantine. */
function isComeBack(record: DataRecord, winner: Origin | undefined): boolean {
  if (winner === undefined || winner.offset !== record.offset || attemptOf(record) === 0) return false;
  const { topic, partition, index, part } = record.origin;
  return winner.topic === topic && winner.partition === partition && winner.index === index && winner.part === part;
}

export function isLate(record: DataRecord, timeMs: number, window: DedupWindow): boolean {
  return window.kind === 'time' && record.eventTime < timeMs - window.seconds * 1000;
}

export function passWithoutKey(record: DataRecord, policy: 'pass' | 'reject', out: Out): void {
  const finding = { rule: 'null-key', dimension: 'uniqueness', message: 'a field of the key is null or missing' };
  if (policy === 'pass') {
    out.finding(undefined, { ...finding, severity: 'info' });
    out.emit(PORT.out, record);
    return;
  }
  const draft = record.edit();
  out.finding(draft, { ...finding, severity: 'error' });
  out.emit(PORT.rejected, draft);
}

export function emitDuplicate(record: DataRecord, winner: Origin | undefined, out: Out): void {
  const draft = record.edit();
  out.finding(draft, {
    rule: 'duplicate-of',
    severity: 'info',
    dimension: 'uniqueness',
    ...(winner === undefined ? {} : { observed: winner }),
  });
  out.emit(PORT.duplicates, draft);
}

export function emitLate(record: DataRecord, policy: Policy, out: Out): void {
  const draft = record.edit();
  out.finding(draft, {
    rule: 'late',
    severity: policy === 'reject' ? 'error' : 'warn',
    dimension: 'timeliness',
    expected: 'an event time inside the window',
    message: 'older than the window: a duplicate of it may have been forgotten',
  });
  out.emit(policy === 'pass' ? PORT.out : policy === 'late' ? PORT.late : PORT.rejected, draft);
}

export function reportEviction(keys: number, state: DedupState, out: Out): void {
  const { maxKeys, evicted } = state.stamps;
  out.event('state.evicted', { entries: keys, bound: `maxKeys ${maxKeys}`, total: evicted });
}
