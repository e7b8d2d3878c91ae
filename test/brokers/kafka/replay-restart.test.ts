import { expect, it } from 'vitest';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { Choice } from '../../../src/quarantine/choice.ts';
import { KafkaReplay } from '../../../src/quarantine/kafka-replay.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { until } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

const KEY = 'the key of this year, long';
const config = { replayKey: [KEY, 'the key of last year, long'], timeouts: { session: '6s', heartbeat: '150ms' } };

/** Checkpoints are too rare to come by themselves: whoever dies has to read everything since its start again. */
const JOB = `input: { topic: $.raw, format: json }
steps:
  - { id: once, use: dedup, with: { key: [id], window: all, scope: partition } }
  - { id: sane, use: check, with: { rules: [{ field: n, type: number }] } }
output: { topic: $.out }
outputs: { once.duplicates: $.again }
checkpoint: { every: 1h }
kafka: { compression: none }
`;

const EXPLODED = `input: { topic: $.raw, format: json, explode: '' }
steps: [{ id: sane, use: check, with: { rules: [{ field: n, type: number }] } }]
output: { topic: $.out }
kafka: { compression: none }
`;

await describeWithKafka('records that came back', (brokers) => {
  /** Sends all of the quarantine back; `fixed` gives the new value of entry i. */
  async function replayAll({ name, plan }: KafkaJob, fixed: (i: number) => string): Promise<void> {
    const settings = kafkaSettings(config, brokers.join(','));
    await using replay = new KafkaReplay({ plan, topic: `${name}.quarantine`, settings, clock: systemClock });
    await replay.takeOver('one');
    const request = { filter: { where: [], fields: [] }, times: [null, null], maxAttempts: 3, fix: null } as const;
    await replay.send(await replay.open('one', request), {
      choice: new Choice({ plan, maxAttempts: 3, wasBefore: () => false }),
      fix: (entries) => Promise.resolve(entries.map((_, i) => fixed(i))),
      perSecond: undefined,
      signal: new AbortController().signal,
      onGone: () => {},
    });
  }

  it('are the same when a task reads them again after a crash, and one whose key is gone refuses to go on', async () => {
    const job = new KafkaJob(brokers, JOB);
    await job.create(1);
    const wrong = Array.from({ length: 20 }, (_, i) => ({ value: `{"id":${i},"n":"${i}"}` }));
    await job.feed('raw', wrong);
    await job.runToEnd();
    await replayAll(job, (i) => `{"id":${i},"n":${i % 2 === 0 ? i : '"x"'}}`); // every second one is mended
    const first = await job.start({ kafka: { config } });
    await until('what came back is settled', async () => (await job.readAll('quarantine')).length === 30);
    await first.kill();
    await job.feed('raw', [{ value: '{"id":99,"n":99}' }]);

    const keyless = job.runToEnd({ kafka: { config: { timeouts: config.timeouts } } });
    await expect(keyless).rejects.toThrow('the input or an operator is not what it was');

    let again = 0;
    const replayed = (_: string, records: number) => {
      again += records;
    };
    const summary = await job.runToEnd({
      kafka: { config: { ...config, replayKey: KEY } },
      run: { observer: { replayed } },
    });
    expect(again).toBeGreaterThanOrEqual(20);
    expect(summary).toMatchObject({ in: 41, curated: 11, quarantined: 30 });
    const mended = Array.from({ length: 10 }, (_, i) => `{"id":${2 * i},"n":${2 * i}}`);
    // a commit is answered a moment before readers see it
    await until('the last record is seen', async () => (await job.readAll('out')).length > 10);
    expect(await job.readAll('out')).toEqual([...mended, '{"id":99,"n":99}'].toSorted());
    expect(await job.readAll('again')).toEqual([]);
    const attempts = (await job.headers('quarantine')).map((headers) => String(headers['sluice-attempt']?.[0]));
    expect(attempts).toEqual([...Array(20).fill('1'), ...Array(10).fill('2')]);
  }, 90_000);

  it('one element of a message goes through alone, and keeps its place in the message', async () => {
    const job = new KafkaJob(brokers, EXPLODED);
    await job.create(2);
    await job.feed('raw', [{ value: '[{"n":1},{"n":"2"},{"n":3}]', partition: 1 }]);
    await job.runToEnd();
    await replayAll(job, () => '{"n":2}');
    await job.runToEnd({ kafka: { config } });
    await until('all elements are seen', async () => (await job.readAll('out')).length > 2);
    expect(await job.readAll('out')).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    const seen = await readTopic(brokers, `${job.name}.out`);
    const origins = await job.headers('out');
    expect(seen.map(({ partition }) => partition)).toEqual([1, 1, 1]);
    expect(origins.map((headers) => JSON.parse(String(headers['sluice-origin']?.[0])))).toEqual(
      [0, 2, 1].map((index) => ({ topic: `${job.name}.raw`, partition: 1, offset: 0, index })),
    );
  });
});
