import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, KernelStats, OperatorDeps, Out } from '../../core/operator.ts';
import type { DataRecord, Origin } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { KeyHasher } from '../hash/key-hasher.ts';
import { DedupState } from './dedup-state.ts';
import { hashKey, type KeyOptions } from './key.ts';
import type { DedupWindow } from './stamps.ts';

/** Indexes of the ports of `dedup`. */
export const PORT = { out: 0, duplicates: 1, late: 2, rejected: 3 } as const;

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
 * A record is a duplicate when its key was met at most `window` of stream time (or so many records) before. A late
 * record (event time more than `window` behind stream time) is still compared; only when nothing is found does `late`
 * decide. See DedupState for cost, state and errors.
 */
export class DedupKernel implements Kernel {
  protected readonly options: DedupOptions;
  protected readonly state: DedupState;
  protected hasher: KeyHasher;

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
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.take(records[i]!, time[i]!, out);
    }
    this.state.tidy(records.length);
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

  private take(record: DataRecord, timeMs: number, out: Out): void {
    const { state, hasher, options } = this;
    const hasKey = hashKey(record, options.key, hasher); // may throw: nothing has changed yet
    state.tick(timeMs);
    if (!hasKey) passWithoutKey(record, options.nullKey, out);
    else if (state.has(hasher.h0, hasher.h1, hasher.h2)) {
      const winner = state.winner();
      if (options.resetTtlOnDuplicate) state.refresh();
      emitDuplicate(record, winner, out);
    } else if (isLate(record, timeMs, options.window)) this.takeLate(record, out);
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
