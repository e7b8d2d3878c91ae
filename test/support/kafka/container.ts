import { NoBroker } from './install.ts';
import { freePort } from './ports.ts';
import { waitReady } from './topics.ts';

const IMAGE = 'apache/kafka:4.2.2';

/** Apache Kafka in a container, where a container runtime answers; else NoBroker. */
export async function startContainer(): Promise<{ readonly brokers: readonly string[]; close(): Promise<void> }> {
  const port = await freePort();
  const container = await import('testcontainers')
    .then(({ GenericContainer, Wait }) =>
      new GenericContainer(IMAGE)
        .withExposedPorts({ container: 9092, host: port })
        .withEnvironment(environment(port))
        .withWaitStrategy(Wait.forLogMessage('Kafka Server started'))
        .start(),
    )
    .catch((cause: unknown) => {
      const found = cause instanceof Error && cause.message.includes('container runtime');
      throw found ? new NoBroker('no container runtime', { cause }) : cause;
    });
  const brokers = [`127.0.0.1:${port}`];
  await waitReady(brokers);
  return {
    brokers,
    close: async () => {
      await container.stop();
    },
  };
}

/** The image takes the server's settings as environment variables. */
function environment(port: number): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS: '1000',
  };
}
