import { BatchWriter, produce, replaceRequestQueueTimer } from '../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { partitionOf } from '../../../src/core/murmur2.ts';
import { connectNode, type TestNode } from './wire-node.ts';

export interface FastProducerOptions {
  readonly topic: string;
  readonly partitions: number;
  /** Size of a batch; default as large as may be. */
  readonly batchBytes?: number;
}

const MAX_BYTES = 900_000;
const PATIENCE_MS = 60_000;

/** Produces with our own encoder to a cluster of one node, each record to the partition its key belongs to: millions in a minute. */
export class FastProducer {
  private readonly node: TestNode;
  private readonly topic: string;
  private readonly writers: readonly BatchWriter[];

  private constructor(node: TestNode, { topic, partitions, batchBytes }: FastProducerOptions) {
    this.node = node;
    this.topic = topic;
    const options = {
      maxBytes: MAX_BYTES,
      codec: 'none',
      ...(batchBytes === undefined ? {} : { batchBytes }),
    } as const;
    this.writers = Array.from({ length: partitions }, () => new BatchWriter(options));
  }

  static async connect(broker: string, options: FastProducerOptions): Promise<FastProducer> {
    replaceRequestQueueTimer(systemClock);
    return new FastProducer(await connectNode(broker, PATIENCE_MS), options);
  }

  /** Sent by the next flush(). */
  write(key: Buffer, value: string, timeMs: number): void {
    const writer = this.writers[partitionOf(key, this.writers.length)]!;
    writer.begin(timeMs, key, value);
    if (!writer.end()) throw new Error(`a record is too long: ${value.slice(0, 100)}`);
  }

  async flush(): Promise<void> {
    const queues = this.writers.map((writer) => writer.finish());
    for (let i = 0; queues.some((queue) => i < queue.length); i++) {
      const batches = queues.flatMap((queue, partition) => {
        const batch = queue[i];
        return batch === undefined ? [] : [{ topic: this.topic, partition, batch: batch.seal() }];
      });
      await produce(this.node, batches, { transactionalId: null, acks: -1, timeoutMs: PATIENCE_MS });
    }
  }

  close(): Promise<void> {
    return this.node.disconnect();
  }
}
