import type { TaskId } from './broker.ts';

/** What the transport tells the outside. Called per request, commit or generation, never per record. */
export interface TransportObserver {
  committed(task: TaskId, seconds: number): void;
  /** `code` as in the BrokerError: fenced, unknown-outcome, …. */
  commitFailed(task: TaskId, code: string): void;
  /** A task's state is being read: offsets of the state topic, of as many as it had when reading began. */
  restoring(task: TaskId, done: number, of: number): void;
  /** A task got its state back: seconds from fencing until it can read. */
  restored(task: TaskId, seconds: number): void;
  fetched(task: TaskId, bytes: number): void;
  sent(topic: string, bytes: number): void;
  /** End of the log, and of what is committed of it. */
  logEnds(task: TaskId, highWatermark: number, lastStable: number): void;
  rebalanced(topology: string): void;
  /** Members of another plan own the group's tasks (its fingerprint); undefined: no longer. */
  conflict(topology: string, fingerprint: string | undefined): void;
  clientError(kind: string): void;
  trimFailed(task: TaskId): void;
  stubbed(topic: string): void;
  /** A record claims to come from a replay, and no key proves it. */
  markRefused(task: TaskId): void;
}

const nothing = () => {};

export const silentTransport: TransportObserver = {
  committed: nothing,
  commitFailed: nothing,
  restoring: nothing,
  restored: nothing,
  fetched: nothing,
  sent: nothing,
  logEnds: nothing,
  rebalanced: nothing,
  conflict: nothing,
  clientError: nothing,
  trimFailed: nothing,
  stubbed: nothing,
  markRefused: nothing,
};
