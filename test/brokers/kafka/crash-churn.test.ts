import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, messageOf, orders } from '../../support/kafka/job.ts';
import { KafkaJob } from './job.ts';

const ORDERS = `
input: { topic: $.raw, format: json, key: [id] }
commit: { every: 20ms, records: 200 }
checkpoint: { every: 300ms }
steps:
  - { id: sane, use: check, with: { rules: [{ name: v-range, field: v, between: [0, 1000000] }] } }
  - { id: once, use: dedup, with: { key: [id], window: { records: 100000 }, keep: first } }
output: { topic: $.out }
outputs: { once.duplicates: $.again }
`;
const PARTITIONS = 6;
const STAY_MS = 2000;
const ROUNDS = 4;
const FEEDS = 40;

await describeWithKafka('two instances that join and leave every 2 s', (brokers) => {
  it('lose nothing, double nothing, and leave no partition standing', async () => {
    const job = new KafkaJob(brokers, ORDERS);
    await job.create(PARTITIONS);
    const values = orders(FEEDS * 100, 95);
    const feed = async () => {
      for (let i = 0; i < FEEDS; i++) {
        const next = values.slice(i * 100, (i + 1) * 100);
        await job.feed(
          'raw',
          next.map((value) => messageOf(value, PARTITIONS)),
        );
        await sleep((ROUNDS * STAY_MS) / FEEDS);
      }
    };
    let read = 0;
    const comeAndGo = async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const instance = await job.start();
        await sleep(STAY_MS);
        read += (await instance.stop()).read;
      }
    };
    await Promise.all([feed(), comeAndGo(), sleep(STAY_MS / 2).then(comeAndGo)]);
    expect(read).toBeGreaterThan(0); // the work was theirs
    await job.runToEnd();
    const [out, again, quarantine] = await Promise.all(['out', 'again', 'quarantine'].map((name) => job.read(name)));
    expect({ out, again, quarantine }).toEqual(expectedOf(values, PARTITIONS));
  }, 60_000);
});
