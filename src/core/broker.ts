import type { Observable } from 'rxjs';
import type { Codec } from './codec.ts';
import type { DataRecord } from './record.ts';
import type { CheckpointDelta, StatePart } from './state.ts';

/** The next offset to read. Gaps are legal; loss is `logStart` beyond it. */
export type Position = number;

export type StartAt =
  | 'earliest'
  | 'latest'
  | { readonly time: number }
  | { readonly offsets: Readonly<Record<string, number>> };

/** The steps between two topics, as a broker sees it. */
export interface Stage {
  readonly topology: string;
  /** `source` or the id of the repartition step that feeds it. */
  readonly id: string;
  readonly inputs: readonly StageInput[];
  readonly hasState: boolean;
  readonly start: StartAt;
  /** True for a topic that a repartition writes: ours, internal, trimmed. */
  readonly internal: boolean;
  /** Internal topics: ids of the stages whose tasks write it; its input is at its end when all of those have ended. */
  readonly feeders?: readonly string[];
}

export interface StageInput {
  readonly topic: string;
  /** Name of the input when a topology has several. */
  readonly name?: string;
  readonly codec: Codec;
  /** Options of `input:` a file reader needs (csv, columns); opaque here. */
  readonly options?: unknown;
}

/** The unit of order, state, scaling and commit. */
export interface TaskId {
  readonly topology: string;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
}

export function taskName(task: TaskId): string {
  return `${task.topology}/${task.stage}/${task.topic}/${task.partition}`;
}

/** Who owns what, from one generation of the group to the next. The runtime calls `released` once the revoked tasks are closed. */
export interface Assignment {
  readonly generation: number;
  readonly assigned: readonly TaskId[];
  readonly retained: readonly TaskId[];
  readonly revoked: readonly TaskId[];
  /** Gone without a chance to commit. */
  readonly lost: readonly TaskId[];
  released(): void;
}

/** Travels with the offset (Kafka: commit metadata, at most 4 KiB as JSON). */
export interface CommitInfo {
  /** Number of the newest durable checkpoint and the position it was taken at. */
  readonly checkpoint: number;
  readonly checkpointAt: Position;
  /** Fingerprint of plan and build. */
  readonly fingerprint: string;
  /** Emissions since that checkpoint: replay must end on the same count and digest. */
  readonly emitted: number;
  readonly digest: number;
}

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly from: Position;
  /** Position after this batch; may exceed the last record's offset + 1, and move without records. */
  readonly next: Position;
  /** End of the log as known now (next offset to be written); -1 when unknown. */
  readonly end: Position;
  readonly logStart: Position;
  readonly records: readonly DataRecord[];
  /** A bounded input has been read to its end; nothing follows unless the input grows. */
  readonly atEnd: boolean;
  /** Size of the records as read, in bytes. */
  readonly bytes: number;
  /** Offset of each record in the topic read, where it is not `record.offset` (repartition topics: records keep their source origin). */
  readonly positions?: Float64Array;
  /** Repartition topics: who wrote each record, and the control records between them. Parallel to `records`. */
  readonly upstream?: readonly Upstream[];
}

/**
 * What travels with a record through a repartition topic. A control record (`end`, `idle`) has a null payload and
 * releases the upstream task from the minimum that makes the next stage's stream time.
 */
export interface Upstream {
  readonly task: string;
  /** Stream time of the upstream task at this record, NaN when it has no clock. */
  readonly time: number;
  readonly control?: 'end' | 'idle';
}

export type SinkRole = 'output' | 'quarantine' | 'events' | 'repartition';

