import { it } from 'vitest';
import { brokerContract } from '../../../src/testing/broker-contract.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { contractHarness } from './contract-harness.ts';

await describeWithKafka('kafka broker', (brokers) => {
  for (const { name, run } of brokerContract('kafka', () => contractHarness(brokers))) it(name, run);
});
