import type { TopicReport, TopicSpec } from '../../core/broker.ts';
import { formatDuration } from '../../core/units.ts';
import type { Cluster } from './cluster.ts';
import type { Lane } from './lane.ts';
import type { TopicInfo } from './metadata.ts';
import { brokerError, codeOf, TOPIC_ALREADY_EXISTS } from './protocol-errors.ts';
import { alterCommand, SETTINGS_READ, settingsOf, type TopicConfig, wrongSetting } from './topic-settings.ts';

export interface TopicsOptions {
  readonly cluster: Cluster;
  readonly lane: Lane;
  readonly checkpointEveryMs: number;
  readonly patienceMs: number;
  /** Copies of a topic that is made; default 3, or as many as there are nodes. */
  readonly replication?: number;
  /** Partitions of an input that is made. */
  readonly inputPartitions?: number;
  /** Roles that `create` makes; default all. */
  readonly creates?: ReadonlySet<TopicSpec['role']>;
}

type Report = TopicReport['topics'][number];

const TOPIC_RESOURCE = 2;
const DEFAULT_REPLICATION = 3;
const DEFAULT_MESSAGE_BYTES = 1_048_588;
const CREATE_TIMEOUT_MS = 15_000;
/** Metadata of a new topic reaches every node a moment after the answer. */
const LEADER_WAIT_MS = 20;

/** Looks at every topic of a plan, and makes what is missing where asked. Nothing that exists is changed. */
export async function checkTopics(
  specs: readonly TopicSpec[],
  mode: 'check' | 'create',
  options: TopicsOptions,
): Promise<TopicReport> {
  const work = new TopicWork(specs, options);
  await work.look();
  // what others must make comes first: without it nothing else is made
  const own = (spec: TopicSpec) => options.creates?.has(spec.role) ?? false;
  const given = specs.filter((spec) => !own(spec));
  const topics = await work.reports(given, mode);
  if (topics.some(({ problem }) => problem !== undefined) && given.length < specs.length) return { topics };
  return { topics: [...topics, ...(await work.reports(specs.filter(own), mode))] };
}

class TopicWork {
  private readonly specs: readonly TopicSpec[];
  private readonly options: TopicsOptions;
  private readonly counts = new Map<string, number>();
  private readonly settings = new Map<string, TopicConfig>();
  private known: ReadonlyMap<string, TopicInfo> = new Map();

  constructor(specs: readonly TopicSpec[], options: TopicsOptions) {
    this.specs = specs;
    this.options = options;
  }

