import { connect } from '../../../src/brokers/kafka/connection.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { BatchWriter, produce } from '../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { partitionOf } from '../../../src/core/murmur2.ts';

const MAX_BATCH_BYTES = 900_000;
const PATIENCE_MS = 60_000;
/** Records between two requests a partition: one batch. */
const AT_ONCE = 10_000;

export interface Pouring {
  readonly topic: string;
  readonly partitions: number;
  /** Values with an `id`, which is their key. */
  readonly values: Iterable<{ readonly id: string }>;
}

/** Produces millions of records in a minute, each to the partition its key belongs to: the stock client takes ten. */
export async function pour(brokers: readonly string[], { topic, partitions, values }: Pouring): Promise<void> {
  const { lane, close } = connect(kafkaSettings({ brokers }), systemClock);
  const writers = Array.from({ length: partitions }, () => ({ count: 0, writer: newWriter() }));
  const send = async (partition: number) => {
    const own = writers[partition]!;
    for (const batch of own.writer.finish())
      await lane.onLeader({ topic, partition }, { patienceMs: PATIENCE_MS }, (node) =>
        produce(node, [{ topic, partition, batch: batch.seal() }], {
          transactionalId: null,
          acks: -1,
          timeoutMs: PATIENCE_MS,
        }),
      );
    writers[partition] = { count: 0, writer: newWriter() };
  };
  try {
    for (const value of values) {
      const key = Buffer.from(value.id);
      const partition = partitionOf(key, partitions);
      const own = writers[partition]!;
      own.writer.begin(systemClock.now(), key, Buffer.from(JSON.stringify(value)));
      own.writer.end();
      if (++own.count === AT_ONCE) await send(partition);
    }
    for (let partition = 0; partition < partitions; partition++) await send(partition);
  } finally {
    await close();
  }
}

function newWriter(): BatchWriter {
  return new BatchWriter({ maxBytes: MAX_BATCH_BYTES, codec: 'none' });
}
