import { expect, it } from 'vitest';
import { type MemberClaim, type MemberTasks, shareTasks, type TaskKey } from '../../../src/brokers/kafka/assigner.ts';
import type { KafkaNode } from '../../../src/brokers/kafka/client.ts';
import { connect } from '../../../src/brokers/kafka/connection.ts';
import {
  decodeClaim,
  decodeTasks,
  encodeClaim,
  encodeTasks,
  PROTOCOL_NAME,
  PROTOCOL_TYPE,
} from '../../../src/brokers/kafka/group-protocol.ts';
import { codeOf, REBALANCE_IN_PROGRESS } from '../../../src/brokers/kafka/protocol-errors.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { withLength } from '../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { until } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

const ONCE = `
input: { topic: $.raw, format: json, key: [id], keyMismatch: warn }
commit: { every: 20ms }
steps:
  - { id: once, use: dedup, with: { key: [id], window: all } }
output: { topic: $.out }
`;
const PARTITIONS = 4;

const orders = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    key: String(from + i),
    value: `{"id":${from + i}}`,
    partition: i % PARTITIONS,
  }));

await describeWithKafka('builds of one plan in one group', (brokers) => {
  it('a later build, which says more of itself than this one knows, gets its share from it', async () => {
    const job = new KafkaJob(brokers, ONCE);
    await job.create(PARTITIONS);
    await using other = new LaterBuild(job);
    const ours = await job.start();
    await job.feed('raw', orders(0, 20));
    await until('ours works', async () => (await job.readAll('out')).length === 20);
    await until('the later one has its share', async () => (await other.round()).length === PARTITIONS / 2);
    expect(other.leads).toBe(false);
    await other.leave();
    await job.feed('raw', orders(20, 40));
    await until('ours has all again', async () => (await job.readAll('out')).length === 40);
    expect(await ours.stop()).toMatchObject({ in: 40, curated: 40 });
  }, 60_000);

  it('and when it leads, this one takes what it is given', async () => {
    const job = new KafkaJob(brokers, ONCE);
    await job.create(PARTITIONS);
    await using other = new LaterBuild(job);
    await until('it is there', async () => (await other.round()).length === PARTITIONS);
    const passed = new Set<string>();
    const ours = await job.start({ kafka: { point: (name) => void passed.add(name) } });
    const isShared = async () => (await other.round()).length === PARTITIONS / 2 && passed.has('open.state');
    await until('ours has its share', isShared);
    expect(other.leads).toBe(true);
    await other.leave();
    await job.feed('raw', orders(0, 20));
    await until('ours has all', async () => (await job.readAll('out')).length === 20);
    expect(await ours.stop()).toMatchObject({ in: 20, curated: 20 });
  }, 60_000);
});

/** A member of another build: its claims and assignments carry fields that this build does not know. */
class LaterBuild {
  leads = false;
  private readonly job: KafkaJob;
  private readonly connection: ReturnType<typeof connect>;
  private memberId = '';
  private generation = -1;
  private owned: readonly TaskKey[] = [];
  private mustJoin = true;

  constructor(job: KafkaJob) {
    this.job = job;
    this.connection = connect(kafkaSettings({ brokers: job.brokers }), systemClock);
  }

  /** Joins, or beats where nothing has changed; what it owns then. It lets go at once of what it is to give up. */
  async round(): Promise<readonly TaskKey[]> {
    const { name: groupId } = this.job;
    if (!this.mustJoin && (await this.isSettled())) return this.owned;
    const metadata = later(encodeClaim(this.claim()));
    const joined = await this.ask((node) =>
      node.joinGroup({
        groupId,
        sessionTimeout: 6000,
        rebalanceTimeout: 6000,
        memberId: this.memberId,
        protocolType: PROTOCOL_TYPE,
        groupProtocols: [{ name: PROTOCOL_NAME, metadata }],
      }),
    );
    this.memberId = joined.memberId;
    this.leads = joined.leaderId === joined.memberId;
    const claims = joined.members.flatMap((one) => decodeClaim(one.memberId, one.memberMetadata) ?? []);
    const shares: ReadonlyMap<string, MemberTasks> = this.leads ? shareTasks(claims, () => PARTITIONS) : new Map();
    const { memberAssignment } = await this.ask((node) =>
      node.syncGroup({
        groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupAssignment: [...shares].map(([memberId, tasks]) => ({
          memberId,
          memberAssignment: later(encodeTasks(tasks)),
        })),
      }),
    );
    this.generation = joined.generationId;
    const before = this.owned.length;
    this.owned = decodeTasks(memberAssignment).tasks;
    this.mustJoin = this.owned.length < before; // so that what it gave up may move
    return this.owned;
  }

  async leave(): Promise<void> {
    const { name: groupId } = this.job;
    if (this.memberId !== '') await this.ask((node) => node.leaveGroup({ groupId, memberId: this.memberId }));
    this.memberId = '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await this.connection.close();
  }

  private claim(): Omit<MemberClaim, 'memberId'> {
    const { plan } = this.job;
    const reads = [{ stage: 'source', topic: `${this.job.name}.raw` }];
    return { fingerprint: plan.fingerprint, reads, generation: this.generation, owned: this.owned };
  }

  private async isSettled(): Promise<boolean> {
    const request = { groupId: this.job.name, groupGenerationId: this.generation, memberId: this.memberId };
    try {
      await this.ask((node) => node.heartbeat(request));
      return true;
    } catch (error) {
      if (codeOf(error) !== REBALANCE_IN_PROGRESS) throw error;
      return false;
    }
  }

  private ask<T>(call: (node: KafkaNode) => Promise<T>): Promise<T> {
    return this.connection.lane.onCoordinator({ kind: 'group', key: this.job.name }, { patienceMs: 10_000 }, call);
  }
}

/** The same words with more in them. */
function later(bytes: Buffer): Buffer {
  const at = bytes.indexOf('{');
  const data = { build: '99.0.0', zone: { rack: 'b', load: [0.5] }, ...JSON.parse(bytes.toString('utf8', at)) };
  return Buffer.concat([bytes.subarray(0, at - 4), withLength(Buffer.from(JSON.stringify(data)))]);
}
