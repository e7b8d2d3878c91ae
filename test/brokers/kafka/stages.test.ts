import { expect, it } from 'vitest';
import { taskName } from '../../../src/core/broker.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { until } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';
import { expectedLabels, seenLabels, VOTES, votes } from './votes-job.ts';

await describeWithKafka('two stages on Kafka', (brokers) => {
  it('ends a bounded run after the last stage has read what the first wrote, in one process or two', async () => {
    const job = new KafkaJob(brokers, VOTES);
    await job.create(4);
    const first = votes({ items: 60, voters: 5, seed: 1 });
    await job.feed('raw', first);
    const alone = await job.runToEnd();
    expect(alone.in).toBe(first.length);
    expect(seenLabels(await job.readAll('labels'))).toEqual(expectedLabels(first));
    const more = votes({ items: 60, voters: 5, seed: 2, from: 60 });
    await job.feed('raw', more);
    const two = await Promise.all([job.start({ kafka: { untilEnd: true } }), job.start({ kafka: { untilEnd: true } })]);
    await Promise.all(two.map(({ done }) => done));
    expect(seenLabels(await job.readAll('labels'))).toEqual(expectedLabels([...first, ...more]));
  });

  it('says nothing new when it is run again', async () => {
    const job = new KafkaJob(brokers, VOTES);
    await job.create(2);
    await job.feed('raw', votes({ items: 10, voters: 5, seed: 3 }));
    const once = await job.runToEnd();
    const again = await job.runToEnd();
    expect(again).toMatchObject({ in: once.in, merged: once.merged, read: 0, resumed: true });
  });

  it('loses and doubles nothing when processes join, leave and die in the middle', async () => {
    const job = new KafkaJob(brokers, VOTES);
    await job.create(4);
    const all = votes({ items: 400, voters: 5, seed: 4 });
    const third = Math.ceil(all.length / 3);
    const one = await job.start();
    await job.feed('raw', all.slice(0, third));
    const two = await job.start();
    await job.feed('raw', all.slice(third, 2 * third));
    await two.kill();
    const three = await job.start();
    await one.stop();
    await job.feed('raw', all.slice(2 * third));
    await three.stop();
    await job.runToEnd();
    expect(seenLabels(await job.readAll('labels'))).toEqual(expectedLabels(all));
  });

  it('keeps what a member has when another one joins, and moves the rest only after it was closed', async () => {
    const job = new KafkaJob(brokers, VOTES);
    await job.create(4);
    const states: string[] = [];
    const watch = (who: string) => ({
      run: {
        observer: {
          taskState: (task: Parameters<typeof taskName>[0], state: string) =>
            void states.push(`${who} ${state} ${taskName(task)}`),
        },
      },
    });
    const one = await job.start(watch('one'));
    const count = (text: string) => states.filter((line) => line.startsWith(text)).length;
    await until('eight tasks', async () => count('one running') === 8);
    const two = await job.start(watch('two'));
    await until('four tasks moved', async () => count('two running') === 4);
    expect(count('one closed')).toBe(4);
    for (const line of states.filter((one) => one.startsWith('two opening'))) {
      const task = line.slice('two opening '.length);
      expect(states.indexOf(`one closed ${task}`)).toBeLessThan(states.indexOf(line));
      expect(states).toContain(`one closed ${task}`);
    }
    await two.stop();
    await until('they come back', async () => count('one running') === 12);
    await one.stop();
  });
});
