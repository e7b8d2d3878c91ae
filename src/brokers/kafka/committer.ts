import type { FaultPoint } from '../../core/broker.ts';
import type { OffsetToCommit, TopicPartitions } from './client.ts';
import type { ProducerIdentity } from './fencing.ts';
import type { Lane } from './lane.ts';
import type { Place } from './offsets.ts';
import type { PartitionQueue, Sender } from './sender.ts';

/** Everything one commit makes durable. */
export interface CommitWork {
  readonly outputs: readonly PartitionQueue[];
  /** Records of the checkpoint, the index last; undefined: none rides along. */
  readonly state: PartitionQueue | undefined;
  readonly offsets: readonly GroupOffset[];
}

/** How far a group is in a partition. */
export interface GroupOffset {
  readonly place: Place;
  readonly next: number;
  readonly metadata: string;
}

export interface CommitterOptions {
  readonly lane: Lane;
  readonly sender: Sender;
  readonly group: string;
  readonly identity: ProducerIdentity;
  readonly patienceMs: number;
  readonly point: FaultPoint;
}

export interface Committer {
  /** What the next commit will touch as well, told while it fills; `commit` says when that went wrong. */
  expect?(places: readonly Place[]): void;
  /** Resolves with the offset of the first state record, -1 without. Rejects on any doubt; then this committer is over. */
  commit(work: CommitWork): Promise<number>;
}

/** Outputs, offset and state in one transaction: they become visible together or not at all. */
export class TransactionCommitter implements Committer {
  private readonly options: CommitterOptions;
  private readonly producer: { transactionalId: string; producerId: string; producerEpoch: number };
  private enlisted = new Enlisted();

  constructor(options: CommitterOptions) {
    this.options = options;
    const { transactionalId = '', producerId, producerEpoch } = options.identity;
    this.producer = { transactionalId, producerId, producerEpoch };
  }

  /** Tells the coordinator what the transaction will touch, each once: the partitions, and the group's offsets. */
  expect(places: readonly Place[]): void {
    const { group: groupId } = this.options;
    const { enlisted } = this;
    const isFirst = enlisted.isEmpty;
    const added = places.filter((place) => enlisted.add(place));
    const topics = [...new Set(added.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: added.filter((place) => place.topic === topic).map(({ partition }) => partition),
    }));
    if (topics.length > 0) enlisted.await(this.ask((node) => node.addPartitionsToTxn({ ...this.producer, topics })));
    if (isFirst) enlisted.await(this.ask((node) => node.addOffsetsToTxn({ ...this.producer, groupId })));
  }

  async commit(work: CommitWork): Promise<number> {
    const { sender, point } = this.options;
    const queues = work.state === undefined ? work.outputs : [...work.outputs, work.state];
    await point('commit.begin');
    this.expect(queues);
    await this.enlisted.done;
    await point('commit.enlisted');
    const [base] = await Promise.all([sender.send(queues), this.sendOffsets(work)]);
    await point('commit.written');
    await this.end();
    this.enlisted = new Enlisted();
    await point('commit.done');
    return work.state === undefined ? -1 : (base.get(work.state) ?? -1);
  }

  private async sendOffsets({ offsets }: CommitWork): Promise<void> {
    const { lane, group: groupId, patienceMs } = this.options;
    const topics = offsets.map(toCommit);
    await lane.onCoordinator({ kind: 'group', key: groupId }, { patienceMs, repeatLost: true }, (node) =>
      node.txnOffsetCommit({ ...this.producer, groupId, topics }),
    );
  }

  /** The one request whose outcome nobody may guess: a connection that breaks here is a doubt. */
  private async end(): Promise<void> {
    const { lane, patienceMs } = this.options;
    await lane.onCoordinator(
      { kind: 'transaction', key: this.producer.transactionalId },
      { patienceMs, repeatLost: false },
      (node) => node.endTxn({ ...this.producer, transactionResult: true }),
    );
  }

  private ask(call: Parameters<Lane['onCoordinator']>[2]): Promise<unknown> {
    const { lane, patienceMs } = this.options;
    return lane.onCoordinator(
      { kind: 'transaction', key: this.producer.transactionalId },
      { patienceMs, repeatLost: true },
      call,
    );
  }
}

/**
 * Two producers take turns. After a commit the coordinator still has to mark it in every partition, and refuses that producer's
 * next transaction until it has (CONCURRENT_TRANSACTIONS); the other's is open by then. One commit is in flight at a time, so
 * what is written keeps its order.
 */
export class AlternatingCommitter implements Committer {
  private next: TransactionCommitter;
  private other: TransactionCommitter;

  constructor(pair: readonly [TransactionCommitter, TransactionCommitter]) {
    [this.next, this.other] = pair;
  }

  /** A commit may be in flight: that is the other producer's. */
  expect(places: readonly Place[]): void {
    this.next.expect(places);
  }

  commit(work: CommitWork): Promise<number> {
    [this.next, this.other] = [this.other, this.next];
    return this.other.commit(work);
  }
}

/** What the coordinator was told that one transaction will touch. */
class Enlisted {
  private readonly names = new Set<string>();
  private readonly asked: Promise<unknown>[] = [];

  /** It was told of nothing yet, the group's offsets included. */
  get isEmpty(): boolean {
    return this.asked.length === 0;
  }

  /** Resolves when all of it was taken. */
  get done(): Promise<unknown> {
    return Promise.all(this.asked);
  }

  /** Whether it is new. */
  add({ topic, partition }: Place): boolean {
    return this.names.size < this.names.add(`${topic}/${partition}`).size;
  }

  await(answer: Promise<unknown>): void {
    answer.catch(() => {}); // told by `done`
    this.asked.push(answer);
  }
}

/**
 * Outputs, then the offset, then the checkpoint. A crash between repeats a batch downstream; the checkpoint never is ahead of
 * the offset, else what is read again would be taken for duplicates and lost.
 */
export class PlainCommitter implements Committer {
  private readonly options: CommitterOptions;
  private readonly member: () => { readonly memberId: string; readonly generation: number };

  constructor(options: CommitterOptions, member: () => { readonly memberId: string; readonly generation: number }) {
    this.options = options;
    this.member = member;
  }

  async commit(work: CommitWork): Promise<number> {
    const { sender, point } = this.options;
    await point('commit.begin');
    await sender.send(work.outputs);
    await point('commit.written');
    await this.commitOffsets(work);
    if (work.state === undefined) return -1;
    await point('commit.offset');
    const base = await sender.send([work.state]);
    await point('commit.done');
    return base.get(work.state) ?? -1;
  }

  /** With generation and member: whoever has lost the partition is refused. */
  private async commitOffsets({ offsets }: CommitWork): Promise<void> {
    const { lane, group: groupId, patienceMs } = this.options;
    const topics = offsets.map(toCommit);
    await lane.onCoordinator({ kind: 'group', key: groupId }, { patienceMs, repeatLost: true }, (node) => {
      const { memberId, generation } = this.member();
      return node.offsetCommit({ groupId, groupGenerationId: generation, memberId, retentionTime: -1, topics });
    });
  }
}

function toCommit({ place, next, metadata }: GroupOffset): TopicPartitions<OffsetToCommit> {
  return { topic: place.topic, partitions: [{ partition: place.partition, offset: String(next), metadata }] };
}
