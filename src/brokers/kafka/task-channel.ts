import {
  type Batch,
  type CommitRequest,
  type OutgoingBatch,
  type Position,
  type TaskChannel,
  type TaskId,
  type TaskStart,
  taskName,
} from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import type { TransportObserver } from '../../core/transport.ts';
import type { CommitBuffer, OutgoingTopic } from './commit-buffer.ts';
import { encodeMetadata } from './commit-metadata.ts';
import type { Committer } from './committer.ts';
import type { EndMark } from './end-mark.ts';
import { fits } from './fits.ts';
import type { Lane } from './lane.ts';
import type { PartitionReader } from './partition-reader.ts';
import { brokerError } from './protocol-errors.ts';
import type { PartitionQueue } from './sender.ts';
import type { StateWriter } from './state-writer.ts';
import type { Trimmer } from './trimmer.ts';
import { BATCH_BYTES, BatchWriter } from './wire/index.ts';

export interface ChannelOptions {
  readonly task: TaskId;
  readonly lane: Lane;
  readonly start: TaskStart;
  readonly reader: PartitionReader;
  readonly buffer: CommitBuffer;
  readonly topics: ReadonlyMap<string, OutgoingTopic>;
  readonly committer: Committer;
  readonly state: {
    readonly writer: StateWriter;
    readonly topic: string;
    readonly partition: number;
    readonly maxBytes: number;
  };
  readonly endMark: EndMark;
  readonly trimmer: Trimmer;
  readonly generation: number;
  /** Bounded runs: whether everything has been read at this position. */
  readonly isOver: ((position: Position) => Promise<boolean>) | undefined;
  readonly observer: TransportObserver;
  readonly elapsed: () => number;
}

/** Between two questions whether the input is over. */
const OVER_EVERY_MS = 50;
/** Of a batch: what a task writes besides, and what comes until its commit is due, still fits. */
const CHECKPOINT_SHARE = 0.8;
/** A transaction begins so long before its commit at most. */
const EXPECTED_WITHIN_MS = 250;

/** A task's way to its partition: one reader, one producer, one commit at a time. */
export class KafkaChannel implements TaskChannel {
  readonly start: TaskStart;
  /** Batches of a partition are sent one after the other: a second one would make the outputs wait another time. */
  readonly checkpointBytes: number;
  private readonly options: ChannelOptions;
  private committing = false;
  private closed = false;

  constructor(options: ChannelOptions) {
    this.options = options;
    this.start = options.start;
    this.checkpointBytes = CHECKPOINT_SHARE * Math.min(BATCH_BYTES, options.state.maxBytes);
  }

  async poll(
    limit: { readonly records: number; readonly bytes: number; readonly untilMs: number },
    signal: AbortSignal,
  ): Promise<Batch> {
    const { reader, endMark, task } = this.options;
    try {
      if (limit.untilMs - this.options.elapsed() <= EXPECTED_WITHIN_MS) this.expectCommit();
      await this.waitForRecords(limit.untilMs, signal);
      const batch = reader.take(limit);
      const first = batch.records[0];
      if (first !== undefined) endMark.note(batch.positions?.[0] ?? first.offset);
      const atEnd = batch.records.length === 0 && (await this.isOver());
      return { ...batch, topic: task.topic, partition: task.partition, atEnd };
    } catch (error) {
      throw brokerError(error, { what: `reading ${taskName(task)}` });
    }
  }

  seek(position: Position): void {
    this.options.reader.seek(position);
  }

  stage(batch: OutgoingBatch): boolean {
    this.options.buffer.add(batch);
    // one in flight: this one begins as soon as that has ended, or not long after
    if (this.committing) this.expectCommit();
    return true;
  }

  fits(topic: string, record: DataRecord, value: string | Uint8Array | null, certificate?: string): boolean {
    const target = this.options.topics.get(topic);
    return (
      target === undefined ||
      fits(target, record, { value, certificateBytes: certificate === undefined ? 0 : Buffer.byteLength(certificate) })
    );
  }

  async commit(request: CommitRequest): Promise<void> {
    const { task, observer, committer, buffer, endMark, elapsed } = this.options;
    if (this.committing) throw new BrokerError('a commit beside a commit', { code: 'commit-beside-commit' });
    this.committing = true;
    for (const batch of request.outputs) buffer.add(batch);
    const { queues, told } = buffer.take();
    const metadata = encodeMetadata(request.info, endMark.of(request.next, told));
    const started = elapsed();
    try {
      const base = await committer.commit({
        outputs: queues,
        state: this.stateQueue(request),
        offsets: [{ place: task, next: request.next, metadata }],
      });
      if (request.checkpoint !== undefined) this.adopt(base, request.info.checkpointAt);
      observer.committed(task, (elapsed() - started) / 1000);
    } catch (error) {
      // whatever went wrong, this producer is over: what it left is settled by whoever opens the task next
      this.closed = true;
      const failure = brokerError(error, { what: `committing ${taskName(task)}` });
      observer.commitFailed(task, failure.code);
      throw failure;
    }
    this.committing = false;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.options.reader.close();
    await this.options.trimmer.idle();
    await this.options.lane.close();
  }

  /** The coordinator hears what the commit will touch while that fills: one of the three steps of a commit less to wait for. */
  private expectCommit(): void {
    const { committer, buffer } = this.options;
    if (committer.expect === undefined || this.closed) return;
    const { places } = buffer;
    if (places.length > 0) committer.expect(places);
  }

  private async waitForRecords(untilMs: number, signal: AbortSignal): Promise<void> {
    const { reader, elapsed } = this.options;
    for (;;) {
      if (this.closed) throw new BrokerError('the channel is closed', { code: 'closed', retryable: true });
      const until = this.options.isOver === undefined ? untilMs : Math.min(untilMs, elapsed() + OVER_EVERY_MS);
      await reader.wait(until, signal);
      if (reader.hasChunks || signal.aborted || elapsed() >= untilMs || (await this.isOver())) return;
    }
  }

  private async isOver(): Promise<boolean> {
    const { isOver, reader } = this.options;
    return isOver !== undefined && !reader.hasChunks && (await isOver(reader.position));
  }

  private stateQueue(request: CommitRequest): PartitionQueue | undefined {
    const { checkpoint, info, next } = request;
    if (checkpoint === undefined) return undefined;
    const { writer, topic, partition, maxBytes } = this.options.state;
    const { generation } = this.options;
    const batches = new BatchWriter({ maxBytes, codec: 'none' });
    for (const { key, value } of writer.records(checkpoint, { info, position: next, generation })) {
      batches.begin(0, key, value);
      if (!batches.end())
        throw new BrokerError(`a chunk of state does not fit ${topic}: its max.message.bytes is ${maxBytes}`, {
          code: 'record-too-large',
        });
    }
    return { topic, partition, batches: batches.finish() };
  }

  private adopt(base: number, checkpointAt: Position): void {
    const { state, trimmer } = this.options;
    const oldest = state.writer.adopt(base);
    trimmer.trim({ inputBelow: checkpointAt, stateBelow: oldest });
  }
}
