import { afterEach, expect, it, vi } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, orders } from '../../support/kafka/job.ts';

const COUNT = 3000;

/** Everything a run passes, before, within and after a commit, and while a task opens. */
const WHILE_COMMITTING = ['commit.begin', 'commit.enlisted', 'commit.written', 'commit.done'];
const WHILE_OPENING = ['open.begin', 'open.fenced', 'open.offset', 'open.state'];

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

await describeWithKafka('a process killed by SIGKILL', (brokers) => {
  let job: Job;
  afterEach(() => job?.dispose());

  const begin = async (seed: number) => {
    job = await Job.make({ brokers });
    const values = orders(COUNT, seed);
    await job.deliver(values);
    return expectedOf(values, job.partitions);
  };

  it.each(WHILE_COMMITTING.map((point, i) => [point, 3 + 2 * i] as const))(
    'at %s, in the middle of its work, loses and doubles nothing',
    async (dieAt, passes) => {
      const expected = await begin(passes);
      expect((await job.member({ untilEnd: true, dieAt, passes }).ended).signal).toBe('SIGKILL');
      await job.finish();
      expect(await job.outputs()).toEqual(expected);
    },
  );

  it.each(WHILE_OPENING)('at %s, over committed work it has to restore, loses and doubles nothing', async (dieAt) => {
    const expected = await begin(11);
    expect((await job.member({ untilEnd: true, dieAt: 'commit.written', passes: 9 }).ended).signal).toBe('SIGKILL');
    expect((await job.member({ untilEnd: true, dieAt, passes: 1 }).ended).signal).toBe('SIGKILL');
    await job.finish();
    expect(await job.outputs()).toEqual(expected);
  });
});
