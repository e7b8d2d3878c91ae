import { afterAll, beforeAll, describe, inject } from 'vitest';
import { type ClusterOptions, type KafkaCluster, startKafka } from './cluster.ts';
import { installKafka, NoBroker } from './install.ts';

interface Desk {
  readonly kind?: string;
  readonly brokers?: readonly string[];
  readonly reason?: string;
  readonly failed?: string;
}

/**
 * Tests on the broker that all tests of a run share (topics need names of their own). Await it at the top of the file.
 * Without a broker: one loud line and a skip, under CI=true a failure.
 */
export async function describeWithKafka(name: string, tests: (brokers: readonly string[]) => void): Promise<void> {
  const answer = (await (await fetch(inject('kafkaDesk'))).json()) as Desk; // written by global-setup.ts
  if (answer.failed !== undefined) throw new Error(answer.failed);
  if (answer.brokers !== undefined && answer.brokers.length > 0) {
    const { brokers } = answer;
    describe(name, () => tests(brokers));
    return;
  }
  skip(name, answer.reason ?? '', () => tests([]));
}

/**
 * Tests with a cluster of their own, which they may kill: needs the jars, even where `KAFKA_BROKERS` is set. It is
 * started before the first test; `tests` gets a function that gives it.
 */
export async function describeWithCluster(
  name: string,
  options: ClusterOptions,
  tests: (cluster: () => KafkaCluster) => void,
): Promise<void> {
  let cluster: KafkaCluster | undefined;
  const current = () => {
    if (cluster === undefined) throw new Error('the cluster runs inside tests only');
    return cluster;
  };
  try {
    await installKafka();
  } catch (error) {
    if (!(error instanceof NoBroker)) throw error;
    skip(name, error.message, () => tests(current));
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      cluster = await startKafka(options);
    });
    afterAll(() => cluster?.close());
    tests(current);
  });
}

function skip(name: string, reason: string, tests: () => void): void {
  if (process.env.CI === 'true') throw new Error(`"${name}" needs a Kafka broker: ${reason}`);
  console.warn(`SKIPPED "${name}": no Kafka broker (${reason})`);
  describe.skip(name, tests);
}
