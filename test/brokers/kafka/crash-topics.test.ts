import { afterEach, expect, it, vi } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, type Order, orders } from '../../support/kafka/job.ts';
import { createTopic, until, withAdmin } from '../../support/kafka/topics.ts';

/** Far more than a run takes: only the first commit and a clean end take a checkpoint. */
const RARELY = '1h';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

await describeWithKafka('topics and offsets that change under a topology', (brokers) => {
  let job: Job;
  afterEach(() => job?.dispose());

  /** Half of the values are read in a run that ends cleanly, the other half is there to be read. */
  const halfway = async (seed: number, partitions = 1): Promise<readonly Order[]> => {
    job = await Job.make({ brokers, partitions });
    const values = orders(1200, seed);
    await job.deliver(values.slice(0, 600));
    await job.finish();
    await job.deliver(values.slice(600));
    return values;
  };
  const setOffset = (offset: number) =>
    withAdmin(brokers, (admin) =>
      admin.setOffsets({ groupId: job.name, topic: job.input, partitions: [{ partition: 0, offset: String(offset) }] }),
    );
  const deleteBelow = (offset: number) =>
    withAdmin(brokers, async (admin) => {
      await admin.fetchTopicOffsets(job.input); // else the client knows no leader of it
      await admin.deleteTopicRecords({ topic: job.input, partitions: [{ partition: 0, offset: String(offset) }] });
    });
  const outOf = (values: readonly Order[]) => expectedOf(values, 1).out![0]!;

  it.each([
    ['back', 100],
    ['forth', 900],
  ])('offsets set by hand, %s: refused by name, and gone on from there when told to', async (_, offset) => {
    const values = await halfway(offset);
    await setOffset(offset);
    const said = await job.refusal();
    expect(said).toMatch(/--accept-offsets/);
    await job.finish({ acceptOffsets: true });
    // what the steps know is kept: read again, a record is a duplicate; skipped, it is missing
    const expected = expectedOf(values, 1);
    const [out, again] = [(await job.outputs()).out![0]!, (await job.outputs()).again![0]!];
    if (offset < 600) {
      expect(out).toEqual(expected.out![0]!);
      expect(again.length).toBeGreaterThan(expected.again![0]!.length);
    } else expect(out).toEqual(outOf([...values.slice(0, 600), ...values.slice(900)]));
  });

  it('offsets that expired: refused by name, and gone on from the checkpoint when told to', async () => {
    const values = await halfway(31);
    await withAdmin(brokers, (admin) => admin.deleteGroups([job.name]));
    expect(await job.refusal()).toMatch(/expired.*--accept-offsets/);
    await job.finish({ acceptOffsets: true });
    expect(await job.outputs()).toEqual(expectedOf(values, 1));
  });

  it('records deleted before they were read are a loss: named, and passed over when told to', async () => {
    const values = await halfway(32);
    await deleteBelow(800);
    const said = await job.refusal();
    expect(said).toMatch(/600 to 800 were deleted/);
    expect(said).toMatch(/--accept-offsets/);
    await job.finish({ acceptOffsets: true });
    expect((await job.outputs()).out![0]).toEqual(outOf([...values.slice(0, 600), ...values.slice(800)]));
  });

  it('records deleted between the checkpoint and the committed offset: the state cannot be rebuilt, which is said', async () => {
    job = await Job.make({ brokers, partitions: 1, checkpoint: RARELY });
    const values = orders(3000, 33);
    await job.deliver(values);
    await job.member({ untilEnd: true, dieAt: 'commit.done', passes: 8 }).ended;
    const [committed] = await withAdmin(brokers, (admin) =>
      admin.fetchOffsets({ groupId: job.name, topics: [job.input] }),
    );
    const offset = Number(committed!.partitions[0]!.offset);
    await deleteBelow(offset - 1);
    expect(await job.refusal()).toMatch(/deleted.*--accept-offsets/s);
    await job.finish({ acceptOffsets: true });
    // nothing is lost; what the steps learned since the checkpoint is
    const { out, again, quarantine } = await job.outputs();
    expect(out![0]!.length + again![0]!.length + quarantine![0]!.length).toBe(values.length);
    expect(new Set(out![0])).toEqual(new Set([...out![0]!, ...expectedOf(values, 1).out![0]!]));
  });

  it('a raised count of partitions moves keys: refused while a step has state', async () => {
    await halfway(34, 2);
    await withAdmin(brokers, (admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: job.input, count: 3 }] }).then(() => undefined),
    );
    const said = await job.refusal();
    expect(said).toMatch(/2 partitions.*3/);
    expect(said).toMatch(/another name/);
  });

  it('a deleted input: refused by name', async () => {
    await halfway(35);
    await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [job.input] }));
    expect(await job.refusal()).toContain(`${job.input}`);
  });

  it('an input deleted and made again is not taken for the old one', async () => {
    await halfway(36);
    await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [job.input] }));
    await until('a new topic', () => createTopic(brokers, job.input).then(() => true));
    const fresh = orders(700, 37).map((order) => ({ ...order, id: `new-${order.id}` }));
    await job.deliver(fresh);
    const before = (await job.outputs()).out![0]!;
    expect(await job.refusal()).toMatch(/deleted and made again.*--accept-offsets/s);
    await job.finish({ acceptOffsets: true });
    expect((await job.outputs()).out![0]).toEqual([...before, ...outOf(fresh)]);
  });
});
