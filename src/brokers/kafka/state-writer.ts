import type { CommitInfo, Position } from '../../core/broker.ts';
import type { CheckpointDelta } from '../../core/state.ts';
import {
  deadRecords,
  indexRecords,
  type PartRef,
  partId,
  partRecords,
  refOf,
  type StateIndex,
  type StateRecord,
} from './state-format.ts';

export interface StateWriterOptions {
  readonly index: StateIndex | undefined;
  /** Offset of every live part, by part. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Names this writer among all that had the task. */
  readonly writer: string;
  readonly input: StateIndex['input'];
}

/** Turns what changed in a task's state into records, and keeps track of what is alive and where it lies. */
export class StateWriter {
  private readonly writer: string;
  private readonly input: StateIndex['input'];
  private live: ReadonlyMap<string, PartRef>;
  private next: ReadonlyMap<string, PartRef> | undefined;
  private readonly offsets: Map<string, number>;

  constructor(options: StateWriterOptions) {
    this.writer = options.writer;
    this.input = options.input;
    this.live = new Map((options.index?.parts ?? []).map((part) => [part.name, part]));
    this.offsets = new Map(options.offsets);
  }

  /** Records in the order they are to be written; the index is last. */
  records(
    delta: CheckpointDelta,
    at: { readonly info: CommitInfo; readonly position: Position; readonly generation: number },
  ): readonly StateRecord[] {
    const version = `${this.writer}.${at.info.checkpoint}`;
    const next = new Map(this.live);
    const records: StateRecord[] = [];
    for (const name of [...delta.drop, ...delta.put.map((part) => part.name)]) {
      const dead = next.get(name);
      if (dead !== undefined) records.push(...deadRecords(dead));
      next.delete(name);
    }
    for (const { name, bytes } of delta.put) {
      records.push(...partRecords(name, version, bytes));
      next.set(name, refOf(name, version, bytes));
    }
    this.next = next;
    const { info, position, generation } = at;
    const { input } = this;
    return [
      ...records,
      ...indexRecords({ checkpoint: info.checkpoint, position, info, generation, input, parts: [...next.values()] }),
    ];
  }

  /** The commit is durable, its state records begin at `offset`. Gives the offset below which nothing is alive. */
  adopt(offset: number): number {
    this.live = this.next ?? this.live;
    this.next = undefined;
    const alive = new Set([...this.live.values()].map(partId));
    for (const part of this.offsets.keys()) if (!alive.has(part)) this.offsets.delete(part);
    for (const part of alive) if (!this.offsets.has(part)) this.offsets.set(part, offset);
    let oldest = offset;
    for (const at of this.offsets.values()) if (at < oldest) oldest = at;
    return oldest;
  }
}
