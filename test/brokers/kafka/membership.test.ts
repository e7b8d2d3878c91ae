import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { nodeFactory } from '../../../src/brokers/kafka/client.ts';
import { Cluster } from '../../../src/brokers/kafka/cluster.ts';
import { connect } from '../../../src/brokers/kafka/connection.ts';
import { leaveGroup } from '../../../src/brokers/kafka/group-leader.ts';
import { Membership } from '../../../src/brokers/kafka/membership.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import type { Assignment } from '../../../src/core/broker.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { createTopic, topicName, until } from '../../support/kafka/topics.ts';

function memberOf(cluster: Cluster, { group, topic }: { readonly group: string; readonly topic: string }): Membership {
  return new Membership({
    cluster,
    group,
    topology: 't',
    fingerprint: 'f',
    reads: [{ stage: 'source', topic }],
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 60_000,
    heartbeatMs: 100,
    log: silentLog,
  });
}

/** Calls `duringBeat` whenever the answer to a heartbeat is on its way. */
function clusterWith(brokers: readonly string[], duringBeat: () => void): Cluster {
  const { client, bootstrap } = kafkaSettings({ brokers });
  const plain = nodeFactory({ ...client, log: () => {} });
  const makeNode: typeof plain = (address) => {
    const node = plain(address);
    const heartbeat = node.heartbeat.bind(node);
    node.heartbeat = async (request) => {
      const answer = await heartbeat(request);
      duringBeat();
      await sleep(20);
      return answer;
    };
    return node;
  };
  return new Cluster({ bootstrap, makeNode, clock: systemClock });
}

await describeWithKafka('a member of a group', (brokers) => {
  let close: (() => Promise<void>) | undefined;
  let member: Membership;
  const given: Assignment[] = [];

  /** A member that has a task, and will only notice by its beats what the group makes of it. */
  async function join(stop: AbortSignal) {
    const topic = topicName('member');
    await createTopic(brokers, topic, { partitions: 1 });
    const connection = connect(kafkaSettings({ brokers }), systemClock);
    const { cluster } = connection;
    close = connection.close;
    const group = topicName('group');
    member = memberOf(cluster, { group, topic });
    given.length = 0;
    member.assignments$(stop).subscribe((assignment) => given.push(assignment));
    await until('it has its task', async () => given.length === 1);
    const task = given[0]!.assigned[0]!;
    const drop = () => leaveGroup(cluster, { groupId: group, memberId: member.member.memberId });
    return { task, drop };
  }
  afterEach(async () => {
    await member?.close();
    await close?.();
  });

  it('that is dropped while it works tells that its task is lost, and joins again once that is closed', async () => {
    const { task, drop } = await join(new AbortController().signal);
    await drop();
    await until('it is told', async () => given.length === 2);
    expect(given[1]).toMatchObject({ assigned: [], lost: given[0]!.assigned });
    // a task that is just being opened must not wait for what waits for it
    await expect(member.generationOf(task)).rejects.toMatchObject({ code: 'not-assigned' });
    given[1]!.released();
    await until('it has its task again', async () => given.length === 3);
    expect(given[2]?.assigned).toEqual(given[0]?.assigned);
  });

  it.each(['at once', 'while it sends a beat'])('hands on a task that is let go %s', async (when) => {
    const topic = topicName('member');
    await createTopic(brokers, topic, { partitions: 2 });
    const group = topicName('group');
    let duringBeat = () => {};
    const clusters = [1, 2].map(() => clusterWith(brokers, () => duringBeat()));
    const members = clusters.map((cluster) => memberOf(cluster, { group, topic }));
    const owned = members.map(() => new Set<number>());
    const follow = (i: number) =>
      members[i]!.assignments$(new AbortController().signal).subscribe(({ assigned, revoked, released }) => {
        for (const { partition } of revoked) owned[i]!.delete(partition);
        for (const { partition } of assigned) owned[i]!.add(partition);
        if (revoked.length > 0 && when !== 'at once') duringBeat = released;
        else released();
      });
    try {
      follow(0);
      await until('the first has both', async () => owned[0]!.size === 2);
      follow(1);
      await until('each has one', async () => owned.every((tasks) => tasks.size === 1));
      expect([...owned[0]!, ...owned[1]!].sort()).toEqual([0, 1]);
    } finally {
      await Promise.all(members.map((one) => one.close()));
      await Promise.all(clusters.map((one) => one.close()));
    }
  });

  it('that is dropped while it ends gives a task that waits for its generation none, and closes', async () => {
    const stop = new AbortController();
    const { task, drop } = await join(stop.signal);
    stop.abort();
    await drop();
    await until('it has noticed', async () => member.member.memberId === '');
    await expect(member.generationOf(task)).rejects.toMatchObject({ code: 'not-assigned' });
    await member.close();
    expect(given).toHaveLength(1);
  }, 20_000);

  it('that is dropped and closed before its task was let go closes all the same', async () => {
    const { drop } = await join(new AbortController().signal);
    await drop();
    await until('it is told', async () => given.length === 2);
    await member.close();
  }, 20_000);
});
