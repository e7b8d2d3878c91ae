import { type TaskId, taskName } from '../core/broker.ts';
import type { RestoreProgress, RunObserver, TaskState } from '../core/observer.ts';
import type { Readiness as Report } from '../http/server.ts';

interface Known {
  readonly topology: string;
  readonly state: TaskState;
  readonly reason: string | undefined;
  readonly progress?: RestoreProgress;
}

/** Ready: every topology that has not ended has tasks, and each of them has its state back and reads. */
export class Readiness implements RunObserver {
  private readonly topologies = new Set<string>();
  private readonly changing = new Set<string>();
  private readonly tasks = new Map<string, Known>();
  private readonly conflicts = new Map<string, string>();

  /** The process works on it from now on. */
  begun(topology: string): void {
    this.topologies.add(topology);
  }

  /** It stops at a commit to go on with a changed file; `isOver`: it goes on. */
  reloading(topology: string, isOver: boolean): void {
    if (isOver) this.changing.delete(topology);
    else this.changing.add(topology);
  }

  /** It has come to its end, and is not waited for any more. */
  ended(topology: string): void {
    this.topologies.delete(topology);
    this.conflicts.delete(topology);
    this.changing.delete(topology);
  }

  readonly taskState = (task: TaskId, state: TaskState, reason?: string): void => {
    if (state === 'closed') this.tasks.delete(taskName(task));
    else this.tasks.set(taskName(task), { topology: task.topology, state, reason });
  };

  readonly taskProgress = (task: TaskId, progress: RestoreProgress): void => {
    const known = this.tasks.get(taskName(task));
    if (known !== undefined) this.tasks.set(taskName(task), { ...known, progress });
  };

  /** Another plan owns the group's tasks; undefined: no longer. */
  readonly conflict = (topology: string, plan: string | undefined): void => {
    if (plan === undefined) this.conflicts.delete(topology);
    else this.conflicts.set(topology, plan);
  };

  report(): Report {
    const known = [...this.tasks].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    const tasks = known.map(([task, { state, progress }]) => ({
      task,
      state,
      ...(progress === undefined ? {} : { progress }),
    }));
    const reasons = known.filter(([, { state }]) => state !== 'running').map(reasonOf);
    for (const topology of this.changing) reasons.push(`${topology} is reloading`);
    for (const [topology, plan] of this.conflicts)
      reasons.push(`members of ${topology} with another plan (${plan}) own its tasks`);
    const working = new Set([...this.tasks.values()].map(({ topology }) => topology));
    for (const topology of this.topologies)
      if (!working.has(topology) && !this.changing.has(topology)) reasons.push(`${topology} has no task`);
    return { ready: reasons.length === 0, reasons, tasks };
  }
}

function reasonOf([task, { state, reason, progress }]: readonly [string, Known]): string {
  if (reason !== undefined) return `${task} is ${state}: ${reason}`;
  if (progress === undefined) return `${task} is ${state}`;
  return `${task} is ${state}: ${progress.done} of ${progress.of} ${progress.unit}`;
}
