import { type Clock, systemClock } from '../../core/clock.ts';
import type { Codec } from '../../core/codec.ts';
import { BrokerError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import { nodeFactory } from './client.ts';
import { Cluster } from './cluster.ts';
import { InputSink } from './input-sink.ts';
import { Lane } from './lane.ts';
import { Offsets } from './offsets.ts';
import { PartitionReader } from './partition-reader.ts';
import type { KafkaSettings } from './settings.ts';
import { replaceRequestQueueTimer } from './wire/index.ts';

const PATIENCE_MS = 30_000;
const BATCH = { records: 1000, bytes: 4 * 1024 * 1024 };

export interface ReadTopicOptions {
  readonly settings: KafkaSettings;
  readonly topic: string;
  readonly codec: Codec;
  readonly clock?: Clock;
}

/**
 * What a topic holds now, partition after partition, committed records only; without a group, a position or a trace on
 * the brokers. Throws BrokerError `unknown-topic`, and what the client reports.
 */
export async function* readTopic(options: ReadTopicOptions): AsyncGenerator<readonly DataRecord[]> {
  const { settings, topic, codec, clock = systemClock } = options;
  replaceRequestQueueTimer(clock);
  const makeNode = nodeFactory({ ...settings.client, log: () => {} });
  const cluster = new Cluster({ bootstrap: settings.bootstrap, makeNode, clock });
  const lane = new Lane(cluster);
  try {
    const info = (await cluster.describe([topic])).get(topic);
    if (info === undefined) throw new BrokerError(`there is no topic ${topic}`, { code: 'unknown-topic' });
    const offsets = new Offsets(lane, PATIENCE_MS);
    for (let partition = 0; partition < info.partitions.length; partition++) {
      const place = { topic, partition };
      const [position, end] = [await offsets.logStart(place), await offsets.lastStable(place)];
      const limit = () => end;
      const sink = new InputSink({ topology: 'profile', stage: 'source', ...place }, { topic, codec }, limit);
      const reader = new PartitionReader({
        cluster,
        lane,
        offsets,
        place,
        position,
        sink,
        limit,
        patienceMs: PATIENCE_MS,
      });
      try {
        while (reader.position < end) {
          await reader.wait(clock.elapsed() + PATIENCE_MS, new AbortController().signal);
          const { records } = reader.take(BATCH);
          if (records.length > 0) yield records;
        }
      } finally {
        await reader.close();
      }
    }
  } finally {
    await lane.close();
    await cluster.close();
  }
}
