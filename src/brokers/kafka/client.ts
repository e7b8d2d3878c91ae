import type { AuthenticationProvider } from './oauth-bearer.ts';
import { forgetAnsweredRequests, kafkajsModule, keepAnswersWhole, openSocket, type WireNode } from './wire/index.ts';

/**
 * The parts of kafkajs this broker stands on: a `Broker` (one node, every request of the protocol) over a
 * `ConnectionPool` (two sockets, authentication). Its producer, consumer and cluster are not used: metadata, coordinators,
 * membership, transactions and fetching are ours.
 */

export interface RequestSpec {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer; readonly offset: number }>;
  expectResponse?(): boolean;
}

export interface ResponseSpec<T> {
  decode(raw: Buffer): Promise<T>;
  parse(data: T): Promise<T>;
}

export interface Connection {
  isConnected(): boolean;
  disconnect(): Promise<boolean>;
  rejectRequests(error: Error): void;
  readonly socket?: { destroy(): void };
}

export interface ConnectionPool {
  readonly pool: readonly Connection[];
  getConnectionByRequest: WireNode['connectionPool']['getConnectionByRequest'];
  /** Connects again when the connection broke. */
  getConnection(index?: number): Promise<Connection>;
  send<T>(spec: {
    readonly request: RequestSpec;
    readonly response: ResponseSpec<T>;
    readonly requestTimeout?: number;
    readonly logResponseError?: boolean;
  }): Promise<T>;
}

export interface TopicPartitions<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

interface Producer {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface OffsetToCommit {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

/** One node of the cluster. Every call rejects with a KafkaJS error that carries `type` and `code`. */
export interface KafkaNode {
  readonly nodeId: number | null;
  readonly connectionPool: ConnectionPool;
  /** Lowest and highest version of each API this node speaks, by API key. */
  readonly versions: Readonly<Record<string, { readonly minVersion: number; readonly maxVersion: number }>>;
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(request: {
    groupId: string;
    coordinatorType: number;
  }): Promise<{ readonly coordinator: { readonly nodeId: number; readonly host: string; readonly port: number } }>;
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    protocolType: string;
    groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<JoinedGroup>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  /** Groups this node coordinates, as far as they may be seen. */
  listGroups(): Promise<{ readonly groups: readonly { readonly groupId: string }[] }>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  listOffsets(request: {
    replicaId: number;
    isolationLevel: number;
    topics: readonly TopicPartitions<{ readonly partition: number; readonly timestamp: string }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }>;
  offsetFetch(request: {
    groupId: string;
    topics: readonly TopicPartitions<{ readonly partition: number }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string | null;
    }>[];
  }>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    retentionTime: number;
    topics: readonly TopicPartitions<OffsetToCommit>[];
  }): Promise<unknown>;
  initProducerId(request: {
    transactionalId: string | null;
    transactionTimeout: number;
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(request: Producer & { topics: readonly TopicPartitions<number>[] }): Promise<unknown>;
  addOffsetsToTxn(request: Producer & { groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    request: Producer & { groupId: string; topics: readonly TopicPartitions<OffsetToCommit>[] },
  ): Promise<unknown>;
  endTxn(request: Producer & { transactionResult: boolean }): Promise<unknown>;
  deleteRecords(request: {
    topics: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }): Promise<unknown>;
  createTopics(request: {
    topics: readonly {
      readonly topic: string;
      readonly numPartitions: number;
      readonly replicationFactor: number;
      readonly configEntries: readonly { readonly name: string; readonly value: string }[];
    }[];
    timeout: number;
  }): Promise<unknown>;
  createPartitions(request: {
    topicPartitions: readonly { readonly topic: string; readonly count: number }[];
    timeout: number;
  }): Promise<unknown>;
  describeConfigs(request: {
    resources: readonly { readonly type: number; readonly name: string; readonly configNames?: readonly string[] }[];
  }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
    }[];
  }>;
}

export interface JoinedGroup {
  readonly generationId: number;
  readonly groupProtocol: string;
  readonly leaderId: string;
  readonly memberId: string;
  /** Empty for everybody but the leader. */
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** What kafkajs has to say; `log` gets its level, its sentence and the rest. */
export type ClientLog = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface SaslSettings {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';
  readonly username?: string;
  readonly password?: string;
  /** In place of the mechanism's own. */
  readonly authenticationProvider?: AuthenticationProvider;
}

export interface ClientOptions {
  readonly clientId: string;
  readonly ssl: Readonly<Record<string, unknown>> | undefined;
  readonly sasl: SaslSettings | undefined;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly log: ClientLog;
}

/** Makes nodes; nothing is sent before `connect`. */
export type NodeFactory = (address: {
  readonly host: string;
  readonly port: number;
  readonly nodeId?: number;
}) => KafkaNode;

export function nodeFactory(options: ClientOptions): NodeFactory {
  keepAnswersWhole();
  forgetAnsweredRequests();
  const Broker = kafkajsModule('broker/index.js') as new (init: object) => KafkaNode;
  const Pool = kafkajsModule('network/connectionPool.js') as new (init: object) => ConnectionPool;
  const logger = loggerOf(options.log);
  const { clientId, ssl, sasl } = options;
  return ({ host, port, nodeId }) => {
    const connectionPool = new Pool({
      host,
      port,
      clientId,
      ssl: ssl ?? null,
      sasl: sasl ?? null,
      socketFactory: openSocket,
      connectionTimeout: options.connectionTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      enforceRequestTimeout: true,
      logger,
    });
    return new Broker({
      connectionPool,
      logger,
      nodeId: nodeId ?? null,
      allowAutoTopicCreation: false,
      authenticationTimeout: options.requestTimeoutMs,
    });
  };
}

function loggerOf(log: ClientLog): unknown {
  const at = (level: LogLevel) => (message: unknown, fields?: Record<string, unknown>) =>
    log(level, String(message instanceof Error ? message.message : message), fields ?? {});
  const logger = { error: at('error'), warn: at('warn'), info: at('info'), debug: () => {}, namespace: () => logger };
  return logger;
}

/**
 * Ends a node's connections at once and for good: what is under way fails instead of being waited for, and who still holds the
 * node does not connect it again. A socket nobody knows of would keep the process alive.
 */
export async function disconnect(node: KafkaNode): Promise<void> {
  node.connectionPool.getConnection = async () => {
    throw new Error('the connection was closed by us');
  };
  await Promise.all(
    node.connectionPool.pool.map(async (connection) => {
      connection.rejectRequests(new Error('the connection was closed by us'));
      await connection.disconnect();
      connection.socket?.destroy();
    }),
  );
}
