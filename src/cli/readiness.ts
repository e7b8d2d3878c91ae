import { type TaskId, taskName } from '../core/broker.ts';
import type { RunObserver, TaskState } from '../core/observer.ts';
import type { Readiness as Report } from '../http/server.ts';

/** Ready: tasks are assigned, and each of them has its state back and reads. */
export class Readiness implements RunObserver {
  private readonly tasks = new Map<string, TaskState>();
  private readonly conflicts = new Map<string, string>();

  readonly taskState = (task: TaskId, state: TaskState): void => {
    if (state === 'closed') this.tasks.delete(taskName(task));
    else this.tasks.set(taskName(task), state);
  };

  /** Another plan owns the group's tasks; undefined: no longer. */
  readonly conflict = (topology: string, plan: string | undefined): void => {
    if (plan === undefined) this.conflicts.delete(topology);
    else this.conflicts.set(topology, plan);
  };

  report(): Report {
    const tasks = [...this.tasks].map(([task, state]) => ({ task, state }));
    const reasons = tasks.filter(({ state }) => state !== 'running').map(({ task, state }) => `${task} is ${state}`);
    for (const [topology, plan] of this.conflicts)
      reasons.push(`members of ${topology} with another plan (${plan}) own its tasks`);
    if (tasks.length === 0) reasons.push('no task is assigned');
    return { ready: reasons.length === 0, reasons, tasks };
  }
}
