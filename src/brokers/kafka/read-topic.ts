import { type Clock, systemClock } from '../../core/clock.ts';
import type { Codec } from '../../core/codec.ts';
import { BrokerError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Cluster } from './cluster.ts';
import { connect } from './connection.ts';
import { InputSink } from './input-sink.ts';
import type { Lane } from './lane.ts';
import { Offsets } from './offsets.ts';
import { PartitionReader } from './partition-reader.ts';
import type { KafkaSettings } from './settings.ts';

const PATIENCE_MS = 30_000;
const BATCH = { records: 1000, bytes: 4 * 1024 * 1024 };

export interface ReadTopicOptions {
  readonly settings: KafkaSettings;
  readonly topic: string;
  readonly codec: Codec;
  /** Sluice wrote it: its headers are believed, and kept. */
  readonly isOurs?: boolean;
  readonly clock?: Clock;
}

/** Offsets of a partition: from the first that is there up to the end of what is committed. */
export interface LogBounds {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

/**
 * What a topic holds now, partition after partition, committed records only. Throws as TopicReader does.
 */
export async function* readTopic(options: ReadTopicOptions): AsyncGenerator<readonly DataRecord[]> {
  await using reader = new TopicReader(options);
  for (const { partition, start, end } of await reader.bounds())
    yield* reader.read({ partition, from: start, to: end });
}

/**
 * Committed records of a topic by ranges of offsets; without a group, a position or a trace on the brokers. Throws BrokerError
 * `unknown-topic`, `range-gone` for offsets that are deleted, and what the client reports.
 */
export class TopicReader implements AsyncDisposable {
  private readonly options: ReadTopicOptions;
  private readonly cluster: Cluster;
  private readonly lane: Lane;
  private readonly offsets: Offsets;
  private readonly close: () => Promise<void>;

  constructor(options: ReadTopicOptions) {
    const { settings, clock = systemClock } = options;
    this.options = options;
    const { cluster, lane, close } = connect(settings, clock);
    this.cluster = cluster;
    this.lane = lane;
    this.close = close;
    this.offsets = new Offsets(this.lane, PATIENCE_MS);
  }

  async bounds(): Promise<readonly LogBounds[]> {
    const { topic } = this.options;
    const info = (await this.cluster.describe([topic])).get(topic);
    if (info === undefined) throw new BrokerError(`there is no topic ${topic}`, { code: 'unknown-topic' });
    const bounds: LogBounds[] = [];
    for (let partition = 0; partition < info.partitions.length; partition++) {
      const place = { topic, partition };
      bounds.push({
        partition,
        start: await this.offsets.logStart(place),
        end: await this.offsets.lastStable(place),
      });
    }
    return bounds;
  }

  /** Offsets from `from` up to and without `to`, which must not lie beyond the end. */
  async *read({
    partition,
    from,
    to,
  }: {
    readonly partition: number;
    readonly from: number;
    readonly to: number;
  }): AsyncGenerator<readonly DataRecord[]> {
    const { topic, codec, isOurs = false } = this.options;
    const { cluster, lane, offsets } = this;
    const place = { topic, partition };
    const limit = () => to;
    const sink = new InputSink(place, { topic, codec }, limit, { isOurs });
    const base = { cluster, lane, offsets, place, position: from, sink, limit };
    const reader = new PartitionReader({ ...base, patienceMs: PATIENCE_MS });
    try {
      while (reader.position < to) {
        await reader.wait(cluster.clock.elapsed() + PATIENCE_MS, new AbortController().signal);
        const { records, logStart } = reader.take(BATCH);
        if (logStart > reader.position)
          throw new BrokerError(`${topic}/${partition} begins at offset ${logStart} by now: records were deleted`, {
            code: 'range-gone',
          });
        if (records.length > 0) yield records;
      }
    } finally {
      await reader.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
