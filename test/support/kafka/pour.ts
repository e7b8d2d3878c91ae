import { systemClock } from '../../../src/core/clock.ts';
import { FastProducer } from './fast-producer.ts';

/** Records between two flushes a partition. */
const AT_ONCE = 10_000;

export interface Pouring {
  readonly topic: string;
  readonly partitions: number;
  /** Values with an `id`, which is their key. */
  readonly values: Iterable<{ readonly id: string }>;
}

/** Produces more than memory should hold at once. */
export async function pour(brokers: readonly string[], { topic, partitions, values }: Pouring): Promise<void> {
  const producer = await FastProducer.connect(brokers[0]!, { topic, partitions });
  try {
    let count = 0;
    for (const value of values) {
      producer.write(Buffer.from(value.id), JSON.stringify(value), systemClock.now());
      if (++count % (AT_ONCE * partitions) === 0) await producer.flush();
    }
    await producer.flush();
  } finally {
    await producer.close();
  }
}
