import { startKafka } from './cluster.ts';
import { startContainer } from './container.ts';
import { NoBroker } from './install.ts';
import { until, waitReady, withAdmin } from './topics.ts';

/** `KAFKA_BROKERS` set and not answering within this is a failure, never a reason to look elsewhere. */
const ANSWER_TIMEOUT_MS = 10_000;

export interface Found {
  readonly kind: 'given' | 'jars' | 'container' | 'none';
  readonly brokers: readonly string[];
  /** Why there is none. */
  readonly reason?: string;
  close(): Promise<void>;
}

/**
 * A broker for tests, in this order: `KAFKA_BROKERS`, Apache Kafka from Maven's jars, a container.
 */
export async function findBroker(): Promise<Found> {
  const given = process.env.KAFKA_BROKERS;
  if (given !== undefined && given !== '') return useGiven(given.split(','));
  const reasons: string[] = [];
  for (const [kind, start] of SOURCES) {
    try {
      return { kind, ...(await start()) };
    } catch (error) {
      if (!(error instanceof NoBroker)) throw error;
      reasons.push(error.message);
    }
  }
  return { kind: 'none', brokers: [], reason: reasons.join('; '), close: async () => {} };
}

type Source = readonly ['jars' | 'container', () => Promise<Pick<Found, 'brokers' | 'close'>>];
const SOURCES: readonly Source[] = [
  [
    'jars',
    async () => {
      const { brokers, close } = await startKafka();
      return { brokers, close };
    },
  ],
  ['container', startContainer],
];

async function useGiven(brokers: readonly string[]): Promise<Found> {
  const answers = () => withAdmin(brokers, (admin) => admin.describeCluster()).then(() => true);
  await until(`KAFKA_BROKERS=${brokers.join(',')}`, answers, ANSWER_TIMEOUT_MS);
  await waitReady(brokers);
  return { kind: 'given', brokers, close: async () => {} };
}