  async look(): Promise<void> {
    const { cluster } = this.options;
    this.known = new Map(await cluster.describe(this.specs.map(({ topic }) => topic)));
    const there = this.specs.filter(({ topic }) => this.known.has(topic)).map(({ topic }) => topic);
    for (const topic of there) this.counts.set(topic, this.known.get(topic)?.partitions.length ?? 0);
    if (there.length === 0) return;
    const { resources } = await this.options.lane.onController(this.patience, (node) =>
      node.describeConfigs({
        resources: there.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: SETTINGS_READ })),
      }),
    );
    for (const { resourceName, configEntries } of resources)
      this.settings.set(
        resourceName,
        Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue ?? ''])),
      );
  }

  async reports(specs: readonly TopicSpec[], mode: 'check' | 'create'): Promise<Report[]> {
    const reports: Report[] = [];
    for (const spec of specs) reports.push(await this.report(spec, mode));
    return reports;
  }

  private async report(spec: TopicSpec, mode: 'check' | 'create'): Promise<Report> {
    const { topic } = spec;
    const wanted = this.wanted(spec);
    if (!this.known.has(topic)) {
      const creates = mode === 'create' && (this.options.creates?.has(spec.role) ?? true);
      if (!creates)
        return {
          topic,
          problem: `there is no such topic (${spec.role})`,
          remedy: 'make it, or let `sluice topics TOPOLOGY --create` make all that are missing',
        };
      return this.create(spec, wanted ?? this.options.inputPartitions ?? 1);
    }
    return this.wrongCount(spec, wanted) ?? this.wrongSettings(spec) ?? { topic };
  }

  /** Partitions it must have; undefined: any number will do. */
  private wanted({ role, partitions, like }: TopicSpec): number | undefined {
    if (partitions !== undefined) return partitions;
    if (like === undefined || like.length === 0) return undefined;
    const counts = like.map((topic) => this.counts.get(topic) ?? this.options.inputPartitions ?? 1);
    if (role !== 'state') return Math.max(...counts);
    // several topics need a table of who has which partition: it lies in partition 0
    return counts.length === 1 ? counts[0] : counts.reduce((sum, n) => sum + n, 1);
  }

  private wrongCount(spec: TopicSpec, wanted: number | undefined): Report | undefined {
    const { topic, role } = spec;
    const count = this.counts.get(topic) ?? 0;
    if (wanted === undefined || count === wanted) return undefined;
    if (role === 'repartition' && spec.partitions !== undefined)
      return {
        topic,
        problem: `it has ${count} partitions, and the topology asks for ${wanted}`,
        remedy: `set partitions: ${count} at its repartition step, or give the topology another name`,
      };
    if (role !== 'state' || count > wanted) return undefined;
    return {
      topic,
      problem: `it has room for ${count} partitions, and ${spec.like?.join(', ')} ${wanted === 1 ? 'has' : 'have'} ${wanted} now: partitions were added, so keys have moved to others and no longer meet their state`,
      remedy:
        'give the topology another name, so that it begins anew; or, where no step keeps state by key, add partitions to the state topic as well',
    };
  }

  private wrongSettings(spec: TopicSpec): Report | undefined {
    const { topic } = spec;
    const found = this.settings.get(topic);
    if (found === undefined) return undefined;
    const wrong = wrongSetting(spec, found, {
      checkpointEveryMs: this.options.checkpointEveryMs,
      inputMessageBytes: this.inputMessageBytes,
    });
    return wrong === undefined ? undefined : { topic, problem: wrong.problem, remedy: alterCommand(topic, wrong.fix) };
  }

  private get inputMessageBytes(): number {
    const inputs = this.specs.filter(({ role }) => role === 'input');
    const sizes = inputs.map(({ topic }) =>
      Number(this.settings.get(topic)?.['max.message.bytes'] ?? DEFAULT_MESSAGE_BYTES),
    );
    return Math.max(DEFAULT_MESSAGE_BYTES, ...sizes);
  }

  private async create(spec: TopicSpec, partitions: number): Promise<Report> {
    const { topic } = spec;
    const { cluster, lane } = this.options;
    const { nodes } = await cluster.refresh();
    const config = settingsOf(spec, this.inputMessageBytes);
    const request = {
      topic,
      numPartitions: partitions,
      replicationFactor: this.options.replication ?? Math.min(DEFAULT_REPLICATION, nodes.length),
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    };
    try {
      await lane.onController(this.patience, (node) =>
        node.createTopics({ topics: [request], timeout: CREATE_TIMEOUT_MS }).catch(unwrap),
      );
    } catch (error) {
      // somebody else may have made it in the meantime
      if (codeOf(error) !== TOPIC_ALREADY_EXISTS) throw brokerError(error, { what: `making the topic ${topic}` });
    }
    this.counts.set(topic, partitions);
    await this.untilLed(topic, partitions);
    return { topic, created: true };
  }

  private async untilLed(topic: string, partitions: number): Promise<void> {
    const { cluster, patienceMs } = this.options;
    const deadline = cluster.clock.elapsed() + patienceMs;
    for (;;) {
      const info = (await cluster.describe([topic])).get(topic);
      if (info?.partitions.length === partitions && info.partitions.every(({ leader }) => leader >= 0)) return;
      if (cluster.clock.elapsed() > deadline)
        throw brokerError(new Error(`no leader after ${formatDuration(patienceMs)}`), {
          what: `making the topic ${topic}`,
        });
      await cluster.clock.sleep(LEADER_WAIT_MS);
    }
  }

  private get patience() {
    return { patienceMs: this.options.patienceMs, repeatLost: true };
  }
}

/** The client wraps the errors of several topics; there is one. */
function unwrap(error: unknown): never {
  throw (error as { errors?: readonly unknown[] }).errors?.[0] ?? error;
}
