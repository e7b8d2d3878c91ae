import { type TaskId, type TaskStart, taskName } from '../core/broker.ts';
import { StateError } from '../core/errors.ts';
import type { TaskContext } from './task-context.ts';

interface Found {
  readonly start: Pick<TaskStart, 'position' | 'committed'>;
  readonly hasState: boolean;
}

/** Refuses what would make a replay differ from what was committed. */
export function checkStart(task: TaskId, { start, hasState }: Found, { plan, accept }: TaskContext): void {
  const { position, committed } = start;
  if (committed === undefined) {
    if (!hasState || accept.offsets) return;
    throw offsetsMoved(
      task,
      `there is state, but the committed offset ${position} is not from a commit of ours: offsets were set by hand`,
    );
  }
  const { checkpointAt, fingerprint } = committed;
  if (checkpointAt > position && !accept.offsets)
    throw offsetsMoved(
      task,
      `the committed offset ${position} lies before the checkpoint at ${checkpointAt}: offsets were set by hand`,
    );
  if (fingerprint !== plan.fingerprint && checkpointAt < position && !accept.replay)
    throw new StateError(
      `${taskName(task)}: records ${checkpointAt} to ${position} must be read again, but the topology has changed since they were committed: run the former one to a clean stop first, or give --accept-replay`,
      { code: 'fingerprint-changed' },
    );
}

function offsetsMoved(task: TaskId, what: string): StateError {
  return new StateError(
    `${taskName(task)}: ${what}. Set them back, or give --accept-offsets to go on from there with the state as it is`,
    { code: 'offsets-moved' },
  );
}
