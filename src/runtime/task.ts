import { type Position, type TaskChannel, type TaskId, taskName } from '../core/broker.ts';
import type { Counts } from '../core/observer.ts';
import type { StagePlan } from '../topology/plan.ts';
import { checkStart } from './check-start.ts';
import { addCounts, emptyCounts } from './counters.ts';
import { TaskCommits } from './task-commits.ts';
import type { TaskContext } from './task-context.ts';
import { TaskInput } from './task-input.ts';
import { TaskLoop } from './task-loop.ts';
import { TaskStage } from './task-stage.ts';
import { restoreState } from './task-state.ts';

/** One stage on one partition, from open to close. A failure of any kind ends it; opening it again is the supervisor's. */
export class Task {
  readonly id: TaskId;
  /** Since its first record, also in runs before this one. */
  readonly totals: Counts = emptyCounts();
  /** State was restored. */
  resumed = false;
  private readonly plan: StagePlan;
  private readonly context: TaskContext;
  /** A breaker decided in an earlier attempt to end the run behind this position. */
  private readonly stopAt: Position | undefined;

  constructor(id: TaskId, plan: StagePlan, context: TaskContext, stopAt?: Position) {
    this.id = id;
    this.plan = plan;
    this.context = context;
    this.stopAt = stopAt;
  }

  /** Resolves when the input has ended or `signal` asked to stop, with everything committed. Rejects on any doubt. */
  async run(signal: AbortSignal): Promise<'ended' | 'stopped'> {
    const { id, context } = this;
    context.observer.taskState?.(id, 'opening');
    const channel = await context.broker.open(id);
    let commits: TaskCommits | undefined;
    try {
      const work = await this.restore(channel);
      commits = work.commits;
      await new TaskLoop({ id, context, channel, ...work }).run(signal);
      return work.input.ended && !signal.aborted ? 'ended' : 'stopped';
    } finally {
      await commits?.settled();
      await channel.close();
      context.observer.taskState?.(id, 'closed');
    }
  }

  /** Everything that remembers, as the newest checkpoint left it. */
  private async restore(channel: TaskChannel) {
    const { id, plan, context, stopAt, totals } = this;
    const { start } = channel;
    const stage = await TaskStage.create({ id, plan, context, channel, stopAt });
    const resetSteps = context.accept.resets.stepsOf(taskName(id), start.committed?.checkpoint ?? 0);
    const { memory, stale } = await restoreState(stage.compiled, start, {
      resetSteps,
      stages: context.plan.stages.map((one) => one.id),
      onProgress: (done, of) => context.observer.taskProgress?.(id, { unit: 'state parts', done, of }),
    });
    const hasState = memory !== undefined;
    stage.restore(memory, resetSteps);
    if (hasState) addCounts(totals, memory.totals);
    this.resumed = hasState;
    checkStart(id, { start, hasState }, context);
    const input = new TaskInput({ id, context, channel, stopAt, ended: memory?.ended ?? false });
    const commits = new TaskCommits({ id, context, channel, stage, input, totals, hasState, stale });
    return { stage, input, commits };
  }
}
