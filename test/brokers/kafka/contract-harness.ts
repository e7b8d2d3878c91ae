import { KafkaBroker } from '../../../src/brokers/kafka/kafka-broker.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import type { TopicSpec } from '../../../src/core/broker.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { type BrokerHarness, CONTRACT_OUTPUT } from '../../../src/testing/broker-contract.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { createTopic, plainClient, topicName } from '../../support/kafka/topics.ts';

/** Session of a frozen member: the shortest a broker takes that nobody has configured. */
const SESSION = '6s';

export async function contractHarness(brokers: readonly string[]): Promise<BrokerHarness> {
  const group = topicName('contract');
  const input = `${group}.in`;
  for (const topic of [input, `${group}.source.state`]) await createTopic(brokers, topic);
  // its name is fixed, so cases share it: each reads on from where it stood
  await createTopic(brokers, CONTRACT_OUTPUT).catch(() => {});
  const before = (await readTopic(brokers, CONTRACT_OUTPUT)).length;
  const specs: readonly TopicSpec[] = [
    { topic: input, role: 'input' },
    { topic: CONTRACT_OUTPUT, role: 'output' },
    { topic: `${group}.source.state`, role: 'state' },
  ];
  const producer = plainClient(brokers).producer();
  await producer.connect();
  const open = new Set<KafkaBroker>();
  return {
    clock: systemClock,
    input,
    zombies: true,
    async append(values) {
      await producer.send({ topic: input, messages: values.map((value) => ({ value })) });
    },
    async connect(options = {}) {
      // whoever still works is a zombie from now on: the group hears nothing of it any more
      for (const earlier of open) earlier.freeze();
      const broker = new KafkaBroker({
        settings: kafkaSettings({ brokers, timeouts: { session: SESSION, heartbeat: '100ms' } }),
        group,
        fingerprint: 'contract',
        guarantee: 'exactly-once',
        checkpointEveryMs: 1000,
        bounded: true,
        ...options,
      });
      open.add(broker);
      await broker.topics(specs, 'check');
      const close = broker.close.bind(broker);
      broker.close = async () => {
        open.delete(broker);
        await close();
      };
      return broker;
    },
    async read() {
      return (await readTopic(brokers, CONTRACT_OUTPUT)).slice(before).map(({ value }) => String(value));
    },
    async dispose() {
      await producer.disconnect();
      for (const broker of open) await broker.close();
    },
  };
}
