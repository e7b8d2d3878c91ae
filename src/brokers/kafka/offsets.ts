import type { StartAt, TaskId } from '../../core/broker.ts';
import { type Committed, decodeCommitted } from './commit-metadata.ts';
import type { Lane, Patience } from './lane.ts';

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const LATEST = '-1';
const EARLIEST = '-2';
const CONSUMER = -1;

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Reads of offsets: what a group has committed, where a log begins and ends. */
export class Offsets {
  private readonly lane: Lane;
  private readonly patience: Patience;

  constructor(lane: Lane, patienceMs: number) {
    this.lane = lane;
    this.patience = { patienceMs, repeatLost: true };
  }

  /** Undefined for a partition without a committed offset. Parallel to `places`. */
  async committed(group: string, places: readonly Place[]): Promise<readonly (Committed | undefined)[]> {
    const found = await this.ofGroup(group, places);
    return found.map((one) => one && decodeCommitted(one.offset, one.metadata));
  }

  /** As committed(), with the metadata as they stand. */
  async ofGroup(
    group: string,
    places: readonly Place[],
  ): Promise<readonly ({ readonly offset: number; readonly metadata: string | null } | undefined)[]> {
    const topics = [...new Set(places.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: places.filter((place) => place.topic === topic).map(({ partition }) => ({ partition })),
    }));
    const { responses } = await this.lane.onCoordinator({ kind: 'group', key: group }, this.patience, (node) =>
      node.offsetFetch({ groupId: group, topics }),
    );
    return places.map(({ topic, partition }) => {
      const found = responses.find((one) => one.topic === topic)?.partitions.find((one) => one.partition === partition);
      const offset = Number(found?.offset ?? -1);
      return found === undefined || offset < 0 ? undefined : { offset, metadata: found.metadata };
    });
  }

  logStart(place: Place): Promise<number> {
    return this.at(place, EARLIEST, READ_UNCOMMITTED);
  }

  /** Next offset to be written, open transactions included. */
  highWatermark(place: Place): Promise<number> {
    return this.at(place, LATEST, READ_UNCOMMITTED);
  }

  /** First offset of the first open transaction; the high watermark when there is none. */
  lastStable(place: Place): Promise<number> {
    return this.at(place, LATEST, READ_COMMITTED);
  }

  /** First offset with a timestamp of at least `timeMs`, else the end. */
  async fromTime(place: Place, timeMs: number): Promise<number> {
    const found = await this.at(place, String(timeMs), READ_UNCOMMITTED);
    return found < 0 ? this.lastStable(place) : found;
  }

  /** Where a task without a committed offset begins. */
  async first(task: TaskId, start: StartAt): Promise<number> {
    if (start === 'earliest') return this.logStart(task);
    if (start === 'latest') return this.lastStable(task);
    if ('time' in start) return this.fromTime(task, start.time);
    const { topic, partition } = task;
    return start.offsets[`${topic}/${partition}`] ?? start.offsets[String(partition)] ?? this.logStart(task);
  }

  private async at({ topic, partition }: Place, timestamp: string, isolationLevel: number): Promise<number> {
    const { responses } = await this.lane.onLeader({ topic, partition }, this.patience, (node) =>
      node.listOffsets({
        replicaId: CONSUMER,
        isolationLevel,
        topics: [{ topic, partitions: [{ partition, timestamp }] }],
      }),
    );
    return Number(responses[0]?.partitions[0]?.offset ?? -1);
  }
}
