import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, Kafka, logLevel, type Message, type Transaction } from 'kafkajs';
import { replaceRequestQueueTimer } from '../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../src/core/clock.ts';

const READY_TIMEOUT_MS = 60_000;

export interface TopicOptions {
  readonly partitions?: number;
  readonly config?: Readonly<Record<string, string>>;
  /** Default: what the broker says. */
  readonly replicas?: number;
}

/** A quiet stock client, for what is not under test. */
export function plainClient(brokers: readonly string[]): Kafka {
  replaceRequestQueueTimer(systemClock); // the only change: the original floods the log with warnings
  return new Kafka({
    clientId: 'sluice-test',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 8 },
  });
}

export async function withAdmin<T>(brokers: readonly string[], use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = plainClient(brokers).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Makes a topic and waits until every partition has a leader: KRaft answers the creation before its metadata is everywhere. */
export async function createTopic(
  brokers: readonly string[],
  topic: string,
  options: TopicOptions = {},
): Promise<void> {
  const { partitions = 1, replicas = -1, config = {} } = options;
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await withAdmin(brokers, async (admin) => {
    const topics = [{ topic, numPartitions: partitions, replicationFactor: replicas, configEntries }];
    await admin.createTopics({ waitForLeaders: false, topics });
    await until(`topic ${topic}`, async () => {
      const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
      const known = metadata.topics[0]?.partitions ?? [];
      return known.length === partitions && known.every((partition) => partition.leader >= 0);
    });
  });
}

/** Every copy of every partition is in sync, those of internal topics too: any one node may die. */
export function inSync(brokers: readonly string[]): Promise<void> {
  return withAdmin(brokers, (admin) =>
    until('copies in sync', async () => {
      const { topics } = await admin.fetchTopicMetadata();
      return topics.every(({ partitions }) =>
        partitions.every(({ leader, replicas, isr }) => leader >= 0 && isr.length === replicas.length),
      );
    }),
  );
}

/** A name no other test uses. */
export function topicName(prefix = 'test'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/**
 * Metadata, the group coordinator and the transaction coordinator answer. One empty transaction with offsets makes the
 * internal topics, so that no test waits for them.
 */
export async function waitReady(brokers: readonly string[]): Promise<void> {
  const topic = topicName('probe');
  await until('metadata', () => createTopic(brokers, topic).then(() => true));
  await until('transactions', () => tryTransaction(brokers, topic));
  await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
}

/** A transaction of the stock client, in a producer of its own. `use` ends it. */
async function inTransaction<T>(
  brokers: readonly string[],
  transactionalId: string,
  use: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const producer = plainClient(brokers).producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
  try {
    await producer.connect();
    return await use(await producer.transaction());
  } finally {
    await producer.disconnect();
  }
}

/** A new producer each time: one that failed inside a transaction stays there. */
async function tryTransaction(brokers: readonly string[], topic: string): Promise<boolean> {
  return inTransaction(brokers, topic, async (transaction) => {
    await transaction.send({ topic, messages: [{ value: 'ready' }] });
    const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }];
    await transaction.sendOffsets({ consumerGroupId: topic, topics });
    await transaction.commit();
    return true;
  });
}

/** Records that nobody who reads committed data may see. */
export async function abortedRecords(brokers: readonly string[], topic: string, messages: Message[]): Promise<void> {
  await inTransaction(brokers, `${topic}-aborts`, async (transaction) => {
    await transaction.send({ topic, messages });
    await transaction.abort();
  });
}

/** Tries until `probe` gives true; throws of it count as not yet. */
export async function until(what: string, probe: () => Promise<boolean>, timeoutMs = READY_TIMEOUT_MS): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      if (await probe()) return;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last });
}
