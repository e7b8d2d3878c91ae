import { type TaskId, taskName } from '../core/broker.ts';
import type { RestoreProgress, RunObserver, TaskState } from '../core/observer.ts';
import type { Readiness as Report } from '../http/server.ts';

interface Known {
  readonly state: TaskState;
  readonly reason: string | undefined;
  readonly progress?: RestoreProgress;
}

/** Ready: tasks are assigned, and each of them has its state back and reads. */
export class Readiness implements RunObserver {
  private readonly tasks = new Map<string, Known>();
  private readonly conflicts = new Map<string, string>();

  readonly taskState = (task: TaskId, state: TaskState, reason?: string): void => {
    if (state === 'closed') this.tasks.delete(taskName(task));
    else this.tasks.set(taskName(task), { state, reason });
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
    const tasks = [...this.tasks].map(([task, { state, progress }]) => ({
      task,
      state,
      ...(progress === undefined ? {} : { progress }),
    }));
    const reasons = [...this.tasks].filter(([, { state }]) => state !== 'running').map(reasonOf);
    for (const [topology, plan] of this.conflicts)
      reasons.push(`members of ${topology} with another plan (${plan}) own its tasks`);
    if (tasks.length === 0) reasons.push('no task is assigned');
    return { ready: reasons.length === 0, reasons, tasks };
  }
}

function reasonOf([task, { state, reason, progress }]: readonly [string, Known]): string {
  if (reason !== undefined) return `${task} is ${state}: ${reason}`;
  if (progress === undefined) return `${task} is ${state}`;
  return `${task} is ${state}: ${progress.done} of ${progress.of} ${progress.unit}`;
}
