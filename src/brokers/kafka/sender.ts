import type { Clock } from '../../core/clock.ts';
import type { KafkaNode } from './client.ts';
import type { Cluster } from './cluster.ts';
import type { ProducerIdentity } from './fencing.ts';
import type { Lane } from './lane.ts';
import { kindOf } from './protocol-errors.ts';
import { type BatchProducer, nextSequence, type Produced, produce, type RawBatch } from './wire/index.ts';

/** Batches for one partition, in order. */
export interface PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly batches: readonly RawBatch[];
}

export interface SenderOptions {
  readonly cluster: Cluster;
  readonly lane: Lane;
  readonly identity: ProducerIdentity;
  readonly requestTimeoutMs: number;
  readonly patienceMs: number;
  /** Bytes acknowledged, for metrics. */
  readonly onSent?: (topic: string, bytes: number) => void;
}

const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 250;

interface Head {
  readonly queue: PartitionQueue;
  next: number;
  base: number;
}

/**
 * Sends queues of batches to the leaders of their partitions: one request a leader at a time, one batch a partition in it (more the
 * protocol does not allow), so that a repeated request keeps its sequence numbers and the broker drops what it has.
 */
export class Sender {
  private readonly options: SenderOptions;
  private readonly clock: Clock;
  private readonly producer: BatchProducer;
  /** Next sequence number by partition. */
  private readonly sequences = new Map<string, number>();

  constructor(options: SenderOptions) {
    const { producerId, producerEpoch, transactionalId } = options.identity;
    this.options = options;
    this.clock = options.cluster.clock;
    this.producer = { id: Number(producerId), epoch: producerEpoch, transactional: transactionalId !== undefined };
  }

  /** Gives the offset of the first batch of each queue once everything is acknowledged by all in-sync replicas. */
  async send(queues: readonly PartitionQueue[]): Promise<ReadonlyMap<PartitionQueue, number>> {
    const heads = queues
      .filter(({ batches }) => batches.length > 0)
      .map((queue): Head => ({ queue, next: 0, base: -1 }));
    const deadline = this.clock.elapsed() + this.options.patienceMs;
    let backoffMs = FIRST_BACKOFF_MS;
    for (let open: readonly Head[] = heads; open.length > 0; ) {
      const failures = await this.round(open);
      open = open.filter(({ queue, next }) => next < queue.batches.length);
      if (failures.length === 0) {
        backoffMs = FIRST_BACKOFF_MS;
        continue;
      }
      const fatal = failures.find((error) => !['stale', 'busy', 'lost'].includes(kindOf(error)));
      if (fatal !== undefined || this.clock.elapsed() > deadline) throw fatal ?? failures[0];
      await this.options.cluster.refresh().catch(() => {}); // the next round tells
      await this.clock.sleep(backoffMs);
      backoffMs = Math.min(MAX_BACKOFF_MS, backoffMs * 2);
    }
    return new Map(heads.map(({ queue, base }) => [queue, base]));
  }

  /** One batch of every partition. Gives what went wrong; those heads stay where they are. */
  private async round(heads: readonly Head[]): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    const byLeader = new Map<number, Head[]>();
    for (const head of heads) {
      try {
        const leader = await this.options.lane.leaderId(head.queue.topic, head.queue.partition);
        const list = byLeader.get(leader);
        if (list === undefined) byLeader.set(leader, [head]);
        else list.push(head);
      } catch (error) {
        failures.push(error);
      }
    }
    await Promise.all(
      [...byLeader].map(async ([leader, list]) => {
        let node: KafkaNode | undefined;
        try {
          node = await this.options.lane.node(leader);
          this.settle(list, await this.request(node, list));
        } catch (error) {
          failures.push(error);
          if (kindOf(error) === 'lost' && node !== undefined) await this.options.lane.drop(node);
        }
      }),
    );
    return failures;
  }

  private request(node: KafkaNode, heads: readonly Head[]): Promise<readonly Produced[]> {
    const { identity, requestTimeoutMs } = this.options;
    const batches = heads.map(({ queue, next }) => ({
      topic: queue.topic,
      partition: queue.partition,
      // heads that are done are not sent
      batch: (queue.batches[next] as RawBatch).seal(this.producer, this.sequences.get(nameOf(queue)) ?? 0),
    }));
    return produce(node, batches, {
      transactionalId: identity.transactionalId ?? null,
      acks: -1,
      timeoutMs: requestTimeoutMs,
    });
  }

  /** Everything in the request was written. */
  private settle(heads: readonly Head[], answers: readonly Produced[]): void {
    for (const head of heads) {
      const { topic, partition } = head.queue;
      const batch = head.queue.batches[head.next] as RawBatch; // it was sent
      if (head.next === 0)
        head.base = answers.find((one) => one.topic === topic && one.partition === partition)?.baseOffset ?? -1;
      this.options.onSent?.(topic, batch.size);
      const name = nameOf(head.queue);
      this.sequences.set(name, nextSequence(this.sequences.get(name) ?? 0, batch.count));
      head.next++;
    }
  }
}

function nameOf({ topic, partition }: PartitionQueue): string {
  return `${topic}/${partition}`;
}
