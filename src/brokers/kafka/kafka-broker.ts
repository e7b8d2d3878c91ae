import { concat, defer, EMPTY, from, ignoreElements, merge, type Observable } from 'rxjs';
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
import { type Clock, systemClock } from '../../core/clock.ts';
import { BrokerError } from '../../core/errors.ts';
import { type Log, silentLog } from '../../core/log.ts';
import { silentTransport, type TransportObserver } from '../../core/transport.ts';
import { nodeFactory } from './client.ts';
import { Cluster } from './cluster.ts';
import type { OutgoingTopic } from './commit-buffer.ts';
import { InputEnd } from './input-end.ts';
import { Lane } from './lane.ts';
import { Membership } from './membership.ts';
import { Offsets } from './offsets.ts';
import { type OpenContext, openTask } from './open-task.ts';
import { outgoingTopics } from './outgoing-topics.ts';
import { ReplayMarks } from './replay-mark.ts';
import type { Compression, KafkaSettings } from './settings.ts';
import { StateLayout } from './state-layout.ts';
import { TopicWatch } from './topic-watch.ts';
import { checkTopics } from './topics.ts';
import { refuseBrokenConnections, replaceRequestQueueTimer } from './wire/index.ts';

export interface KafkaBrokerOptions {
  readonly settings: KafkaSettings;
  /** Name of the topology: consumer group, first word of transactional ids and state topics. */
  readonly group: string;
  /** Of the plan: members with another one get no tasks beside those that own some. */
  readonly fingerprint: string;
  readonly guarantee: 'exactly-once' | 'at-least-once';
  readonly checkpointEveryMs: number;
  /** Inputs end where they end now. */
  readonly bounded?: boolean;
  readonly acceptOffsets?: boolean;
  readonly acceptPartitions?: boolean;
  /** Partitions of inputs that `topics` makes. */
  readonly inputPartitions?: number;
  /** Compression of a topic's batches; undefined: the default. */
  readonly compressionOf?: (topic: string) => Compression | undefined;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly point?: FaultPoint;
  readonly observer?: TransportObserver;
}

const PATIENCE_MS = 30_000;

/** One process's view of a Kafka cluster: a member of the topology's consumer group, a transactional producer for every task. */
export class KafkaBroker implements Broker {
  readonly name = 'kafka';
  private readonly options: KafkaBrokerOptions;
  private readonly cluster: Cluster;
  /** For what waits for nothing: offsets, topics. */
  private readonly home: Lane;
  private readonly log: Log;
  private readonly observer: TransportObserver;
  private readonly layout: StateLayout;
  private stages: readonly Stage[] = [];
  private membership: Membership | undefined;
  private inputEnd: InputEnd | undefined;
  private specs: readonly TopicSpec[] = [];
  private outgoing: ReadonlyMap<string, OutgoingTopic> | undefined;

  constructor(options: KafkaBrokerOptions) {
    const { settings, clock = systemClock, log = silentLog, observer = silentTransport } = options;
    this.options = options;
    this.log = log;
    this.observer = observer;
    replaceRequestQueueTimer(clock);
    refuseBrokenConnections();
    const makeNode = nodeFactory({
      ...settings.client,
      log: (level, message, fields) => log.debug('kafka-client', message, { level, ...fields }),
    });
    this.cluster = new Cluster({ bootstrap: settings.bootstrap, makeNode, clock, onError: observer.clientError });
    this.home = new Lane(this.cluster);
    const { home: lane, cluster } = this;
    const stageOf = (id: string) => this.stages.find((stage) => stage.id === id);
    this.layout = new StateLayout({ cluster, lane, group: options.group, patienceMs: PATIENCE_MS, stageOf });
  }