/** Records for one topic, in order; parallel arrays, one entry a record. */
export interface OutgoingBatch {
  readonly topic: string;
  readonly role: SinkRole;
  readonly records: readonly DataRecord[];
  /** Encoded values; a string stands for its UTF-8 bytes. */
  readonly values: readonly (string | Uint8Array | null)[];
  /**
   * Explicit partition, or -1 for the default: same as the input when counts agree and the key is unchanged, else
   * murmur2 of the key. A control record (see Upstream) with -1 goes to every partition.
   */
  readonly partitions?: Int32Array;
  /** Quarantine: id of the step that sent it there. */
  readonly steps?: readonly string[];
  /** Quarantine with `value: redact`: whether fields of the value were replaced, so that it is not what came. */
  readonly redacted?: readonly boolean[];
  /** Whether and how findings leave with the record. */
  readonly findings: 'header' | 'none';
  /** `certificate:` of the output; the texts of full ones (core/certificate.ts), parallel to `records`. */
  readonly certificates?: 'origin' | readonly string[];
  /** Repartition only, parallel to `records`. */
  readonly upstream?: readonly Upstream[];
}

export interface TaskStart {
  readonly position: Position;
  readonly committed: CommitInfo | undefined;
  /** Live parts of the newest checkpoint, names prefixed `<step>/`. */
  readonly parts: AsyncIterable<StatePart>;
  readonly partCount: number;
}

/** Moments inside a broker where a test may stop or delay it; names are part of the conformance suite. */
export type FaultPoint = (name: string) => void | Promise<void>;

export interface CommitRequest {
  readonly outputs: readonly OutgoingBatch[];
  readonly next: Position;
  readonly info: CommitInfo;
  /** Present when a checkpoint rides along; its position is `next`. */
  readonly checkpoint?: CheckpointDelta;
}

export interface TaskChannel {
  readonly start: TaskStart;
  /** So many bytes of state a commit takes along before its outputs wait longer for it. Absent: they do not wait for its size. */
  readonly checkpointBytes?: number | undefined;
  /** Waits for records until `untilMs` (monotonic, see Clock.elapsed) or abort; then gives an empty batch. */
  poll(
    limit: { readonly records: number; readonly bytes: number; readonly untilMs: number },
    signal: AbortSignal,
  ): Promise<Batch>;
  /** Moves reading back to `position` (a checkpoint's); only before the first poll. */
  seek(position: Position): void;
  /** Legal beside poll, never beside itself. Any rejection means: outcome unknown, close the task and open it again. */
  commit(request: CommitRequest): Promise<void>;
  /**
   * Takes a batch into the commit being filled at once, so that its records need not be kept until then; the commit that
   * follows writes it before its own `outputs`. False: not this one, give it with the commit. Never called in a replay.
   */
  stage?(batch: OutgoingBatch): boolean;
  /** False: the topic takes no record of this size; it goes to quarantine instead. Absent: everything fits. */
  fits?(topic: string, record: DataRecord, value: string | Uint8Array | null, certificate?: string): boolean;
  close(): Promise<void>;
}

export interface TopicSpec {
  readonly topic: string;
  readonly role: 'input' | SinkRole | 'state';
  readonly partitions?: number;
  /** Without `partitions`: topics to follow; it has as many as the widest of them, a state topic room for every partition of all. */
  readonly like?: readonly string[];
}

export interface TopicReport {
  readonly topics: readonly {
    readonly topic: string;
    readonly problem?: string;
    readonly remedy?: string;
    readonly created?: boolean;
  }[];
}

export interface Broker {
  /** `memory`, `local` or `kafka`. */
  readonly name: string;
  /** Completes once nothing will be assigned or revoked any more (bounded inputs); the tasks assigned so far still run to their end. */
  tasks(stages: readonly Stage[], signal: AbortSignal): Observable<Assignment>;
  /**
   * Fences every earlier owner first, then reads position and state. Rejects with BrokerError `not-assigned` when the
   * current generation gives the task to another member: the caller forgets it.
   */
  open(task: TaskId): Promise<TaskChannel>;
  topics(specs: readonly TopicSpec[], mode: 'check' | 'create'): Promise<TopicReport>;
  close(): Promise<void>;
}
