import type { TaskId } from './broker.ts';
import type { KernelStats } from './operator.ts';

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
}

export type TaskState = 'opening' | 'replaying' | 'running' | 'waiting' | 'ended' | 'closed';

/** What a run tells the outside: telemetry and progress listen here. Called per batch and per commit, never per record. */
export interface RunObserver {
  taskState?(task: TaskId, state: TaskState): void;
  taskFailed?(task: TaskId, error: unknown, restartInMs: number | undefined): void;
  batch?(topology: string, seconds: number, records: number): void;
  commit?(report: CommitReport): void;
  commitFailed?(topology: string): void;
  replayed?(topology: string, records: number): void;
}
