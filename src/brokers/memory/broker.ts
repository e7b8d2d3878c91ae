import { defer, finalize, Observable } from 'rxjs';
import {
  type Assignment,
  type Broker,
  type FaultPoint,
  type Stage,
  type TaskChannel,
  type TaskId,
  type TopicReport,
  type TopicSpec,
  taskName,
} from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { killed, MemoryChannel } from './channel.ts';
import { type MemoryCluster, tasksOf } from './cluster.ts';
import type { Member } from './group.ts';

export interface MemoryBrokerOptions {
  readonly point?: FaultPoint;
  /** Assignments complete after the first: this process is the only member and its inputs end. */
  readonly bounded?: boolean;
}

/** One process's view of a MemoryCluster; for tests and the driver. */
export class MemoryBroker implements Broker {
  readonly name = 'memory';
  private readonly cluster: MemoryCluster;
  private readonly point: FaultPoint;
  private readonly bounded: boolean;
  private stages: readonly Stage[] = [];
  private alive = true;
  private member: Member | undefined;

  constructor(cluster: MemoryCluster, options: MemoryBrokerOptions = {}) {
    this.cluster = cluster;
    this.point = options.point ?? (() => {});
    this.bounded = options.bounded ?? false;
  }

  tasks(stages: readonly Stage[], signal: AbortSignal): Observable<Assignment> {
    this.stages = stages;
    this.createInternal(stages);
    if (this.bounded) return defer(() => [this.everything(stages)]);
    return new Observable<Assignment>((subscriber) => {
      const group = this.cluster.group(this.topology);
      const member = group.join(stages);
      this.member = member;
      const { assignments$ } = member;
      const leave = () => {
        group.leave(member.id);
        assignments$.complete(); // an expelled member is not in the group any more
      };
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave, { once: true });
      const subscription = assignments$
        .pipe(finalize(() => signal.removeEventListener('abort', leave)))
        .subscribe(subscriber);
      group.rebalance();
      return () => {
        subscription.unsubscribe();
        leave();
      };
    });
  }

  /** A repartition topic has as many partitions as the widest topic of the stages that feed it. */
  private createInternal(stages: readonly Stage[]): void {
    for (const stage of stages) {
      if (!stage.internal) continue;
      const feeders = stages.filter((one) => stage.feeders?.includes(one.id) ?? !one.internal);
      const counts = feeders.flatMap((one) => one.inputs.map(({ topic }) => this.cluster.partitions(topic)));
      for (const { topic } of stage.inputs) this.cluster.createTopic(topic, Math.max(1, ...counts));
    }
  }

  private everything(stages: readonly Stage[]): Assignment {
    const assigned = stages.flatMap((stage) => tasksOf(stage, this.cluster));
    return { generation: 1, assigned, retained: [], revoked: [], lost: [], released: () => {} };
  }

  /** The process dies: nothing of it has an effect any more, and whatever it waits for fails. */
  kill(): void {
    this.alive = false;
    if (this.member !== undefined) this.cluster.group(this.topology).expel(this.member.id);
    this.cluster.wakeAll();
  }

  /** The group takes this process for dead, and it does not notice: a zombie until revive(). */
  expel(): void {
    if (this.member !== undefined) this.cluster.group(this.topology).expel(this.member.id);
  }

  revive(): void {
    if (this.member !== undefined && this.alive) this.cluster.group(this.topology).revive(this.member);
  }

  private get topology(): string {
    return this.stages[0]?.topology ?? '';
  }

  async open(task: TaskId): Promise<TaskChannel> {
    if (!this.alive) throw killed();
    if (this.member !== undefined && !this.cluster.group(this.topology).owns(this.member.id, task))
      throw new BrokerError(`${taskName(task)} is another member's now`, { code: 'not-assigned' });
    const stage = this.stages.find(({ id }) => id === task.stage);
    const input = stage?.inputs.find(({ topic }) => topic === task.topic);
    if (stage === undefined || input === undefined)
      throw new BrokerError(`no stage ${task.stage} reads ${task.topic}: call tasks() first`, { code: 'unknown-task' });
    await this.point('open.begin');
    const state = this.cluster.fence(task);
    const { epoch } = state; // others may fence while this one waits
    await this.point('open.fenced');
    if (!this.alive) throw killed();
    const { cluster, stages, point } = this;
    return new MemoryChannel({ cluster, task, state, epoch, stage, input, stages, point, alive: () => this.alive });
  }

  async topics(specs: readonly TopicSpec[], mode: 'check' | 'create'): Promise<TopicReport> {
    const topics = specs.map(({ topic, partitions = 1 }) => {
      if (this.cluster.hasTopic(topic)) return { topic };
      if (mode === 'check') return { topic, problem: 'there is no such topic', remedy: 'create it' };
      this.cluster.createTopic(topic, partitions);
      return { topic, created: true };
    });
    return { topics };
  }

  async close(): Promise<void> {
    this.alive = false;
  }
}
