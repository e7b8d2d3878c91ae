import type { OutgoingBatch, TaskId } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { partitionOf } from '../../core/murmur2.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Place } from './offsets.ts';
import { RecordWriter } from './outgoing-record.ts';
import type { PartitionQueue } from './sender.ts';
import type { Codec } from './wire/index.ts';
import { BatchWriter } from './wire/index.ts';

/** A topic written to, as it is now. */
export interface OutgoingTopic {
  readonly partitions: number;
  readonly maxBytes: number;
  readonly codec: Codec;
}

export interface CommitBufferOptions {
  readonly task: TaskId;
  readonly inputPartitions: number;
  readonly topics: ReadonlyMap<string, OutgoingTopic>;
  /** A record of the quarantine that had to go as a stub. */
  readonly onStub?: (topic: string) => void;
}

/** The commit being filled: every record goes into its batch as soon as it comes, so records need not be kept until the commit. */
export class CommitBuffer {
  private readonly options: CommitBufferOptions;
  private readonly records: RecordWriter;
  private readonly writers = new Map<string, (BatchWriter | undefined)[]>();
  /** The next stage is told in it that this input has ended. */
  private told = false;

  constructor(options: CommitBufferOptions) {
    this.options = options;
    this.records = new RecordWriter(options.task.topology);
  }

  /** What has been written to since the last take(). */
  get places(): readonly Place[] {
    const places: Place[] = [];
    for (const [topic, writers] of this.writers)
      for (const [partition, writer] of writers.entries())
        if (writer !== undefined && writer.size > 0) places.push({ topic, partition });
    return places;
  }

  add(batch: OutgoingBatch): void {
    const topic = this.options.topics.get(batch.topic);
    if (topic === undefined)
      throw new BrokerError(`${batch.topic} is no topic of this plan`, { code: 'unknown-topic' });
    for (let i = 0; i < batch.records.length; i++) {
      const control = batch.upstream?.[i]?.control;
      if (control === 'end') this.told = true;
      if (control !== undefined && (batch.partitions?.[i] ?? -1) < 0)
        for (let partition = 0; partition < topic.partitions; partition++) this.write(batch, i, partition);
      else this.write(batch, i, this.partition(batch, i, topic.partitions));
    }
  }

  /** Everything so far, a queue for each partition; the buffer begins anew. */
  take(): { readonly queues: readonly PartitionQueue[]; readonly told: boolean } {
    const queues: PartitionQueue[] = [];
    for (const [topic, writers] of this.writers) {
      for (const [partition, writer] of writers.entries()) {
        const batches = writer?.finish() ?? [];
        if (batches.length > 0) queues.push({ topic, partition, batches });
      }
    }
    const { told } = this;
    this.told = false;
    return { queues, told };
  }

  private write(batch: OutgoingBatch, index: number, partition: number): void {
    const writer = this.writer(batch.topic, partition);
    if (this.records.write(writer, batch, index)) return;
    if (batch.role === 'quarantine' && this.records.writeStub(writer, batch, index)) {
      this.options.onStub?.(batch.topic);
      return;
    }
    const { topic, partition: from, offset } = (batch.records[index] as DataRecord).origin; // parallel arrays
    throw new BrokerError(
      `what record ${topic}/${from}, offset ${offset} became does not fit ${batch.topic}: raise its max.message.bytes`,
      { code: 'record-too-large' },
    );
  }

  private writer(topic: string, partition: number): BatchWriter {
    let writers = this.writers.get(topic);
    if (writers === undefined) {
      writers = [];
      this.writers.set(topic, writers);
    }
    const known = writers[partition];
    if (known !== undefined) return known;
    const { maxBytes = 0, codec = 'none' } = this.options.topics.get(topic) ?? {};
    const made = new BatchWriter({ maxBytes, codec });
    writers[partition] = made;
    return made;
  }

  /** The one asked for; else that of the input when counts agree and the key is unchanged; else Java's murmur2. */
  private partition(batch: OutgoingBatch, index: number, count: number): number {
    const chosen = batch.partitions?.[index] ?? -1;
    if (chosen >= 0) return chosen % count;
    const { task, inputPartitions } = this.options;
    const record = batch.records[index] as DataRecord; // parallel arrays
    const kept = batch.role !== 'repartition' && record.key === (record.root ?? record).key;
    if (kept && count === inputPartitions) return task.partition;
    return record.key === null ? task.partition % count : partitionOf(record.key, count);
  }
}
