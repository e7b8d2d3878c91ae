import type { Batch } from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import type { DataRecord } from '../../core/record.ts';
import type { PartMark, ReadMark } from './manifest.ts';
import type { PollLimit, TaskSource } from './task-source.ts';

export interface ReplaySourceOptions {
  readonly topic: string;
  readonly run: string;
  readonly records: readonly DataRecord[];
  /** Records of this replay that earlier runs of it have committed. */
  readonly done: number;
  /** Where the task stands in its own input. */
  readonly at: ReadMark;
  readonly parts: readonly PartMark[];
  readonly perSecond?: number;
  /** Called when everything was read and more is asked for; then the source waits instead of ending. */
  readonly onDrained?: () => void;
  readonly clock: Clock;
}

/**
 * Records that come back from quarantine, as if they stood in the input at the place the task has reached. They take
 * positions of their own: the place in the files stays, its position and the first position of the open part move on by
 * as many. Every commit of a replay carries a checkpoint, so that no later replay of the input has to cross it.
 */
export class ReplaySource implements TaskSource {
  ended = false;
  private readonly options: ReplaySourceOptions;
  private next: number;
  private allowance = 0;
  private allowedAt: number;

  constructor(options: ReplaySourceOptions) {
    this.options = options;
    this.next = options.done;
    this.allowedAt = options.clock.elapsed();
  }

  /** Records are read from the one after the last committed on, whatever the place in the files. */
  moveTo(): Promise<void> {
    this.next = this.options.done;
    return Promise.resolve();
  }

  mark(): ReadMark {
    const { at, run } = this.options;
    return { ...at, position: this.position, replay: { run, done: this.next } };
  }

  async poll(limit: PollLimit, signal: AbortSignal): Promise<Batch> {
    const { records, topic } = this.options;
    const from = this.position;
    const count = await this.allowed(Math.min(limit.records, records.length - this.next), limit.untilMs, signal);
    const taken = records.slice(this.next, this.next + count);
    this.next += count;
    if (count === 0 && this.next === records.length) await this.drained(limit.untilMs, signal);
    this.ended = this.next === records.length && this.options.onDrained === undefined;
    return {
      topic,
      partition: 0,
      from,
      next: this.position,
      end: -1,
      logStart: 0,
      records: taken,
      positions: Float64Array.from(taken, (_, i) => from + i),
      atEnd: this.ended,
      bytes: 0,
    };
  }

  private async drained(untilMs: number, signal: AbortSignal): Promise<void> {
    const { onDrained, clock } = this.options;
    if (onDrained === undefined) return;
    onDrained();
    await clock.sleep(Math.max(0, untilMs - clock.elapsed()), signal).catch(() => {}); // stopped: the caller sees the signal
  }

  private get position(): number {
    return this.options.at.position + this.next - this.options.done;
  }

  /** How many of `wanted` may go now; waits for one when none may. */
  private async allowed(wanted: number, untilMs: number, signal: AbortSignal): Promise<number> {
    const { perSecond, clock } = this.options;
    if (perSecond === undefined || wanted <= 0) return Math.max(0, wanted);
    const now = clock.elapsed();
    this.allowance = Math.min(perSecond, this.allowance + ((now - this.allowedAt) * perSecond) / 1000);
    this.allowedAt = now;
    if (this.allowance < 1) {
      const waitMs = Math.min((1000 * (1 - this.allowance)) / perSecond, Math.max(0, untilMs - now));
      await clock.sleep(waitMs, signal).catch(() => {}); // stopped: the caller sees the signal
      return 0;
    }
    const count = Math.min(wanted, Math.floor(this.allowance));
    this.allowance -= count;
    return count;
  }

  partsAt(mark: ReadMark): Promise<readonly PartMark[]> {
    const { parts, at } = this.options;
    const moved = mark.position - at.position;
    return Promise.resolve(parts.map((part, i) => (i === at.part ? { ...part, start: part.start + moved } : part)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
