import { type TaskId, taskName } from '../core/broker.ts';
import type { RunObserver, TaskState } from '../core/observer.ts';
import type { Readiness as Report } from '../http/server.ts';

/** Ready: tasks are assigned, and each of them has its state back and reads. */
export class Readiness implements RunObserver {
  private readonly tasks = new Map<string, { readonly state: TaskState; readonly reason: string | undefined }>();
  private readonly conflicts = new Map<string, string>();

  readonly taskState = (task: TaskId, state: TaskState, reason?: string): void => {
    if (state === 'closed') this.tasks.delete(taskName(task));
    else this.tasks.set(taskName(task), { state, reason });
  };

  /** Another plan owns the group's tasks; undefined: no longer. */
  readonly conflict = (topology: string, plan: string | undefined): void => {
    if (plan === undefined) this.conflicts.delete(topology);
    else this.conflicts.set(topology, plan);
  };

  report(): Report {
    const tasks = [...this.tasks].map(([task, { state }]) => ({ task, state }));
    const reasons = [...this.tasks]
      .filter(([, { state }]) => state !== 'running')
      .map(([task, { state, reason }]) => `${task} is ${state}${reason === undefined ? '' : `: ${reason}`}`);
    for (const [topology, plan] of this.conflicts)
      reasons.push(`members of ${topology} with another plan (${plan}) own its tasks`);
    if (tasks.length === 0) reasons.push('no task is assigned');
    return { ready: reasons.length === 0, reasons, tasks };
  }
}
