import { expect, it } from 'vitest';
import type { KafkaNode } from '../../../src/brokers/kafka/client.ts';
import { AlternatingCommitter, type GroupOffset, TransactionCommitter } from '../../../src/brokers/kafka/committer.ts';
import type { Lane, Patience } from '../../../src/brokers/kafka/lane.ts';
import type { PartitionQueue, Sender } from '../../../src/brokers/kafka/sender.ts';

interface Told {
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

const OFFSET: GroupOffset = { place: { topic: 'in', partition: 0 }, next: 7, metadata: '' };
const queue = (topic: string, partition: number): PartitionQueue => ({ topic, partition, batches: [] });

interface Answers {
  /** How the coordinator answers about partitions. */
  readonly refused?: Error;
  /** What the end of a transaction waits for. */
  readonly ended?: Promise<void>;
}

/** A committer, and what it asked of its coordinator, in order. */
function committerOf({ refused, ended }: Answers = {}) {
  const asked: string[] = [];
  const say = (what: string, topics: Told['topics'] = []) =>
    asked.push([what, ...topics.map(({ topic, partitions }) => `${topic}/${partitions.join('+')}`)].join(' '));
  const node = {
    addPartitionsToTxn: async ({ topics }: Told) => {
      say('partitions', topics);
      if (refused !== undefined) throw refused;
    },
    addOffsetsToTxn: async () => void say('group'),
    txnOffsetCommit: async () => void say('offsets'),
    endTxn: async () => {
      say('end');
      await ended;
    },
  } as unknown as KafkaNode; // the rest is not asked for
  const lane = {
    onCoordinator: (_of: unknown, _patience: Patience, call: (one: KafkaNode) => Promise<unknown>) => call(node),
  } as unknown as Lane;
  const sender = {
    send: async () => {
      say('send');
      return new Map();
    },
  } as unknown as Sender;
  const identity = { transactionalId: 'one', producerId: '1', producerEpoch: 0 };
  const point = async () => {};
  return { asked, committer: new TransactionCommitter({ lane, sender, group: 'g', identity, patienceMs: 1, point }) };
}

it('tells the coordinator each partition once, those expected before the commit', async () => {
  const { asked, committer } = committerOf();
  committer.expect([queue('out', 0), queue('out', 1)]);
  committer.expect([queue('out', 0), queue('out', 1), queue('again', 0)]);
  expect(asked).toEqual(['partitions out/0+1', 'group', 'partitions again/0']);
  asked.length = 0;
  const outputs = [queue('out', 0), queue('out', 1), queue('again', 0), queue('again', 2)];
  await committer.commit({ outputs, state: queue('state', 4), offsets: [OFFSET] });
  expect(asked).toEqual(['partitions again/2 state/4', 'send', 'offsets', 'end']);
});

it('tells it again in the next transaction', async () => {
  const { asked, committer } = committerOf();
  committer.expect([queue('out', 0)]);
  await committer.commit({ outputs: [queue('out', 0)], state: undefined, offsets: [OFFSET] });
  asked.length = 0;
  await committer.commit({ outputs: [queue('out', 0)], state: undefined, offsets: [OFFSET] });
  expect(asked).toEqual(['partitions out/0', 'group', 'send', 'offsets', 'end']);
});

it('says with the commit what went wrong before it, and sends nothing', async () => {
  const { asked, committer } = committerOf({ refused: new Error('fenced') });
  committer.expect([queue('out', 0)]);
  await new Promise((resolve) => setImmediate(resolve)); // an answer nobody hears of must not end the process
  await expect(committer.commit({ outputs: [queue('out', 0)], state: undefined, offsets: [OFFSET] })).rejects.toThrow(
    'fenced',
  );
  expect(asked).not.toContain('send');
  expect(asked).not.toContain('end');
});

it('two take turns, and what is expected while one ends is told by the other', async () => {
  const ending = Promise.withResolvers<void>();
  const first = committerOf({ ended: ending.promise });
  const second = committerOf();
  const pair = new AlternatingCommitter([first.committer, second.committer]);
  const work = { outputs: [queue('out', 0)], state: undefined, offsets: [OFFSET] };
  const committed = pair.commit(work);
  pair.expect([queue('out', 0)]);
  expect(second.asked).toEqual(['partitions out/0', 'group']);
  ending.resolve();
  await committed;
  expect(first.asked).toEqual(['partitions out/0', 'group', 'send', 'offsets', 'end']);
  await pair.commit(work);
  expect(second.asked).toEqual(['partitions out/0', 'group', 'send', 'offsets', 'end']);
  first.asked.length = 0;
  await pair.commit(work);
  expect(first.asked).toEqual(['partitions out/0', 'group', 'send', 'offsets', 'end']);
});
