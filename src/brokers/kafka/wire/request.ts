import { BrokerError } from '../../../core/errors.ts';
import { kafkajsModule } from './kafkajs.ts';

/** What is used of a kafkajs `Broker`: its two sockets, and the versions its node speaks. */
export interface WireNode {
  readonly connectionPool: {
    getConnectionByRequest(spec: { readonly request: { readonly apiKey: number } }): Promise<WireConnection>;
  };
  readonly versions: Readonly<Record<string, { readonly minVersion: number; readonly maxVersion: number }>> | null;
  disconnect(): Promise<void>;
}

export interface WireConnection {
  readonly clientId: string;
  readonly broker: string;
  readonly socket: {
    readonly readyState: string;
    cork(): void;
    uncork(): void;
    write(bytes: Uint8Array): boolean;
  };
  readonly requestQueue: {
    push(request: {
      readonly entry: Entry;
      readonly expectResponse: boolean;
      readonly requestTimeout: number | null;
      sendRequest(): void;
    }): void;
    maybeThrottle(ms: number): void;
  };
  isConnected(): boolean;
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
}

interface Entry {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  readonly correlationId: number;
  resolve(answer: { readonly payload: Buffer | null }): void;
  reject(error: Error): void;
}

export interface WireRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  /** The body, in parts that are written one behind the other without being joined. They must not change until the answer is here. */
  readonly body: readonly Uint8Array[];
  /** The node answers, maybe late: false only for a produce with acks 0. */
  readonly expectsAnswer: boolean;
  /** Longest wait for the answer beyond the client's own time-out, milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Sends one request over a socket of the node and gives the body of the answer, null when none is expected.
 *
 * kafkajs joins a request twice into buffers it zeroes first; here the parts go to the socket as they are. Its queue keeps
 * what it is good at: matching answers, time-outs, throttling, failing everything when the connection breaks.
 */
export async function request(node: WireNode, spec: WireRequest): Promise<Buffer | null> {
  const { apiKey, apiVersion, apiName } = spec;
  checkVersion(node, spec);
  const connection = await node.connectionPool.getConnectionByRequest({ request: { apiKey } });
  await connection.authenticate();
  // kafkajs calls a connection that is being torn down connected: what is written then is never answered nor rejected
  if (!connection.isConnected() || connection.socket.readyState !== 'open') throw notConnected(connection);
  const correlationId = connection.nextCorrelationId();
  const header = frameHeader(spec, correlationId, connection.clientId);
  try {
    const { payload } = await new Promise<{ readonly payload: Buffer | null }>((resolve, reject) => {
      connection.requestQueue.push({
        entry: { apiKey, apiVersion, apiName, correlationId, resolve, reject },
        expectResponse: spec.expectsAnswer,
        requestTimeout: spec.timeoutMs ?? null,
        sendRequest: () => write(connection, header, spec.body),
      });
    });
    return payload;
  } catch (error) {
    if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await node.disconnect();
    throw error;
  }
}

/** Tells the queue of a node's socket that the node asks for patience. */
export async function throttle(node: WireNode, apiKey: number, ms: number): Promise<void> {
  if (ms <= 0) return;
  const connection = await node.connectionPool.getConnectionByRequest({ request: { apiKey } });
  connection.requestQueue.maybeThrottle(ms);
}

function write(connection: WireConnection, header: Buffer, body: readonly Uint8Array[]): void {
  const { socket } = connection;
  socket.cork();
  socket.write(header);
  for (const part of body) socket.write(part);
  socket.uncork();
}

/** length i32 | api key i16 | version i16 | correlation id i32 | client id: length i16, text (request header v1) */
function frameHeader(spec: WireRequest, correlationId: number, clientId: string): Buffer {
  const client = Buffer.from(clientId);
  const header = Buffer.allocUnsafe(14 + client.length);
  const length = spec.body.reduce((sum, part) => sum + part.length, header.length - 4);
  header.writeInt32BE(length, 0);
  header.writeInt16BE(spec.apiKey, 4);
  header.writeInt16BE(spec.apiVersion, 6);
  header.writeInt32BE(correlationId, 8);
  header.writeInt16BE(client.length, 12);
  client.copy(header, 14);
  return header;
}

function checkVersion(node: WireNode, { apiKey, apiVersion, apiName }: WireRequest): void {
  const spoken = node.versions?.[apiKey];
  if (spoken === undefined || (spoken.minVersion <= apiVersion && apiVersion <= spoken.maxVersion)) return;
  const range = `${spoken.minVersion} to ${spoken.maxVersion}`;
  throw new BrokerError(`the broker speaks ${apiName} ${range}, needed is ${apiVersion} (Kafka 2.4 or later)`, {
    code: 'broker-version',
  });
}

function notConnected(connection: WireConnection): Error {
  const { KafkaJSConnectionError } = kafkajsModule('errors.js') as {
    KafkaJSConnectionError: new (message: string, options: { readonly broker: string }) => Error;
  };
  return new KafkaJSConnectionError('Not connected', { broker: connection.broker });
}
