import { type TaskId, taskName } from '../core/broker.ts';
import type { DistributionSample, GroupSample, Inspection } from '../core/inspection.ts';
import type { DistributionView, GroupView } from './view.ts';

/** Of each step. */
const MAX_SHOWN = 20;

/** The newest look at each step of each task, put together by step. */
export class Inspections {
  private readonly newest = new Map<string, Map<string, Inspection>>();

  set(task: TaskId, step: string, inspection: Inspection): void {
    const tasks = this.newest.get(step) ?? new Map<string, Inspection>();
    this.newest.set(step, tasks.set(taskName(task), inspection));
  }

  /** Most frequent first; a key that several tasks know counts once, with the sum. */
  groups(): Record<string, GroupView> {
    const views: Record<string, GroupView> = {};
    for (const [step, tasks] of this.newest) {
      const groups = new Map<string, GroupSample>();
      for (const { groups: some = [] } of tasks.values())
        for (const group of some) {
          const known = groups.get(group.key);
          groups.set(group.key, known === undefined ? group : together(known, group));
        }
      const sorted = [...groups.values()].sort((a, b) => b.count - a.count);
      for (const group of sorted.slice(0, MAX_SHOWN)) views[`${step}/${group.key}`] = { step, ...group };
    }
    return views;
  }

  distributions(): Record<string, DistributionView> {
    const views: Record<string, DistributionView> = {};
    for (const [step, tasks] of this.newest)
      for (const [task, { distributions = [] }] of tasks)
        for (const one of distributions.slice(0, MAX_SHOWN)) views[keyOf(step, task, one)] = { step, task, ...one };
    return views;
  }
}

function together(a: GroupSample, b: GroupSample): GroupSample {
  return {
    ...b,
    ...a,
    count: a.count + b.count,
    error: a.error + b.error,
    members: [...a.members, ...b.members].slice(0, Math.max(a.members.length, b.members.length)),
  };
}

function keyOf(step: string, task: string, { field, segment = '' }: DistributionSample): string {
  return [step, task, field, segment].join('/');
}
