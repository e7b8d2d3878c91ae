import { randomUUID } from 'node:crypto';
import type { Stage, TaskId } from '../../core/broker.ts';
import { StateError } from '../../core/errors.ts';
import type { Cluster } from './cluster.ts';
import type { Lane } from './lane.ts';
import { Offsets, type Place } from './offsets.ts';
import { readPartition } from './state-reader.ts';
import { BatchWriter, produce } from './wire/index.ts';

export interface StateLayoutOptions {
  readonly cluster: Cluster;
  readonly lane: Lane;
  /** First word of the state topics' names. */
  readonly group: string;
  readonly patienceMs: number;
  readonly stageOf: (id: string) => Stage | undefined;
}

const MAX_BYTES = 512 * 1024;
const TIMEOUT_MS = 30_000;

/**
 * Which partition of a stage's state topic is whose. One topic read: the same number. Several: partition 0 holds a table that is only
 * appended to, a record for each partition of each topic; where a partition's first record stands among all of them
 * is its number, counted from 1. So nothing ever moves, and two processes that append at once mean the same.
 */
export class StateLayout {
  private readonly options: StateLayoutOptions;
  private readonly tables = new Map<string, Promise<ReadonlyMap<string, number>>>();

  constructor(options: StateLayoutOptions) {
    this.options = options;
  }

  async place(task: TaskId): Promise<Place> {
    const topic = `${this.options.group}.${task.stage}.state`;
    const stage = this.options.stageOf(task.stage);
    if (stage === undefined || stage.inputs.length === 1) return { topic, partition: task.partition };
    const name = nameOf(task);
    let table = await this.table(topic);
    if (!table.has(name)) {
      await this.append(topic, stage);
      this.tables.delete(topic);
      table = await this.table(topic);
    }
    const partition = table.get(name) ?? 0;
    const room = (await this.options.cluster.topic(topic))?.partitions.length ?? 0;
    if (partition === 0 || partition >= room)
      throw new StateError(
        `${topic} has ${room} partitions and no room for ${name}: partitions or topics were added. Where no step keeps state by key, add partitions to it; else give the topology another name`,
        { code: 'state-full' },
      );
    return { topic, partition };
  }

  private table(topic: string): Promise<ReadonlyMap<string, number>> {
    const known = this.tables.get(topic);
    if (known !== undefined) return known;
    const table = this.read(topic);
    this.tables.set(topic, table);
    table.catch(() => this.tables.delete(topic)); // whoever waits hears of it
    return table;
  }

  private async read(topic: string): Promise<ReadonlyMap<string, number>> {
    const { cluster, lane, patienceMs } = this.options;
    const table = new Map<string, number>();
    const offsets = new Offsets(lane, patienceMs);
    const { elapsed } = cluster.clock;
    const place = { topic, partition: 0 };
    await readPartition({ lane, offsets, place, patienceMs, elapsed }, (_offset, _key, value) => {
      const name = String(value);
      if (!table.has(name)) table.set(name, table.size + 1);
    });
    return table;
  }

  /** Every partition the stage reads, known or not: the first record of each counts. Keys are unique, so the cleaner keeps all. */
  private async append(topic: string, stage: Stage): Promise<void> {
    const { cluster, lane, patienceMs } = this.options;
    const writer = new BatchWriter({ maxBytes: MAX_BYTES, codec: 'none' });
    for (const input of stage.inputs) {
      const count = (await cluster.topic(input.topic))?.partitions.length ?? 0;
      for (let partition = 0; partition < count; partition++) {
        writer.begin(cluster.clock.now(), Buffer.from(randomUUID()), nameOf({ topic: input.topic, partition }));
        writer.end();
      }
    }
    for (const batch of writer.finish())
      await lane.onLeader({ topic, partition: 0 }, { patienceMs, repeatLost: true }, (node) =>
        produce(node, [{ topic, partition: 0, batch: batch.seal() }], {
          transactionalId: null,
          acks: -1,
          timeoutMs: TIMEOUT_MS,
        }),
      );
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}
