import { readFileSync } from 'node:fs';
import { BatchWriter, produce, replaceRequestQueueTimer } from '../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { partitionOf } from '../../../src/core/murmur2.ts';
import { connectNode } from '../../support/kafka/wire-node.ts';

export interface Filling {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
}

/** As producers of Java make them when nobody says otherwise (`batch.size`). */
const BATCH_BYTES = 16 * 1024;

/** The lines of a file as records; key = id, partition as Java chooses it. */
export async function fillTopic(file: string, { brokers, topic, partitions }: Filling): Promise<void> {
  const writers = Array.from(
    { length: partitions },
    () => new BatchWriter({ maxBytes: 1_000_000, batchBytes: BATCH_BYTES, codec: 'none' }),
  );
  const now = systemClock.now();
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const key = keyOf(line);
    const writer = writers[partitionOf(key, partitions)]!;
    writer.begin(now, key, line);
    if (!writer.end()) throw new Error(`a line of ${file} is too long for a record`);
  }
  replaceRequestQueueTimer(systemClock);
  const node = await connectNode(brokers[0]!);
  const queues = writers.map((writer) => writer.finish());
  for (let i = 0; queues.some((queue) => i < queue.length); i++) {
    const batches = queues.flatMap((queue, partition) => {
      const batch = queue[i];
      return batch === undefined ? [] : [{ topic, partition, batch: batch.seal() }];
    });
    await produce(node, batches, { transactionalId: null, acks: -1, timeoutMs: 30_000 });
  }
  await node.disconnect();
}

export function keyOf(line: string): Buffer {
  return Buffer.from(/"id": ?"([^"]*)"/.exec(line)?.[1] ?? '');
}
