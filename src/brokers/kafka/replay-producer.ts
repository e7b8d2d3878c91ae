import type { FaultPoint } from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import { BrokerError } from '../../core/errors.ts';
import { OWN_HEADER_PREFIX } from '../../core/outgoing-headers.ts';
import { fixedHeaders, type Header } from '../../core/record.ts';
import type { Cluster } from './cluster.ts';
import type { OutgoingTopic } from './commit-buffer.ts';
import { type Committer, type GroupOffset, TransactionCommitter } from './committer.ts';
import { connect } from './connection.ts';
import { fence } from './fencing.ts';
import type { Lane } from './lane.ts';
import { Offsets, type Place } from './offsets.ts';
import { outgoingTopics } from './outgoing-topics.ts';
import { brokerError } from './protocol-errors.ts';
import { REPLAY_HEADER, type ReplayMark, ReplayMarks } from './replay-mark.ts';
import { type PartitionQueue, Sender } from './sender.ts';
import type { KafkaSettings } from './settings.ts';
import { BatchWriter, headerName } from './wire/index.ts';

const PATIENCE_MS = 30_000;
const MARK = headerName(REPLAY_HEADER);
const OWN = Buffer.from(OWN_HEADER_PREFIX);

/** A record on its way back to the partition that its mark names as its origin. */
export interface ReturningRecord {
  readonly key: Uint8Array | null;
  readonly value: string | Uint8Array;
  readonly timestamp: number;
  readonly headers: readonly Header[];
  readonly mark: ReplayMark;
}

export interface ReplayProducerOptions {
  readonly settings: KafkaSettings;
  readonly topology: string;
  readonly clock: Clock;
  readonly point: FaultPoint;
}

/**
 * Sends records back to the inputs of a topology, together with how far a replay is: the offsets of the group
 * `<topology>/replay/<run>`. One at a time: whoever fences last shuts out the one before.
 */
export class ReplayProducer implements AsyncDisposable {
  private readonly options: ReplayProducerOptions;
  private readonly cluster: Cluster;
  private readonly lane: Lane;
  private readonly offsets: Offsets;
  private readonly close: () => Promise<void>;
  private readonly marks: ReplayMarks;
  private committer: Committer | undefined;
  private topics: ReadonlyMap<string, OutgoingTopic> = new Map();

  constructor(options: ReplayProducerOptions) {
    const { settings, topology, clock } = options;
    this.options = options;
    const { cluster, lane, close } = connect(settings, clock);
    this.cluster = cluster;
    this.lane = lane;
    this.close = close;
    this.offsets = new Offsets(this.lane, PATIENCE_MS);
    this.marks = new ReplayMarks(topology, settings.replayKeys);
  }

  /** Names of the replays that brokers remember, sorted. */
  async runs(): Promise<readonly string[]> {
    const prefix = this.group('');
    const names = new Set<string>();
    for (const { nodeId } of (await this.cluster.refresh()).nodes) {
      const patience = { patienceMs: PATIENCE_MS, repeatLost: true };
      const { groups } = await this.lane.onNode(nodeId, patience, (node) => node.listGroups());
      for (const { groupId } of groups) if (groupId.startsWith(prefix)) names.add(groupId.slice(prefix.length));
    }
    return [...names].sort();
  }

  /** How far a replay is, with what it wrote beside. Parallel to `places`. */
  committed(run: string, places: readonly Place[]): ReturnType<Offsets['ofGroup']> {
    return this.offsets.ofGroup(this.group(run), places);
  }

  /** Shuts out every earlier replay of the topology; after it nothing of those can follow. */
  async fence(run: string, inputs: readonly string[]): Promise<void> {
    const { cluster, lane } = this;
    const { settings, topology } = this.options;
    const { transactionTimeoutMs: patienceMs } = settings;
    const specs = inputs.map((topic) => ({ topic, role: 'output' as const }));
    const codecOf = () => settings.compression;
    this.topics = await outgoingTopics(specs, { cluster, lane, patienceMs: PATIENCE_MS, codecOf });
    const transactionTimeout = { transactionTimeoutMs: patienceMs, patienceMs: PATIENCE_MS };
    const identity = await fence(lane, `${topology}/replay`, transactionTimeout);
    const requestTimeoutMs = settings.client.requestTimeoutMs;
    const sender = new Sender({ cluster, lane, identity, requestTimeoutMs, patienceMs });
    this.committer = new TransactionCommitter({
      lane,
      sender,
      group: this.group(run),
      identity,
      patienceMs,
      point: this.options.point,
    });
  }

  /** False where the topic has no such partition any more. */
  hasPartition({ topic, partition }: Place): boolean {
    return partition < (this.topics.get(topic)?.partitions ?? 0);
  }

  /**
   * Records and offsets in one transaction. Gives how many went; what is too large for its topic does not. Throws
   * BrokerError: `fenced` when another replay has begun, else what the client reports; then nothing is known but that
   * both happened or neither.
   */
  async commit(
    records: readonly ReturningRecord[],
    offsets: (sent: number) => readonly GroupOffset[],
  ): Promise<number> {
    if (this.committer === undefined) throw new BrokerError('commit before fence', { code: 'not-fenced' });
    const { queues, sent } = this.write(records);
    try {
      await this.committer.commit({ outputs: queues, state: undefined, offsets: offsets(sent) });
    } catch (error) {
      throw brokerError(error, { what: 'sending records back' });
    }
    return sent;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private write(records: readonly ReturningRecord[]): {
    readonly queues: readonly PartitionQueue[];
    readonly sent: number;
  } {
    const writers = new Map<string, { readonly place: Place; readonly writer: BatchWriter }>();
    let sent = 0;
    for (const { key, value, timestamp, headers, mark } of records) {
      const { topic, partition } = mark.origin;
      const { writer } = this.writer(writers, { topic, partition });
      writer.begin(timestamp, key, value);
      writer.foreignHeaders(fixedHeaders(headers), OWN);
      writer.header(MARK, this.marks.sign(mark, { key, value }));
      if (writer.end()) sent++;
    }
    const queues = [...writers.values()]
      .map(({ place, writer }) => ({ ...place, batches: writer.finish() }))
      .filter(({ batches }) => batches.length > 0);
    return { queues, sent };
  }

  private writer(writers: Map<string, { readonly place: Place; readonly writer: BatchWriter }>, place: Place) {
    const name = `${place.topic}/${place.partition}`;
    const { maxBytes = 0, codec = 'none' } = this.topics.get(place.topic) ?? {};
    const known = writers.get(name) ?? { place, writer: new BatchWriter({ maxBytes, codec }) };
    writers.set(name, known);
    return known;
  }

  private group(run: string): string {
    return `${this.options.topology}/replay/${run}`;
  }
}
