import { type Stage, type TaskId, taskName } from '../../core/broker.ts';
import type { Cluster } from './cluster.ts';
import type { Offsets, Place } from './offsets.ts';

export interface InputEndOptions {
  readonly cluster: Cluster;
  readonly offsets: Offsets;
  readonly group: string;
  readonly stages: readonly Stage[];
}

/**
 * Where a bounded run ends. An input ends where it ended when this process began. A topic between stages ends once every task that
 * feeds it has committed its end at the end of its own input; that commit and what it wrote are one, so whoever then
 * has read the topic to its high watermark has read all there will be.
 */
export class InputEnd {
  private readonly options: InputEndOptions;
  private readonly ends = new Map<string, number>();
  private readonly fed = new Set<string>();

  constructor(options: InputEndOptions) {
    this.options = options;
  }

  /** Notes where the inputs end now. */
  async snapshot(): Promise<void> {
    for (const stage of this.options.stages)
      if (!stage.internal)
        for (const task of await this.tasksOf(stage))
          this.ends.set(taskName(task), await this.options.offsets.lastStable(task));
  }

  /** Offset this task reads up to, Infinity as long as it is not known; asked for every record. */
  limitOf(task: TaskId): () => number {
    const name = taskName(task);
    let known: number | undefined;
    return () => {
      known ??= this.ends.get(name);
      return known ?? Number.POSITIVE_INFINITY;
    };
  }

  /** True when the task has read everything: asked when nothing came for a while, since it asks the cluster. */
  async reached(stage: Stage, task: TaskId, position: number): Promise<boolean> {
    const end = this.ends.get(taskName(task));
    if (end !== undefined) return position >= end;
    if (!stage.internal) {
      this.ends.set(taskName(task), await this.options.offsets.lastStable(task)); // a partition that came later
      return false;
    }
    if (!(await this.isFed(stage))) return false;
    const last = await this.options.offsets.highWatermark(task);
    if (position < last) return false;
    this.ends.set(taskName(task), last);
    return true;
  }

  private async isFed(stage: Stage): Promise<boolean> {
    if (this.fed.has(stage.id)) return true;
    const feeders = this.options.stages.filter(({ id }) => stage.feeders?.includes(id));
    for (const feeder of feeders) if (!(await this.isOver(feeder))) return false;
    this.fed.add(stage.id);
    return true;
  }

  /** Every task of the stage has committed its end, at the end of its input. */
  private async isOver(stage: Stage): Promise<boolean> {
    if (stage.internal && !(await this.isFed(stage))) return false;
    const tasks = await this.tasksOf(stage);
    const committed = await this.options.offsets.committed(this.options.group, tasks);
    for (const [i, task] of tasks.entries()) {
      const commit = committed[i];
      if (commit?.ended !== true) return false;
      const end = stage.internal
        ? await this.options.offsets.highWatermark(task)
        : (this.ends.get(taskName(task)) ?? 0);
      if (commit.offset < end) return false;
    }
    return true;
  }

  private async tasksOf(stage: Stage): Promise<readonly (TaskId & Place)[]> {
    const { cluster } = this.options;
    const tasks: TaskId[] = [];
    for (const { topic } of stage.inputs) {
      const count = (await cluster.topic(topic))?.partitions.length ?? 0;
      for (let partition = 0; partition < count; partition++)
        tasks.push({ topology: stage.topology, stage: stage.id, topic, partition });
    }
    return tasks;
  }
}