  tasks(stages: readonly Stage[], signal: AbortSignal): Observable<Assignment> {
    this.stages = stages;
    const { settings, group, fingerprint } = this.options;
    this.membership ??= new Membership({
      cluster: this.cluster,
      group,
      topology: stages[0]?.topology ?? group,
      fingerprint,
      reads: stages.flatMap((stage) => stage.inputs.map(({ topic }) => ({ stage: stage.id, topic }))),
      sessionTimeoutMs: settings.sessionTimeoutMs,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      heartbeatMs: settings.heartbeatMs,
      log: this.log,
      onRebalance: () => this.observer.rebalanced(group),
      onConflict: (other) => this.observer.conflict(group, other),
    });
    const { membership, cluster, specs } = this;
    // a topic that changes is noticed as soon as a member that dies
    const watch = new TopicWatch({ cluster, specs, everyMs: settings.sessionTimeoutMs });
    return concat(
      defer(() => (signal.aborted ? EMPTY : from(this.prepare()).pipe(ignoreElements()))),
      merge(membership.assignments$(signal), defer(() => watch.run(signal)).pipe(ignoreElements())),
    );
  }

  async open(task: TaskId): Promise<TaskChannel> {
    const stage = this.stages.find(({ id }) => id === task.stage);
    if (stage === undefined || this.membership === undefined)
      throw new BrokerError(`no stage ${task.stage} for ${taskName(task)}: call tasks() first`, {
        code: 'unknown-task',
      });
    return openTask(task, stage, await this.openContext(this.membership));
  }

  /** Also settles what is written: topics are looked at here, and not again. */
  async topics(specs: readonly TopicSpec[], mode: 'check' | 'create'): Promise<TopicReport> {
    this.specs = specs;
    return this.checkTopics(specs, mode, undefined);
  }

  /** Makes what the engine keeps for itself, where it is missing: state, and what lies between stages. */
  async makeInternalTopics(specs: readonly TopicSpec[]): Promise<TopicReport> {
    this.specs = specs;
    return this.checkTopics(specs, 'create', new Set(['state', 'repartition']));
  }

  /** For tests: the process seems frozen to the group. */
  freeze(): void {
    this.membership?.freeze();
  }

  /** For tests: as if the process died, without a word to anybody. */
  async kill(): Promise<void> {
    this.membership?.freeze();
    await this.cluster.kill();
  }

  /** Partitions of a topic; undefined when there is no such topic. */
  async partitions(topic: string): Promise<number | undefined> {
    return (await this.cluster.topic(topic))?.partitions.length;
  }

  async close(): Promise<void> {
    await this.membership?.close();
    await this.home.close();
    await this.cluster.close();
  }

  private checkTopics(
    specs: readonly TopicSpec[],
    mode: 'check' | 'create',
    creates: ReadonlySet<TopicSpec['role']> | undefined,
  ): Promise<TopicReport> {
    const { settings, checkpointEveryMs, inputPartitions } = this.options;
    return checkTopics(specs, mode, {
      cluster: this.cluster,
      lane: this.home,
      checkpointEveryMs,
      patienceMs: PATIENCE_MS,
      ...(settings.replication === undefined ? {} : { replication: settings.replication }),
      ...(inputPartitions === undefined ? {} : { inputPartitions }),
      ...(creates === undefined ? {} : { creates }),
    });
  }

  private async prepare(): Promise<void> {
    if (this.options.bounded !== true || this.inputEnd !== undefined) return;
    const { cluster, stages } = this;
    const offsets = new Offsets(this.home, PATIENCE_MS);
    this.inputEnd = new InputEnd({ cluster, offsets, group: this.options.group, stages });
    await this.inputEnd.snapshot();
  }

  private async openContext(membership: Membership): Promise<OpenContext> {
    const {
      group,
      settings,
      guarantee,
      acceptOffsets = false,
      acceptPartitions = false,
      point = () => {},
    } = this.options;
    this.outgoing ??= await outgoingTopics(this.specs, {
      cluster: this.cluster,
      lane: this.home,
      patienceMs: PATIENCE_MS,
      codecOf: (topic) => this.options.compressionOf?.(topic) ?? settings.compression,
    });
    return {
      group,
      cluster: this.cluster,
      settings,
      membership,
      guarantee,
      acceptOffsets,
      acceptPartitions,
      topics: this.outgoing,
      statePlace: (task) => this.layout.place(task),
      inputEnd: this.inputEnd,
      point,
      observer: this.observer,
      log: this.log,
      marks: new ReplayMarks(group, settings.replayKeys),
    };
  }
}
