import { expect, it } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { until } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

const topology = (input: string) => `
input: { topic: $.raw, format: json, ${input} }
checkpoint: { every: 1h }
commit: { every: 20ms }
steps:
  - { id: clean, use: set, with: { fields: { seen: { value: true } } } }
output: { topic: $.out }
`;

const good = (id: string) => ({ key: id, value: JSON.stringify({ id }) });

await describeWithKafka('keys held against what the input declares', (brokers) => {
  it('stop the run at the first that differs, with what to do', async () => {
    const job = new KafkaJob(brokers, topology('key: [id]'));
    await job.create(1);
    await job.feed('raw', [good('a'), { key: 'else', value: '{"id":"b"}' }]);
    await expect(job.runToEnd()).rejects.toMatchObject({
      code: 'key-mismatch',
      message: expect.stringMatching(/offset 1 is not made of id.*keyMismatch: warn/),
    });
  });

  it.each([
    ['texts, also beyond ASCII', 'key: [id]', [good('a'), good('äöü 🎬')]],
    [
      'numbers and truth values',
      'key: [id]',
      [
        { key: '5', value: '{"id":5}' },
        { key: 'true', value: '{"id":true}' },
      ],
    ],
    ['numbers whose text is lost', 'key: [id]', [{ key: '9007199254740993', value: '{"id":9007199254740993}' }]],
    [
      'several fields',
      'key: [a, b]',
      [
        { key: '["x",1]', value: '{"a":"x","b":1}' },
        { key: '["x",null]', value: '{"a":"x"}' },
      ],
    ],
    ['nothing', 'key: [id]', [{ key: null, value: '{"other":1}' }]],
    ['what cannot be decoded', 'key: [id]', [{ key: 'x', value: '{' }]],
    ['tombstones', 'key: [id]', [{ key: 'x', value: null }]],
  ])('%s agree', async (_name, input, records) => {
    const job = new KafkaJob(brokers, topology(input));
    await job.create(1);
    await job.feed('raw', records);
    expect((await job.runToEnd()).in).toBe(records.length);
  });

  it('with `warn` are findings of the records, and an event at 1, 10, 100; a replay tells nothing twice', async () => {
    const job = new KafkaJob(brokers, topology('key: [id], keyMismatch: warn'));
    await job.create(1);
    const bad = (i: number) => ({ key: `k${i}`, value: JSON.stringify({ id: `r${i}` }) });
    await job.feed('raw', [good('a'), ...Array.from({ length: 7 }, (_, i) => bad(i))]);
    const run = await job.start();
    await until('all have left', async () => (await job.readAll('out')).length === 8);
    await run.kill();
    await job.feed(
      'raw',
      Array.from({ length: 8 }, (_, i) => bad(7 + i)),
    );
    const result = await job.runToEnd();
    expect(result).toMatchObject({ in: 16, curated: 16, rules: { 'key-mismatch': 15 } });
    const events = (await job.read('events')).flat().map((text) => JSON.parse(text));
    expect(events.filter(({ type }) => type === 'key.mismatch').map(({ data }) => data)).toEqual([
      { expected: ['id'], origin: { topic: `${job.name}.raw`, partition: 0, offset: 1 }, records: 1 },
      { expected: ['id'], origin: { topic: `${job.name}.raw`, partition: 0, offset: 10 }, records: 10 },
    ]);
  });
});
