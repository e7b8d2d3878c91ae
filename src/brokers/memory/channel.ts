import {
  type Batch,
  type CommitRequest,
  type FaultPoint,
  type OutgoingBatch,
  type Stage,
  type StageInput,
  type TaskChannel,
  type TaskId,
  type TaskStart,
  taskName,
  type Upstream,
} from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { partitionOf } from '../../core/murmur2.ts';
import { OWN_HEADER_PREFIX, outgoingHeaders } from '../../core/outgoing-headers.ts';
import { DataRecord, type Headers, NO_HEADERS, type RecordSource } from '../../core/record.ts';
import type { StatePart } from '../../core/state.ts';
import type { MemoryCluster, TaskState, Transaction } from './cluster.ts';
import type { NewRecord, PartitionLog, StoredRecord } from './log.ts';

export interface ChannelOptions {
  readonly cluster: MemoryCluster;
  readonly task: TaskId;
  readonly state: TaskState;
  /** Of this owner: whoever fences after it has a higher one. */
  readonly epoch: number;
  readonly stage: Stage;
  readonly input: StageInput;
  readonly stages: readonly Stage[];
  readonly point: FaultPoint;
  readonly alive: () => boolean;
}

/** A task's way to its partition. */
export class MemoryChannel implements TaskChannel {
  readonly start: TaskStart;
  readonly checkpointBytes: number | undefined;
  private readonly options: ChannelOptions;
  private readonly log: PartitionLog;
  private readonly source: RecordSource;
  private position: number;
  private committing = false;
  private closed = false;

  constructor(options: ChannelOptions) {
    const { cluster, task, state, stage, input } = options;
    this.options = options;
    this.checkpointBytes = cluster.checkpointBytes;
    this.log = cluster.log(task.topic, task.partition);
    this.source = {
      topic: task.topic,
      partition: task.partition,
      ...(input.name === undefined ? {} : { input: input.name }),
    };
    this.position = state.position >= 0 ? state.position : firstPosition(stage, task, this.log);
    const parts = [...state.parts].map(([name, bytes]): StatePart => ({ name, bytes: bytes.slice() }));
    this.start = { position: this.position, committed: state.info, parts: each(parts), partCount: parts.length };
  }

  async poll(limit: { records: number; bytes: number; untilMs: number }, signal: AbortSignal): Promise<Batch> {
    const { cluster, point } = this.options;
    await point('poll');
    await this.delay();
    while (!this.closed && !signal.aborted && this.next() === undefined && !this.atEnd()) {
      const left = limit.untilMs - cluster.clock.elapsed();
      if (left <= 0 || this.position < this.log.end) break;
      await this.wait(left, signal);
      if (!this.options.alive()) throw killed();
    }
    if (!this.options.alive()) throw killed();
    return this.take(limit);
  }

  seek(position: number): void {
    this.position = position;
  }

  async commit(request: CommitRequest): Promise<void> {
    if (this.committing) throw new BrokerError('a commit beside a commit', { code: 'commit-beside-commit' });
    this.committing = true;
    const { cluster, point, state } = this.options;
    const transaction = this.transaction(request);
    await point('commit.begin');
    await this.delay();
    this.check();
    const fate = cluster.draw();
    const { failed = 0, limbo = 0, unknownApplied = 0 } = cluster.faults;
    if (fate < failed) cluster.abort(transaction);
    else if (fate < failed + limbo) state.limbo = transaction;
    await point('commit.written');
    this.check();
    if (fate < failed + limbo) throw unknownOutcome();
    cluster.apply(transaction);
    await point('commit.applied');
    if (fate < failed + limbo + unknownApplied) throw unknownOutcome();
    await this.delay();
    this.committing = false;
    await point('commit.done');
  }

  async close(): Promise<void> {
    this.closed = true;
    this.log.wake();
  }

  private check(): void {
    if (this.options.state.epoch !== this.options.epoch)
      throw new BrokerError(`task ${taskName(this.options.task)} has another owner`, {
        code: 'fenced',
        retryable: true,
      });
    if (this.closed || !this.options.alive()) throw killed();
  }

  private async delay(): Promise<void> {
    const { cluster } = this.options;
    const { delayMs = 0 } = cluster.faults;
    if (delayMs > 0) await cluster.clock.sleep(cluster.draw() * delayMs);
  }

  private async wait(ms: number, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const changed = this.log.changed();
    const stop = () => timer.abort();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([changed.promise, this.options.cluster.clock.sleep(ms, timer.signal).catch(() => {})]);
    signal.removeEventListener('abort', stop);
    changed.cancel();
    timer.abort();
  }

  private next(): StoredRecord | undefined {
    return this.log.records[this.log.indexOf(this.position)];
  }

  private atEnd(): boolean {
    const { cluster, stage, stages } = this.options;
    if (this.next() !== undefined) return false;
    return stage.internal ? cluster.fed(stage, stages) : this.log.bounded;
  }

