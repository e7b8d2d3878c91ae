import { type CommitInfo, type Position, type Stage, type TaskId, taskName } from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import { BrokerError } from '../../core/errors.ts';
import { uniform } from '../../core/hash.ts';
import { Group } from './group.ts';
import { type NewRecord, PartitionLog, type StoredRecord } from './log.ts';

/** What one commit does to a task and to the logs, ready to be applied in one go. */
export interface Transaction {
  readonly task: string;
  readonly epoch: number;
  readonly appends: readonly { readonly log: PartitionLog; readonly records: readonly NewRecord[] }[];
  readonly next: Position;
  readonly info: CommitInfo;
  readonly put: readonly (readonly [string, Uint8Array])[];
  readonly drop: readonly string[];
  /** The task has read its input to its end and told the next stage. */
  readonly ended: boolean;
}

/** What is durable of a task. */
export interface TaskState {
  epoch: number;
  position: Position;
  info: CommitInfo | undefined;
  readonly parts: Map<string, Uint8Array>;
  ended: boolean;
  /** A commit whose outcome its writer does not know: it takes effect at the next open, or never. */
  limbo: Transaction | undefined;
}

export interface ClusterFaults {
  /** Share of commits (0 to 1) that are applied although the writer hears of a failure. */
  readonly unknownApplied?: number;
  /** Share of commits that are not applied and the writer hears of a failure. */
  readonly failed?: number;
  /** Share of commits whose writer hears of a failure while they may still take effect at the next open. */
  readonly limbo?: number;
  /** Longest delay of a commit or a poll, milliseconds; drawn for each. */
  readonly delayMs?: number;
}

export interface ClusterOptions {
  readonly clock: Clock;
  readonly seed?: number;
  readonly faults?: ClusterFaults;
  /** Records a poll gives at most; drawn anew for each poll. Default: what the caller asks for. */
  readonly cut?: (poll: number) => number;
  /** See TaskChannel. */
  readonly checkpointBytes?: number;
}

/**
 * Topics, groups and task states in memory: the part that outlives a process. `MemoryBroker` is one process's view of it.
 * Everything random is drawn from the seed in the order of the calls, so that a run on a virtual clock replays exactly.
 */
export class MemoryCluster {
  readonly clock: Clock;
  readonly cut: ((poll: number) => number) | undefined;
  readonly checkpointBytes: number | undefined;
  faults: ClusterFaults;
  polls = 0;
  private readonly seed: number;
  private draws = 0;
  private readonly topics = new Map<string, PartitionLog[]>();
  private readonly tasks = new Map<string, TaskState>();
  private readonly groups = new Map<string, Group>();

  constructor(options: ClusterOptions) {
    this.clock = options.clock;
    this.cut = options.cut;
    this.checkpointBytes = options.checkpointBytes;
    this.seed = options.seed ?? 1;
    this.faults = options.faults ?? {};
  }

  /** Uniform in (0, 1), from the seed. */
  draw(): number {
    return uniform(this.seed, ++this.draws);
  }

  createTopic(topic: string, partitions = 1): void {
    if (this.topics.has(topic)) return;
    this.topics.set(
      topic,
      Array.from({ length: partitions }, () => new PartitionLog()),
    );
  }

  hasTopic(topic: string): boolean {
    return this.topics.has(topic);
  }

  partitions(topic: string): number {
    return this.topics.get(topic)?.length ?? 0;
  }

  log(topic: string, partition: number): PartitionLog {
    const log = this.topics.get(topic)?.[partition];
    if (log === undefined)
      throw new BrokerError(`topic ${topic} has no partition ${partition}`, { code: 'unknown-topic' });
    return log;
  }

  /** Adds to an input; `value` texts are stored as they are. */
  append(topic: string, values: readonly (Partial<NewRecord> | string)[], partition = 0): void {
    const records = values.map((value): NewRecord => {
      const given: Partial<NewRecord> = typeof value === 'string' ? { value } : value;
      return { key: null, value: null, timestamp: Number.NaN, headers: [], ...given };
    });
    this.log(topic, partition).append(records, false);
  }

  /** Nothing follows in this input for now: tasks that have read it all are at its end. */
  bound(topic: string): void {
    for (const log of this.topics.get(topic) ?? []) {
      log.bounded = true;
      log.wake();
    }
  }

  read(topic: string, partition = 0): readonly StoredRecord[] {
    return this.log(topic, partition).records;
  }

  group(topology: string): Group {
    const known = this.groups.get(topology);
    if (known !== undefined) return known;
    const made = new Group(this);
    this.groups.set(topology, made);
    return made;
  }

  state(task: TaskId | string): TaskState {
    const name = typeof task === 'string' ? task : taskName(task);
    const known = this.tasks.get(name);
    if (known !== undefined) return known;
    const made: TaskState = {
      epoch: 0,
      position: -1,
      info: undefined,
      parts: new Map(),
      ended: false,
      limbo: undefined,
    };
    this.tasks.set(name, made);
    return made;
  }

  /** Shuts out every earlier owner and settles what it left in doubt. */
  fence(task: TaskId): TaskState {
    const state = this.state(task);
    const { limbo } = state;
    state.limbo = undefined;
    if (limbo !== undefined) {
      if (this.draw() < 0.5) this.apply(limbo);
      else this.abort(limbo);
    }
    state.epoch++;
    return state;
  }

  apply(transaction: Transaction): void {
    const state = this.state(transaction.task);
    for (const { log, records } of transaction.appends) log.append(records, true);
    for (const name of transaction.drop) state.parts.delete(name);
    for (const [name, bytes] of transaction.put) state.parts.set(name, bytes);
    state.position = transaction.next;
    state.info = transaction.info;
    if (state.ended !== transaction.ended) {
      state.ended = transaction.ended;
      this.wakeAll();
    }
  }

  wakeAll(): void {
    for (const logs of this.topics.values()) for (const log of logs) log.wake();
  }

  abort(transaction: Transaction): void {
    for (const { log, records } of transaction.appends) log.skip(records.length + 1);
  }

  /** True when all tasks of the stages that feed an internal topic have ended. */
  fed(stage: Stage, stages: readonly Stage[]): boolean {
    const feeders = stages.filter((one) => stage.feeders?.includes(one.id));
    return feeders.flatMap((one) => tasksOf(one, this)).every((task) => this.state(task).ended);
  }
}

/** Every partition of every input of a stage. */
export function tasksOf(stage: Stage, cluster: MemoryCluster): readonly TaskId[] {
  return stage.inputs.flatMap(({ topic }) =>
    Array.from({ length: cluster.partitions(topic) }, (_, partition) => ({
      topology: stage.topology,
      stage: stage.id,
      topic,
      partition,
    })),
  );
}
