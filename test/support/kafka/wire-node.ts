import { kafkajsModule, openSocket, type WireNode } from '../../../src/brokers/kafka/wire/index.ts';

interface Owner {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** A node as the wire layer takes it, with the few requests of kafkajs that tests need around it. */
export interface TestNode extends WireNode {
  connect(): Promise<void>;
  initProducerId(request: {
    readonly transactionalId: string | null;
    readonly transactionTimeout: number;
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(
    request: Owner & { readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[] },
  ): Promise<unknown>;
  endTxn(request: Owner & { readonly transactionResult: boolean }): Promise<unknown>;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {}, namespace: () => quiet };

/** Connected. The caller disconnects. */
export async function connectNode(address: string, requestTimeoutMs = 10_000): Promise<TestNode> {
  const Broker = kafkajsModule('broker/index.js') as new (options: object) => TestNode;
  const Pool = kafkajsModule('network/connectionPool.js') as new (options: object) => object;
  const [host, port] = address.split(':');
  const connectionPool = new Pool({
    host,
    port: Number(port),
    clientId: 'sluice-test',
    socketFactory: openSocket,
    connectionTimeout: 5000,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    logger: quiet,
  });
  const node = new Broker({ connectionPool, logger: quiet, nodeId: 1, allowAutoTopicCreation: false });
  await node.connect();
  return node;
}