  private take(limit: { records: number; bytes: number }): Batch {
    const { cluster, task } = this.options;
    const { log } = this;
    const from = this.position;
    const cut = Math.max(1, Math.min(limit.records, cluster.cut?.(cluster.polls++) ?? limit.records));
    const stored: StoredRecord[] = [];
    let bytes = 0;
    const index = log.indexOf(from);
    while (index + stored.length < log.records.length && stored.length < cut && bytes < limit.bytes) {
      const record = log.records[index + stored.length]!;
      bytes += (record.value?.length ?? 0) + (record.key?.length ?? 0);
      stored.push(record);
    }
    const last = index + stored.length >= log.records.length;
    this.position = Math.max(from, last ? log.end : log.records[index + stored.length - 1]!.offset + 1);
    const internal = this.options.stage.internal;
    return {
      topic: task.topic,
      partition: task.partition,
      from,
      next: this.position,
      end: log.end,
      logStart: log.logStart,
      records: stored.map((record) => this.record(record)),
      atEnd: this.atEnd(),
      bytes,
      ...(internal
        ? {
            positions: Float64Array.from(stored, (record) => record.offset),
            upstream: stored.map((record): Upstream => record.passage?.upstream ?? { task: '', time: Number.NaN }),
          }
        : {}),
    };
  }

  private record(stored: StoredRecord): DataRecord {
    const { passage } = stored;
    const record = new DataRecord({
      source: passage?.source ?? this.source,
      offset: passage?.offset ?? stored.offset,
      index: passage?.index ?? -1,
      payload: stored.value,
      codec: this.options.input.codec,
      timestamp: stored.timestamp,
      key: stored.key,
      headers: headersOf(stored, this.options.stage.internal),
    });
    if (passage === undefined) return record;
    record.eventTime = passage.eventTime;
    record.findings = passage.findings;
    record.evidence = passage.evidence;
    record.epochs = passage.epochs;
    return record;
  }

  private transaction(request: CommitRequest): Transaction {
    const { task } = this.options;
    const appends = request.outputs.flatMap((batch) => this.appends(batch));
    const { checkpoint } = request;
    const { state } = this.options;
    const told = request.outputs.some((batch) => batch.upstream?.some(({ control }) => control === 'end') === true);
    const ended = told || (state.ended && request.next === state.position);
    return {
      task: taskName(task),
      epoch: this.options.epoch,
      appends,
      next: request.next,
      info: request.info,
      put: checkpoint?.put.map(({ name, bytes }) => [name, bytes.slice()] as const) ?? [],
      drop: checkpoint?.drop ?? [],
      ended,
    };
  }

  /** The records of a batch by partition, in order. */
  private appends(batch: OutgoingBatch): { log: PartitionLog; records: NewRecord[] }[] {
    const { cluster, task } = this.options;
    if (!cluster.hasTopic(batch.topic)) cluster.createTopic(batch.topic, cluster.partitions(task.topic));
    const count = cluster.partitions(batch.topic);
    const byPartition = Array.from({ length: count }, (): NewRecord[] => []);
    for (let i = 0; i < batch.records.length; i++) {
      const record = this.stored(batch, i);
      if (batch.upstream?.[i]?.control !== undefined && (batch.partitions?.[i] ?? -1) < 0)
        for (const list of byPartition) list.push(record);
      else byPartition[this.partition(batch, i, count)]!.push(record);
    }
    return byPartition.flatMap((records, partition) =>
      records.length === 0 ? [] : [{ log: cluster.log(batch.topic, partition), records }],
    );
  }

  private partition(batch: OutgoingBatch, index: number, count: number): number {
    const chosen = batch.partitions?.[index] ?? -1;
    if (chosen >= 0) return chosen % count;
    const { cluster, task } = this.options;
    const record = batch.records[index]!;
    const kept = batch.role !== 'repartition' && record.key === (record.root ?? record).key;
    if (kept && count === cluster.partitions(task.topic)) return task.partition;
    return record.key === null ? task.partition % count : partitionOf(record.key, count);
  }

  private stored(batch: OutgoingBatch, index: number): NewRecord {
    const record = batch.records[index]!;
    const upstream = batch.upstream?.[index];
    const { source, offset, eventTime, findings, evidence, epochs } = record;
    return {
      key: record.key === null ? null : record.key.slice(),
      value: copyOf(batch.values[index] ?? null),
      timestamp: record.timestamp,
      headers:
        upstream === undefined ? outgoingHeaders(batch, index, this.options.task.topology) : record.headers.entries(),
      ...(upstream === undefined
        ? {}
        : { passage: { upstream, source, offset, index: record.index, eventTime, findings, evidence, epochs } }),
    };
  }
}

function copyOf(value: string | Uint8Array | null): string | Uint8Array | null {
  return value === null || typeof value === 'string' ? value : value.slice();
}

function headersOf(stored: StoredRecord, internal: boolean): Headers {
  const entries = internal ? stored.headers : stored.headers.filter(({ name }) => !name.startsWith(OWN_HEADER_PREFIX));
  return entries.length === 0 ? NO_HEADERS : { size: entries.length, entries: () => entries };
}

function firstPosition(stage: Stage, task: TaskId, log: PartitionLog): number {
  const { start } = stage;
  if (stage.internal || start === 'earliest') return log.logStart;
  if (start === 'latest') return log.end;
  if ('time' in start) return log.records.find(({ timestamp }) => timestamp >= start.time)?.offset ?? log.end;
  const wanted = start.offsets[`${task.topic}/${task.partition}`] ?? start.offsets[String(task.partition)];
  return wanted ?? log.logStart;
}

function unknownOutcome(): BrokerError {
  return new BrokerError('the outcome of the commit is unknown', { code: 'unknown-outcome', retryable: true });
}

export function killed(): BrokerError {
  return new BrokerError('this process has no broker any more', { code: 'closed' });
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
