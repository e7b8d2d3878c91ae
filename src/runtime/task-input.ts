import { type Batch, type Position, type TaskChannel, type TaskId, taskName } from '../core/broker.ts';
import { BrokerError } from '../core/errors.ts';
import type { Tick } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import type { TaskContext } from './task-context.ts';

/** Records and bytes asked for at once, one frame: few enough to stay in the cache between two steps. */
const FRAME_RECORDS = 256;
const FRAME_BYTES = 4 * 1024 * 1024;

interface TaskInputOptions {
  readonly id: TaskId;
  readonly context: TaskContext;
  readonly channel: TaskChannel;
  /** Nothing is read behind this position; undefined: no such end. */
  readonly stopAt: Position | undefined;
  /** The checkpoint was taken behind the end of a bounded input. */
  readonly ended: boolean;
}

/** What of a batch is new: its records from one index to another, and the position behind them. */
export interface Taking {
  readonly from: number;
  readonly to: number;
  readonly next: Position;
}

/** A task's place in its input. */
export class TaskInput {
  position: Position;
  /** The bounded input was read to its end, and its steps were told so. */
  ended: boolean;
  /** Of the log, as last known; -1 before. */
  end: Position = -1;
  /** Offsets behind the last batch when that was full; else 0, since what stands there may not be readable yet. */
  backlog = 0;
  private readonly options: TaskInputOptions;
  private readonly limit: Position;
  /** Monotonic milliseconds of the last records, and of the last idle tick. */
  private recordsAt: number;
  private idleTickAt = 0;

  constructor(options: TaskInputOptions) {
    this.options = options;
    this.position = options.channel.start.position;
    this.ended = options.ended;
    this.limit = options.stopAt ?? Number.POSITIVE_INFINITY;
    this.recordsAt = options.context.clock.elapsed();
  }

  get isAtLimit(): boolean {
    return this.position >= this.limit;
  }

  /** The next records, or none at `untilMs`. Throws when some were deleted before they were read. */
  async poll(untilMs: number, signal: AbortSignal): Promise<Batch> {
    // a batch that ends at the limit can be committed by every broker
    const records = Math.min(FRAME_RECORDS, Math.max(1, this.limit - this.position));
    const batch = await this.options.channel.poll({ records, bytes: FRAME_BYTES, untilMs }, signal);
    if (batch.logStart > this.position)
      throw new BrokerError(
        `${taskName(this.options.id)}: records ${this.position} to ${batch.logStart} were deleted from ${batch.topic} before they were read: raise its retention, and start with --accept-offsets to go on with what is left`,
        { code: 'records-lost' },
      );
    this.end = batch.end;
    this.backlog = batch.records.length === records ? batch.end - batch.next : 0;
    return batch;
  }

  /** What of the batch's records from index `from` on comes before the limit. */
  takingOf(batch: Batch, from: number): Taking {
    const next = Math.min(batch.next, this.limit);
    const to = next === batch.next ? batch.records.length : recordsBefore(batch, next);
    if (to > from) {
      this.ended = false;
      this.recordsAt = this.options.context.clock.elapsed();
    }
    return { from, to, next };
  }

  /** When the plan has `idleAfter`, and nothing came for so long. */
  idleTick(streamTime: number): Tick | undefined {
    const { plan, clock } = this.options.context;
    const { idleAfterMs } = plan;
    const now = clock.elapsed();
    if (idleAfterMs === undefined || now - Math.max(this.recordsAt, this.idleTickAt) < idleAfterMs) return undefined;
    if (Number.isNaN(streamTime)) return undefined;
    this.idleTickAt = now;
    return { kind: 'idle', time: streamTime + (now - this.recordsAt) };
  }
}

/** How many records of the batch lie before `target`. */
export function recordsBefore(batch: Batch, target: Position): number {
  if (batch.next <= target) return batch.records.length;
  let n = 0;
  while (n < batch.records.length && (batch.positions?.[n] ?? (batch.records[n] as DataRecord).offset) < target) n++; // n is below the length
  return n;
}
