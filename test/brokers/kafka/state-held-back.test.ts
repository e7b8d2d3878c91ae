import { expect, it } from 'vitest';
import type { Log } from '../../../src/core/log.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { plainClient, topicName, until } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

await describeWithKafka('state behind an open transaction', (brokers) => {
  it('is not waited for in silence, and is read once the transaction is over', async () => {
    const job = new KafkaJob(
      brokers,
      `
input: { topic: $.raw, key: [id] }
steps: [{ id: once, use: dedup, with: { key: [id], window: all } }]
output: { topic: $.out }
`,
    );
    await job.create(1);
    await job.feed('raw', [{ key: '1', value: '{"id":1}' }]);
    await job.runToEnd();
    const foreign = plainClient(brokers).producer({ transactionalId: topicName('foreign'), maxInFlightRequests: 1 });
    await foreign.connect();
    const transaction = await foreign.transaction();
    await transaction.send({ topic: `${job.name}.source.state`, messages: [{ partition: 0, key: 'x', value: 'x' }] });

    const said: string[] = [];
    const line = (_code: string, message: string, more?: object) =>
      void said.push(`${message} ${JSON.stringify(more)}`);
    const log: Log = { error: line, warn: line, info: () => {}, debug: () => {} };
    await job.feed('raw', [
      { key: '1', value: '{"id":1}' },
      { key: '2', value: '{"id":2}' },
    ]);
    const run = job.runToEnd({ run: { log } });

    await until('it says so', async () => said.some((text) => /open transaction in .*state\/0 holds back/.test(text)));
    await transaction.abort();
    await foreign.disconnect();
    expect(await run).toMatchObject({ in: 3, duplicate: 1, curated: 2 });
  }, 60_000);
});
