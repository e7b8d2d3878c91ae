import { expect, it, vi } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, orders } from '../../support/kafka/job.ts';
import { createTopic, until, withAdmin } from '../../support/kafka/topics.ts';
import { type Instance, KafkaJob } from './job.ts';

vi.setConfig({ testTimeout: 60_000 }); // some start processes, all wait for a session to pass

const ONCE = `
input: { topic: $.raw, format: json, key: [id] }
commit: { every: 20ms }
steps:
  - { id: once, use: dedup, with: { key: [id], window: all } }
output: { topic: $.out }
`;
/** What has changed is noticed within a session. */
const TIMEOUTS = { session: '2s', heartbeat: '100ms', transaction: '5s' };

await describeWithKafka('topics that change while they are worked with', (brokers) => {
  let job: KafkaJob;

  /** A run that has read ten records and waits for more. */
  const running = async (): Promise<Instance> => {
    job = new KafkaJob(brokers, ONCE);
    await job.create(1);
    await job.feed(
      'raw',
      Array.from({ length: 10 }, (_, i) => ({ key: `${i}`, value: `{"id":"${i}"}` })),
    );
    const instance = await job.start({ kafka: { config: { timeouts: TIMEOUTS } } });
    await until('it has read them', async () => (await job.readAll('out')).length === 10);
    return instance;
  };
  const remove = async (topic: string) => {
    await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
    await until('it is gone', () => withAdmin(brokers, async (admin) => !(await admin.listTopics()).includes(topic)));
  };

  it('an input that is given partitions: the run ends with the remedy, as a start would be refused', async () => {
    const { done } = await running();
    const topic = `${job.name}.raw`;
    await withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }));
    await expect(done).rejects.toMatchObject({
      code: 'partitions-changed',
      message: expect.stringMatching(/1 partitions .* 2 now: .* Give the topology another name/),
    });
    await expect(job.start()).rejects.toMatchObject({ code: 'topic-refused' });
  });

  it.each([
    ['input', 'raw'],
    ['output', 'out'],
    ['state', 'source.state'],
  ])('a deleted %s: the run ends and names it, instead of waiting for ever', async (role, suffix) => {
    const { done } = await running();
    const topic = `${job.name}.${suffix}`;
    await remove(topic);
    const began = performance.now();
    await expect(done).rejects.toMatchObject({
      code: 'topic-deleted',
      message: expect.stringContaining(`the topic ${topic} (${role}) was deleted`),
    });
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it.each([
    ['while it waits for more', false],
    ['while the process is frozen, so that it sees neither', true],
  ])(
    'an input that is deleted and made again %s, with more records than were read: said, and none is passed over',
    async (_, isFrozen) => {
      const job = await Job.make({ brokers, partitions: 1 });
      try {
        const [old, fresh] = [orders(100, 51), orders(300, 52).map((order) => ({ ...order, id: `new-${order.id}` }))];
        await job.deliver(old);
        const member = job.member();
        await job.caughtUp();
        if (isFrozen) member.freeze();
        await remove(job.input);
        await createTopic(brokers, job.input);
        await job.deliver(fresh);
        if (isFrozen) member.resume();
        const { code, stderr } = await member.ended;
        expect(code).toBe(1);
        expect(stderr).toMatch(/(topic-recreated|offset-beyond-end): .*made (again|anew).*--accept-offsets/);
        expect(await job.refusal()).toMatch(/topic-recreated/);
        await job.finish({ acceptOffsets: true });
        const ids = (values: readonly string[]) => new Set(values.map((value) => JSON.parse(value).id));
        const expected = expectedOf([...old, ...fresh], 1).out![0]!;
        expect(ids((await job.outputs()).out![0]!)).toEqual(ids(expected));
      } finally {
        await job.dispose();
      }
    },
  );
});
