import type { TopicSpec } from '../../core/broker.ts';
import { BrokerError, StateError } from '../../core/errors.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterInfo, TopicInfo } from './metadata.ts';
import { UNKNOWN_TOPIC_OR_PARTITION } from './protocol-errors.ts';

export interface TopicWatchOptions {
  readonly cluster: Cluster;
  readonly specs: readonly TopicSpec[];
  /** Between two looks. */
  readonly everyMs: number;
}

/** A topic is gone when it is missing twice, this far apart: a node that has just started may be behind. */
const SECOND_LOOK_MS = 1000;

/**
 * Topics as they were when this process began, held against what the cluster says now. One that was deleted, made again or given
 * partitions is not what tasks and their state stand on: nobody else would say so before the next start, and in the meantime
 * records would be waited for in vain, skipped, or parted from their state.
 */
export class TopicWatch {
  private readonly options: TopicWatchOptions;
  private first: ReadonlyMap<string, TopicInfo> = new Map();

  constructor(options: TopicWatchOptions) {
    this.options = options;
  }

  /** Rejects with what has changed; resolves when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { cluster, specs, everyMs } = this.options;
    this.first = new Map(await cluster.describe(specs.map(({ topic }) => topic)));
    while (!signal.aborted) {
      await this.sleep(everyMs, signal);
      const gone = this.missing(await this.look(signal));
      if (gone === undefined) continue;
      await this.sleep(SECOND_LOOK_MS, signal);
      if (this.missing(await this.look(signal)) === gone) throw deleted(gone);
    }
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.options.cluster.clock.sleep(ms, signal).catch(() => {}); // the stop is seen by run()
  }

  /** Throws for a topic that is another one now. */
  private async look(signal: AbortSignal): Promise<ClusterInfo | undefined> {
    if (signal.aborted) return undefined;
    let info: ClusterInfo;
    try {
      info = await this.options.cluster.refresh();
    } catch {
      return undefined; // whoever needs the cluster says that it does not answer
    }
    const now = new Map(info.topics.map((topic) => [topic.topic, topic]));
    for (const spec of this.options.specs) compare(spec, this.first.get(spec.topic), now.get(spec.topic));
    return info;
  }

  private missing(info: ClusterInfo | undefined): TopicSpec | undefined {
    return this.options.specs.find(
      ({ topic }) => this.first.has(topic) && info?.failures.get(topic) === UNKNOWN_TOPIC_OR_PARTITION,
    );
  }
}

function compare({ topic, role }: TopicSpec, then: TopicInfo | undefined, now: TopicInfo | undefined): void {
  if (then === undefined || now === undefined) return;
  if (role === 'input' || role === 'repartition') {
    if (then.id !== now.id) throw recreated(topic);
    if (then.partitions.length !== now.partitions.length)
      throw new StateError(
        `${topic} had ${then.partitions.length} partitions when this process began and has ${now.partitions.length} now: keys have moved to other partitions and no longer meet their state. Give the topology another name, so that it begins anew; or, where no step keeps state by key, add partitions to its state topic as well and start again`,
        { code: 'partitions-changed' },
      );
  }
  if (role === 'state' && then.id !== now.id)
    throw new StateError(
      `the state topic ${topic} was deleted and made again under the tasks that keep their state in it: what they knew is gone. Start again with --accept-offsets to go on from the committed offsets without it, or give the topology another name`,
      { code: 'state-lost' },
    );
}

function recreated(topic: string): StateError {
  return new StateError(
    `the topic ${topic} was deleted and made again while it was read: its offsets mean other records now. Start again with --accept-offsets to read it from its start and keep what the steps know, or give the topology another name`,
    { code: 'topic-recreated' },
  );
}

function deleted({ topic, role }: TopicSpec): BrokerError {
  return new BrokerError(
    `the topic ${topic} (${role}) was deleted while this topology works with it. Make it again (\`sluice topics TOPOLOGY --create\` makes all that are missing) and start again, or take it out of the topology`,
    { code: 'topic-deleted' },
  );
}
