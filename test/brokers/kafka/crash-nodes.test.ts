import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connect } from '../../../src/brokers/kafka/connection.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { partitionOf } from '../../../src/core/murmur2.ts';
import { describeWithCluster } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, type Order, orders } from '../../support/kafka/job.ts';
import type { Member } from '../../support/kafka/member.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { inSync, until } from '../../support/kafka/topics.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes and nodes are started and waited for

const PARTITIONS = 4;
/** Until a dead node is out of the cluster, 3 s, others lead and coordinate, and the tasks are open again. */
const PATIENCE_MS = 40_000;
/** What a node is to the job; the third stands for the coordinator of one of its tasks. */
type Role = 'leader' | 'group' | 'transaction';

await describeWithCluster('three nodes, of which one goes away under load', { nodes: 3 }, (cluster) => {
  let job: Job;
  let values: readonly Order[];
  let sent = 0;
  let members: readonly Member[] = [];

  beforeEach(async () => {
    const { brokers } = cluster();
    job = await Job.make({ brokers, partitions: PARTITIONS, more: 'restarts: { max: 1000, within: 1s }' });
    sent = 0;
  });
  afterEach(() => job.dispose());

  const begin = async (count: number, seed: number) => {
    values = orders(count, seed);
    members = [job.member(), job.member()];
    await Promise.all(members.map((member) => member.passed('open.state', PARTITIONS / 2)));
    await deliver(400);
  };
  const deliver = async (count: number) => {
    const next = values.slice(sent, sent + count);
    sent += count;
    // of a request to several partitions the stock producer forgets those whose new leader has answered for others already
    for (let partition = 0; partition < PARTITIONS; partition++)
      await persist(next.filter(({ id }) => partitionOf(Buffer.from(id), PARTITIONS) === partition));
  };
  // it also gives up soon while a node is away
  const persist = (some: readonly Order[]) =>
    until('records to be written', () => job.deliver(some).then(() => true), PATIENCE_MS);
  const caughtUp = () =>
    job.caughtUp(PATIENCE_MS).catch((cause) => {
      throw new Error(members.map((member) => member.describe()).join('\n'), { cause });
    });
  const end = async () => {
    for (const member of members) expect(await member.stop()).toMatchObject({ code: 0, signal: null });
    // it may have written a request twice
    const input = await readTopic(job.brokers, job.input);
    expect(new Set(input.map(({ value }) => JSON.parse(String(value)).n)).size).toBe(values.length);
    const expected = expectedOf(
      input.map(({ value }) => JSON.parse(String(value)) as Order),
      PARTITIONS,
    );
    expect(await job.outputs()).toEqual(expected);
  };

  it.each<readonly ['kill' | 'stop', string, Role]>([
    ['kill', 'the leader of a partition', 'leader'],
    ['kill', 'the coordinator of the group', 'group'],
    ['kill', 'the coordinator of a transactional id', 'transaction'],
    ['stop', 'the leader of a partition, which hands over in good order', 'leader'],
  ])('%s %s: another takes its place, nothing is lost or doubled, no partition stands still', async (way, _, role) => {
    await begin(1600, 81 + role.length);
    const id = await nodeThatIs(role, job);
    const node = cluster().nodes.find((one) => one.id === id)!;
    const feeding = deliver(400);
    await node[way]();
    await feeding;
    await deliver(400);
    await caughtUp();
    expect(await nodeThatIs(role, job)).not.toBe(id);
    await node.start();
    await inSync(job.brokers);
    await deliver(400);
    await caughtUp();
    await end();
  });
});

/** Asks the cluster as the engine does. */
async function nodeThatIs(role: Role, job: Job): Promise<number> {
  const { cluster, lane, close } = connect(kafkaSettings({ brokers: job.brokers }), systemClock);
  try {
    if (role === 'leader') return await lane.leaderId(job.input, 0);
    return await cluster.coordinatorId(role, role === 'group' ? job.name : `${job.name}/source/${job.input}/0`);
  } finally {
    await close();
  }
}
