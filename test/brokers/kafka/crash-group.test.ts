import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, orders } from '../../support/kafka/job.ts';
import { until, withAdmin } from '../../support/kafka/topics.ts';

/** Longer than the session of the job's members, 2 s. */
const PAST_THE_SESSION_MS = 3500;

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

await describeWithKafka('members of a group', (brokers) => {
  let job: Job;
  afterEach(() => job?.dispose());

  const begin = async (seed: number, options: { readonly count: number; readonly partitions: number }) => {
    job = await Job.make({ brokers, partitions: options.partitions });
    const values = orders(options.count, seed);
    const expected = expectedOf(values, options.partitions);
    return { values, expected };
  };
  const group = () => withAdmin(brokers, (admin) => admin.describeGroups([job.name])).then(({ groups }) => groups[0]!);
  const members = (count: number) =>
    until(`${count} members`, async () => {
      const { state, members: present } = await group();
      return state === 'Stable' && present.length === count;
    });

  it('a frozen one loses its partitions, and doubles nothing when it wakes', async () => {
    const { values, expected } = await begin(21, { count: 4000, partitions: 2 });
    await job.deliver(values.slice(0, 2000));
    const zombie = job.member();
    await zombie.passed('commit.done', 4);
    zombie.freeze();
    await job.deliver(values.slice(2000));
    await sleep(PAST_THE_SESSION_MS);
    await job.finish();
    expect(await job.outputs()).toEqual(expected);
    const before = zombie.timesAt('open.begin');
    zombie.resume();
    // it learns that it was shut out and, as the only member now, opens its tasks anew
    await zombie.passed('open.state', before + 2);
    expect(await zombie.stop()).toMatchObject({ code: 0, signal: null });
    expect(await job.outputs()).toEqual(expected);
  });

  it('SIGTERM: it commits with a checkpoint, leaves, and the next goes on without reading anything again', async () => {
    const { values, expected } = await begin(22, { count: 3000, partitions: 2 });
    await job.deliver(values.slice(0, 1500));
    const first = job.member();
    await first.passed('commit.done', 6);
    expect(await first.stop()).toEqual({ code: 0, signal: null, stderr: '' });
    expect((await group()).members).toEqual([]);
    await job.deliver(values.slice(1500));
    const second = await job.finish();
    expect(second.summary).toMatchObject({ in: 3000 });
    expect(await job.outputs()).toEqual(expected);
  });

  it('joining and leaving, killed and asked, while records keep coming: nothing is lost or doubled, no partition stands still', async () => {
    const partitions = 6;
    const { values, expected } = await begin(23, { count: 6000, partitions });
    const stay = job.member();
    await members(1);
    let sent = 0;
    const deliver = async (count: number) => {
      await job.deliver(values.slice(sent, sent + count));
      sent += count;
    };
    for (let round = 0; round < 4; round++) {
      await deliver(500);
      const guest = job.member();
      await guest.passed('open.state', 2);
      await deliver(1000);
      await guest.passed('commit.done', 2);
      await (round % 2 === 0 ? guest.stop() : guest.kill());
    }
    await job.caughtUp();
    expect(await stay.stop()).toMatchObject({ code: 0, signal: null });
    expect(sent).toBe(values.length);
    expect(await job.outputs()).toEqual(expected);
  });

  it('of another plan under the same name: gets nothing beside those that own tasks, says so, and harms nobody', async () => {
    const { values, expected } = await begin(24, { count: 2000, partitions: 2 });
    await job.deliver(values.slice(0, 1000));
    const rightful = job.member();
    await rightful.passed('commit.done', 2);
    job.write({
      body: '\nsteps:\n  - { id: once, use: dedup, with: { key: [id], window: all, keep: first } }\noutput: { topic: {name}.out }\noutputs: { once.duplicates: {name}.again }\n',
    });
    const other = job.member();
    await members(2);
    await job.deliver(values.slice(1000));
    await job.caughtUp();
    expect(other.timesAt('open.begin')).toBe(0);
    expect(other.logged.join('\n')).toMatch(/plan/);
    await other.stop();
    await rightful.stop();
    expect(await job.outputs()).toEqual(expected);
  });
});
