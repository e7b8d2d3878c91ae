import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { messageOf } from '../../support/kafka/job.ts';
import { plainClient, until } from '../../support/kafka/topics.ts';
import { type Instance, KafkaJob, type StartOptions } from './job.ts';

const PARTITIONS = 12;
/** From the last commit of a partition's old owner to the first of its new one. */
const MOST_MS = 3000;
/** The best of them counts: what is needed. A busy machine makes it wait, which is not need. */
const ROUNDS = 3;
/** Records for all partitions so often: more often than commits are made. */
const FEED_EVERY_MS = 50;
const FEED_RECORDS = 3 * PARTITIONS;
const TOPOLOGY = `
input: { topic: $.in, format: json, key: [id] }
steps:
  - { id: once, use: dedup, with: { key: [id], window: 1h } }
output: { topic: $.out }
`;

interface Commit {
  readonly partition: number;
  readonly owner: string;
  readonly atMs: number;
}

await describeWithKafka('a rebalance of 12 partitions over 3 instances', (brokers) => {
  it(`pauses what moves for at most ${MOST_MS} ms, when one joins and when one leaves`, async () => {
    const job = new KafkaJob(brokers, TOPOLOGY);
    await job.create(PARTITIONS);
    const commits: Commit[] = [];
    const start = (owner: string) => job.start(watched(owner, commits));
    const feeding = feed(job);
    const instances: Instance[] = [];
    let worst = Number.POSITIVE_INFINITY;
    try {
      instances.push(await start('one'), await start('two'));
      await until('two share', async () => isShared(commits, 2));
      for (let round = 0; round < ROUNDS && worst > MOST_MS; round++) {
        const joined = commits.length;
        const three = await start('three');
        await until('three share', async () => isShared(commits, 3));
        const onJoin = moves(commits, joined);
        const left = commits.length;
        await three.stop();
        await until('two share again', async () => isShared(commits.slice(left), 2));
        const onLeave = moves(commits, left);
        console.info(`moved on a join: ${told(onJoin)}; on a leave: ${told(onLeave)}`);
        expect([onJoin.length, onLeave.length]).toEqual([4, 4]);
        worst = Math.min(worst, Math.max(...onJoin, ...onLeave));
      }
      expect(worst).toBeLessThanOrEqual(MOST_MS);
    } finally {
      const fed = await feeding.stop();
      await until('all is read', async () => (await job.readAll('out')).length >= fed);
      await Promise.all(instances.map((one) => one.stop()));
      expect(await job.readAll('out')).toHaveLength(fed);
    }
  }, 120_000);
});

/** Time-outs and commit interval as a user gets them. */
function watched(owner: string, commits: Commit[]): StartOptions {
  return {
    kafka: { config: {} },
    run: {
      observer: {
        commit: ({ task, counts }) => {
          if (counts.in > 0) commits.push({ partition: task.partition, owner, atMs: performance.now() });
        },
      },
    },
  };
}

/** Every partition was committed, and the last owners have as many each. */
function isShared(commits: readonly Commit[], owners: number): boolean {
  const owner = new Map(commits.map((commit) => [commit.partition, commit.owner]));
  const counts = Map.groupBy(owner.values(), (name) => name);
  return owner.size === PARTITIONS && counts.size === owners && [...counts.values()].every(isEven);
  function isEven(list: readonly string[]): boolean {
    return list.length === PARTITIONS / owners;
  }
}

/** Pauses of the partitions that changed their owner with one of the commits from index `from` on, in ms. */
function moves(commits: readonly Commit[], from: number): number[] {
  const last = new Map<number, Commit>();
  const pauses: number[] = [];
  commits.forEach((commit, i) => {
    const before = last.get(commit.partition);
    if (i >= from && before !== undefined && before.owner !== commit.owner) pauses.push(commit.atMs - before.atMs);
    last.set(commit.partition, commit);
  });
  return pauses;
}

function told(pauses: readonly number[]): string {
  return `${pauses.map(Math.round).join(', ')} ms`;
}

/** New keys until it is stopped: how many there were. */
function feed(job: KafkaJob): { stop(): Promise<number> } {
  let isOver = false;
  let fed = 0;
  const run = async () => {
    const producer = plainClient(job.brokers).producer();
    await producer.connect();
    while (!isOver) {
      const messages = Array.from({ length: FEED_RECORDS }, () => messageOf({ id: `k${fed++}` }, PARTITIONS));
      await producer.send({ topic: `${job.name}.in`, messages });
      await sleep(FEED_EVERY_MS);
    }
    await producer.disconnect();
    return fed;
  };
  const running = run();
  running.catch(() => {}); // stop() tells
  return {
    stop: () => {
      isOver = true;
      return running;
    },
  };
}
