import type { TopicSpec } from '../../core/broker.ts';
import type { Cluster } from './cluster.ts';
import type { OutgoingTopic } from './commit-buffer.ts';
import type { Lane } from './lane.ts';
import type { Compression } from './settings.ts';

export interface OutgoingTopicsOptions {
  readonly cluster: Cluster;
  readonly lane: Lane;
  readonly patienceMs: number;
  readonly codecOf: (topic: string) => Compression | undefined;
}

const TOPIC_RESOURCE = 2;
/** Smallest and cheapest of those measured: docs/decisions/output-compression.md. */
const DEFAULT_CODEC = 'zstd';
/** Largest batch made, however much a topic would take: what follows in its partition waits for it. */
const MOST_BYTES = 1_000_000;

/** Partitions, size limit and compression of every topic that is written to. */
export async function outgoingTopics(
  specs: readonly TopicSpec[],
  options: OutgoingTopicsOptions,
): Promise<ReadonlyMap<string, OutgoingTopic>> {
  const written = specs.filter(({ role }) => role !== 'input').map(({ topic }) => topic);
  if (written.length === 0) return new Map();
  const { cluster, lane, patienceMs, codecOf } = options;
  const known = await cluster.describe(written);
  const { resources } = await lane.onController({ patienceMs, repeatLost: true }, (node) =>
    node.describeConfigs({
      resources: written.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: ['max.message.bytes'] })),
    }),
  );
  const limits = new Map(
    resources.map(({ resourceName, configEntries }) => [resourceName, Number(configEntries[0]?.configValue)]),
  );
  return new Map(
    written.map((topic) => [
      topic,
      {
        partitions: known.get(topic)?.partitions.length ?? 1,
        maxBytes: limits.get(topic) || MOST_BYTES,
        codec: codecOf(topic) ?? DEFAULT_CODEC,
      },
    ]),
  );
}
