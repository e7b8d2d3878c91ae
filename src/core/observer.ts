import type { TaskId } from './broker.ts';
import type { Severity } from './finding.ts';
import type { KernelStats } from './operator.ts';
import type { Fate } from './record.ts';

/** What happened between two commits of a task. Records are counted by batch, published only once the commit is durable. */
export interface CommitCounts {
  /** Input records read (an exploded element counts as one). */
  readonly in: number;
  /** Change of each fate; `held` falls when records are released, so it may be negative. */
  readonly fates: Readonly<Record<Fate, number>>;
  readonly ports: readonly { readonly step: string; readonly port: string; readonly records: number }[];
  /** Step `input` for what happens before the first step. */
  readonly findings: readonly {
    readonly step: string;
    readonly rule: string;
    readonly severity: Severity;
    readonly count: number;
  }[];
  /** Values changed. */
  readonly evidence: readonly { readonly step: string; readonly method: string; readonly count: number }[];
  readonly events: readonly { readonly step: string; readonly type: string; readonly count: number }[];
  readonly written: readonly { readonly topic: string; readonly records: number }[];
}

export interface CommitReport {
  readonly counts: CommitCounts;
  /** From the start of the commit until it was durable. */
  readonly seconds: number;
  /** Position after this commit, and the end of the log as known (-1 unknown). */
  readonly next: number;
  readonly end: number;
  /** Stream time, milliseconds; NaN: the input has no clock. */
  readonly streamTime: number;
  /** Bytes of the checkpoint that rode along; absent when none did. */
  readonly checkpointBytes?: number;
  /** Size of each step's state, for steps that have one; only with a checkpoint. */
  readonly state?: readonly { readonly step: string; readonly stats: KernelStats }[];
}

export type TaskState = 'opening' | 'replaying' | 'running' | 'ended' | 'closed' | 'failed';

/**
 * What a run tells telemetry. Called per batch, commit or state change, never per record, and never during replay
 * (but for onReplay). Must not throw.
 */
export interface RunObserver {
  onTask(task: TaskId, state: TaskState): void;
  onBatch(task: TaskId, batch: { readonly seconds: number; readonly records: number }): void;
  onCommit(task: TaskId, report: CommitReport): void;
  onCommitFailed(task: TaskId, error: unknown): void;
  /** Records read again between the checkpoint and the committed position. */
  onReplay(task: TaskId, records: number): void;
  /** A failed task will be opened again after `delayMs`. */
  onRestart(task: TaskId, error: unknown, delayMs: number): void;
}

const nothing = (): void => {};

export const silentObserver: RunObserver = {
  onTask: nothing,
  onBatch: nothing,
  onCommit: nothing,
  onCommitFailed: nothing,
  onReplay: nothing,
  onRestart: nothing,
};
