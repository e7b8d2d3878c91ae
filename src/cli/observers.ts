import type { RunObserver } from '../core/observer.ts';

/** Tells several observers. */
export function observers(all: readonly RunObserver[]): RunObserver {
  return {
    wantsSamples: all.some((one) => one.wantsSamples === true),
    taskState(task, state, reason) {
      for (const one of all) one.taskState?.(task, state, reason);
    },
    taskProgress(task, progress) {
      for (const one of all) one.taskProgress?.(task, progress);
    },
    outage(topology, service, seconds) {
      for (const one of all) one.outage?.(topology, service, seconds);
    },
    taskFailed(task, error, restartInMs) {
      for (const one of all) one.taskFailed?.(task, error, restartInMs);
    },
    batch(topology, seconds, records) {
      for (const one of all) one.batch?.(topology, seconds, records);
    },
    commit(report) {
      for (const one of all) one.commit?.(report);
    },
    commitFailed(topology) {
      for (const one of all) one.commitFailed?.(topology);
    },
    replayed(topology, records) {
      for (const one of all) one.replayed?.(topology, records);
    },
    taskLeft(task, totals, resumed) {
      for (const one of all) one.taskLeft?.(task, totals, resumed);
    },
  };
}
