import { connect } from '../../../src/brokers/kafka/connection.ts';
import { Offsets } from '../../../src/brokers/kafka/offsets.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { withAdmin } from './topics.ts';

/** Partitions of topics with a prefix in which a transaction is open: `topic/partition: last stable offset of high watermark`. */
export async function openTransactions(brokers: readonly string[], prefix: string): Promise<string[]> {
  const { cluster, lane, close } = connect(kafkaSettings({ brokers }), systemClock);
  const offsets = new Offsets(lane, 5000);
  try {
    const topics = await withAdmin(brokers, (admin) => admin.listTopics());
    const found: string[] = [];
    for (const topic of topics.filter((name) => name.startsWith(prefix)))
      for (let partition = 0; partition < ((await cluster.topic(topic))?.partitions.length ?? 0); partition++) {
        const place = { topic, partition };
        const [stable, high] = [await offsets.lastStable(place), await offsets.highWatermark(place)];
        if (stable < high) found.push(`${topic}/${partition}: ${stable} of ${high}`);
      }
    return found;
  } finally {
    await close();
  }
}
