import { expect, it } from 'vitest';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { Choice } from '../../../src/quarantine/choice.ts';
import { KafkaReplay } from '../../../src/quarantine/kafka-replay.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
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

await describeWithKafka('records that came back', (brokers) => {
  it('are the same when a task reads them again after a crash, and one whose key is gone refuses to go on', async () => {
    const job = new KafkaJob(brokers, JOB);
    await job.create(1);
    const wrong = Array.from({ length: 20 }, (_, i) => ({ value: `{"id":${i},"n":"${i}"}` }));
    await job.feed('raw', wrong);
    await job.runToEnd();
    const settings = kafkaSettings(config, brokers.join(','));
    {
      const options = { plan: job.plan, topic: `${job.name}.quarantine`, settings, clock: systemClock };
      await using replay = new KafkaReplay(options);
      await replay.takeOver('one');
      const request = { filter: { where: [], fields: [] }, times: [null, null], maxAttempts: 3, fix: null } as const;
      await replay.send(await replay.open('one', request), {
        choice: new Choice({ plan: job.plan, maxAttempts: 3, wasBefore: () => false }),
        // every second one is mended
        fix: (entries) => Promise.resolve(entries.map((_, i) => `{"id":${i},"n":${i % 2 === 0 ? i : '"x"'}}`)),
        perSecond: undefined,
        signal: new AbortController().signal,
        onGone: () => {},
      });
    }
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
    expect(await job.readAll('out')).toEqual([...mended, '{"id":99,"n":99}'].toSorted());
    expect(await job.readAll('again')).toEqual([]);
    const attempts = (await job.headers('quarantine')).map((headers) => String(headers['sluice-attempt']?.[0]));
    expect(attempts).toEqual([...Array(20).fill('1'), ...Array(10).fill('2')]);
  }, 90_000);
});
