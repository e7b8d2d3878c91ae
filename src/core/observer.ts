import type { TaskId } from './broker.ts';
import type { Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';
import type { KernelStats } from './operator.ts';
import type { Origin } from './record.ts';

/** Counts of one commit, or of a task since its first record. Keys of the maps are `step\0port`, `step\0rule\0severity`, `step\0method`, `step\0type`, topic. */
export interface Counts {
  in: number;
  readonly fates: Map<string, number>;
  readonly ports: Map<string, number>;
  readonly findings: Map<string, number>;
  readonly changes: Map<string, number>;
  readonly events: Map<string, number>;
  readonly written: Map<string, number>;
}

/** What became durable with one commit. Published after it succeeded, never for a replay. */
export interface CommitReport {
  readonly topology: string;
  readonly task: TaskId;
  readonly counts: Counts;
  readonly seconds: number;
  /** Present when a checkpoint rode along. */
  readonly checkpointBytes?: number;
  readonly position: number;
  /** End of the log as last known, -1 when unknown. */
  readonly end: number;
  /** NaN without a clock. */
  readonly streamTime: number;
  readonly stats: readonly { readonly step: string; readonly stats: KernelStats }[];
  /** Present when the observer asks for it. */
  readonly samples?: CommitSamples;
}

/** A record that shows what a rule speaks of: bounded in size, hidden fields taken out. For people, never for programs. */
export interface RecordSample {
  readonly fate: 'quarantined' | 'curated';
  readonly step: string;
  readonly origin: Origin;
  /** Stream time, NaN without a clock. */
  readonly time: number;
  readonly findings: readonly Finding[];
  /** Text of the value as it came; undefined when it is none, or may not be shown. */
  readonly value?: string;
  /** Text of the value as the steps have made it, when that differs. */
  readonly cleaned?: string;
}

/** A quality event as it was written. */
export interface EventSample {
  readonly type: string;
  readonly step: string;
  readonly time?: string;
  readonly data: unknown;
}

/** A few of the records and events of a commit, and what its steps let people look at. */
export interface CommitSamples {
  readonly records: readonly RecordSample[];
  readonly events: readonly EventSample[];
  readonly inspections: readonly { readonly step: string; readonly inspection: Inspection }[];
}

export type TaskState = 'opening' | 'replaying' | 'running' | 'waiting' | 'ended' | 'closed';

/**
 * How far a task has come on its way to its first new record: records of its state topic read, parts of its state handed
 * to their steps, or records after the checkpoint read again.
 */
export interface RestoreProgress {
  readonly unit: 'state records' | 'state parts' | 'records again';
  readonly done: number;
  readonly of: number;
}

/** What a run tells the outside: telemetry and progress listen here. Called per batch and per commit, never per record. */
export interface RunObserver {
  /** Somebody looks at records: commits bring a few along. */
  readonly wantsSamples?: boolean;
  /** `reason`: what a waiting task waits for. */
  taskState?(task: TaskId, state: TaskState, reason?: string): void;
  /** Told a part or a batch at a time before a task runs. */
  taskProgress?(task: TaskId, progress: RestoreProgress): void;
  /** Told again and again while a task waits for a service beside the broker: seconds since it was told last. */
  outage?(topology: string, service: string, seconds: number): void;
  taskFailed?(task: TaskId, error: unknown, restartInMs: number | undefined): void;
  batch?(topology: string, seconds: number, records: number): void;
  commit?(report: CommitReport): void;
  commitFailed?(topology: string): void;
  replayed?(topology: string, records: number): void;
  /** The run is done with a task: it ended, or goes to another owner. `totals` since its first record. */
  taskLeft?(task: TaskId, totals: Counts, resumed: boolean): void;
}
