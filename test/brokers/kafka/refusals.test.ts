import { expect, it } from 'vitest';
import { connect } from '../../../src/brokers/kafka/connection.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { BrokerError, StateError } from '../../../src/core/errors.ts';
import { silentTransport } from '../../../src/core/transport.ts';
import { kafkaBroker } from '../../../src/run-kafka.ts';
import { planTopics } from '../../../src/topology/index.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { createTopic, until, withAdmin } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

const ONCE = `
input: { topic: $.raw, format: json, key: [id], keyMismatch: warn }
steps:
  - { id: once, use: dedup, with: { key: [id], window: all } }
output: { topic: $.out }
`;

function orders(from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => ({
    key: String(from + i),
    value: `{"id":${from + i}}`,
    partition: 0,
  }));
}

/** Ran to its end over ten records. */
async function ran(brokers: readonly string[], partitions = 1): Promise<KafkaJob> {
  const job = new KafkaJob(brokers, ONCE);
  await job.create(partitions);
  await job.feed('raw', orders(0, 10));
  await job.runToEnd();
  return job;
}

await describeWithKafka('what a task refuses on Kafka', (brokers) => {
  it('goes on from offsets that were set by hand only where it is told to', async () => {
    const job = await ran(brokers);
    for (const offset of [3, 10]) {
      await job.setOffset('raw', 0, offset);
      await expect(job.runToEnd()).rejects.toMatchObject({
        code: 'offsets-moved',
        message: expect.stringContaining('--accept-offsets'),
      });
    }
    await job.setOffset('raw', 0, 3);
    const accepted = await job.runToEnd({ kafka: { acceptOffsets: true }, run: { acceptOffsets: true } });
    expect(accepted).toMatchObject({ in: 17, duplicate: 7, curated: 10 });
  });

  it('says so when its committed offset is gone, and goes on from its state where it is told to', async () => {
    const job = await ran(brokers);
    await withAdmin(brokers, (admin) => admin.deleteGroups([job.name]));
    await expect(job.runToEnd()).rejects.toMatchObject({ code: 'offsets-gone' });
    await job.feed('raw', orders(5, 12));
    const accepted = await job.runToEnd({ kafka: { acceptOffsets: true }, run: { acceptOffsets: true } });
    expect(accepted).toMatchObject({ in: 17, curated: 12, duplicate: 5 });
  });

  it('says so when its state is gone', async () => {
    const job = await ran(brokers);
    const topic = `${job.name}.source.state`;
    await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
    await until('it is gone', () => withAdmin(brokers, async (admin) => !(await admin.listTopics()).includes(topic)));
    await expect(job.runToEnd()).rejects.toMatchObject({ code: 'state-lost' });
  });

  it('knows a topic that was deleted and made again', async () => {
    const job = await ran(brokers);
    const topic = `${job.name}.raw`;
    await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
    await until('it is gone', () => withAdmin(brokers, async (admin) => !(await admin.listTopics()).includes(topic)));
    await createTopic(brokers, topic);
    await job.feed('raw', orders(5, 20));
    await expect(job.runToEnd()).rejects.toMatchObject({ code: 'topic-recreated' });
    const accepted = await job.runToEnd({ kafka: { acceptOffsets: true }, run: { acceptOffsets: true } });
    expect(accepted).toMatchObject({ in: 25, curated: 20, duplicate: 5 });
  });

  it('refuses an input whose partitions were raised, because keys no longer meet their state', async () => {
    const job = await ran(brokers, 2);
    const topic = `${job.name}.raw`;
    await withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
    await expect(job.start()).rejects.toMatchObject({
      code: 'topic-refused',
      message: expect.stringContaining('keys have moved'),
    });
    const state = `${job.name}.source.state`;
    await withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic: state, count: 3 }] }));
    await expect(job.runToEnd()).rejects.toMatchObject({ code: 'partitions-changed' });
  });

  it('stops at records that were deleted before it read them', async () => {
    const job = await ran(brokers);
    await job.feed('raw', orders(10, 20));
    const partitions = [{ partition: 0, offset: '15' }];
    const topic = `${job.name}.raw`;
    await withAdmin(brokers, async (admin) => {
      await admin.fetchTopicOffsets(topic); // the client knows no leader otherwise
      await admin.deleteTopicRecords({ topic, partitions });
    });
    await expect(job.runToEnd()).rejects.toMatchObject({
      code: 'records-lost',
      message: expect.stringContaining('10 to 15'),
    });
    const accepted = await job.runToEnd({ kafka: { acceptOffsets: true }, run: { acceptOffsets: true } });
    expect(accepted).toMatchObject({ in: 15, curated: 15 });
  });

  it('gives no task to a process with another plan while the first one works, and all when it has left', async () => {
    const job = new KafkaJob(brokers, ONCE);
    await job.create(2);
    const working = await job.start();
    await job.feed('raw', orders(0, 10));
    await until('it works', async () => (await job.readAll('out')).length === 10);
    const conflicts: (string | undefined)[] = [];
    const other = job.planOf(ONCE.replace('window: all', 'window: 10d'));
    const observer = {
      ...silentTransport,
      conflict: (_group: string, plan: string | undefined) => void conflicts.push(plan),
    };
    const stranger = await job.start({ plan: other, kafka: { observer } });
    await until('it is told', async () => conflicts.at(-1) === job.plan.fingerprint);
    await job.feed('raw', orders(10, 20));
    await until('the first goes on', async () => (await job.readAll('out')).length === 20);
    await working.stop();
    await expect(stranger.done).rejects.toBeInstanceOf(StateError); // it has the tasks now, and the state is of another window
    expect(conflicts.at(-1)).toBeUndefined();
  });

  it('refuses topics whose settings could lose what a restart needs, and spells the fix out', async () => {
    const job = new KafkaJob(brokers, ONCE);
    await createTopic(brokers, `${job.name}.raw`, { config: { 'retention.ms': '60000' } });
    await createTopic(brokers, `${job.name}.out`, { config: { 'max.message.bytes': '1000' } });
    await createTopic(brokers, `${job.name}.source.state`, { config: { 'cleanup.policy': 'delete' } });
    const broker = kafkaBroker(job.plan, { brokers: brokers.join(',') });
    const { topics } = await broker.topics(planTopics(job.plan), 'check');
    await broker.close();
    const of = (name: string) => topics.find(({ topic }) => topic === `${job.name}.${name}`);
    expect(of('raw')?.remedy).toContain('--add-config retention.ms=100000');
    expect(of('out')?.remedy).toContain('--add-config max.message.bytes=1114124');
    expect(of('source.state')?.remedy).toContain('--add-config cleanup.policy=[compact,delete]');
    expect(of('quarantine')?.problem).toContain('no such topic');
    await expect(job.start()).rejects.toBeInstanceOf(BrokerError);
  });

  it('does not call a topic missing that the broker gives another answer about', async () => {
    const { cluster, close } = connect(kafkaSettings({ brokers }), systemClock);
    await expect(cluster.topic('no such name')).rejects.toMatchObject({
      code: 'broker-refused',
      message: expect.stringMatching(/no such name: .*INVALID_TOPIC/),
    });
    await close();
  });

  it('says which broker does not answer', async () => {
    const job = new KafkaJob(['127.0.0.1:1'], ONCE);
    await expect(job.start()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  });
});
