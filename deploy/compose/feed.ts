/**
 * `node feed.ts FILE`: delivers the records of a JSON array to a topic, a few at a time, again and again, until SIGTERM.
 * KAFKA_BROKERS; FEED_TOPIC (movies.raw), FEED_PER_SECOND (20), FEED_RECORDS (0: no end).
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const {
  KAFKA_BROKERS = 'localhost:9092',
  FEED_TOPIC = 'movies.raw',
  FEED_PER_SECOND = '20',
  FEED_RECORDS = '0',
} = process.env;
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node feed.ts FILE');
const records: readonly unknown[] = JSON.parse(readFileSync(file, 'utf8')); // a JSON array, as documented
const perSecond = Number(FEED_PER_SECOND);
const last = Number(FEED_RECORDS) === 0 ? Number.POSITIVE_INFINITY : Number(FEED_RECORDS);

let stopped = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    stopped = true;
  });
const kafka = new Kafka({ clientId: 'feeder', brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR });
const producer = kafka.producer({ idempotent: true });
await producer.connect();
let sent = 0;
while (!stopped && sent < last) {
  const size = Math.min(perSecond, last - sent);
  const messages = Array.from({ length: size }, (_, i) => ({
    value: JSON.stringify(records[(sent + i) % records.length]),
  }));
  await producer.send({ topic: FEED_TOPIC, messages });
  sent += size;
  if (sent < last) await wait(1000);
}
await producer.disconnect();
console.log(`${sent} records delivered to ${FEED_TOPIC}`);
