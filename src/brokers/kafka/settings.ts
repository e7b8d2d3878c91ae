import { ConfigError } from '../../core/errors.ts';
import { parseDuration } from '../../core/units.ts';
import type { ClientOptions, SaslSettings } from './client.ts';
import { oauthBearer } from './oauth-bearer.ts';
import { tokenSource } from './oauth-token.ts';

/** `kafka:` of a topology, or a file of `--kafka-config`; both have been checked against its schema. */
export interface KafkaSpec {
  readonly brokers?: string | readonly string[];
  readonly clientId?: string;
  readonly tls?: boolean | TlsSpec;
  readonly sasl?: SaslSpec;
  readonly timeouts?: Readonly<Partial<Record<TimeoutName, string>>>;
  readonly compression?: Compression;
  readonly replayKey?: string | readonly string[];
  readonly replication?: number;
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
type TimeoutName = 'connect' | 'request' | 'session' | 'heartbeat' | 'rebalance' | 'transaction';

interface TlsSpec {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly serverName?: string;
  readonly verify?: boolean;
}

export interface SaslSpec {
  readonly mechanism: SaslSettings['mechanism'];
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly tokenUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scope?: string;
}

export interface KafkaSettings {
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[];
  readonly client: Omit<ClientOptions, 'log'>;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  readonly compression: Compression | undefined;
  readonly replication: number | undefined;
  /** The first signs what a replay sends back, all are believed; none: nothing is. */
  readonly replayKeys: readonly string[];
}

const DEFAULT_PORT = 9092;
const DEFAULT_CLIENT_ID = 'sluice';
/** Long enough for a pause of the process, short enough that a killed one does not hold its partitions for long. */
const DEFAULT_SESSION_MS = 10_000;
const MAX_HEARTBEAT_MS = 1000;
const HEARTBEATS_PER_SESSION = 20;

/** Throws ConfigError that says what is missing and where to put it. `brokers` (of a flag, or the environment) go before those of the spec. */
export function kafkaSettings(spec: KafkaSpec, brokers?: string): KafkaSettings {
  const timeout = (name: TimeoutName, otherwise: number) => {
    const text = spec.timeouts?.[name];
    return text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
  };
  const sessionTimeoutMs = timeout('session', DEFAULT_SESSION_MS);
  return {
    bootstrap: addresses(brokers ?? spec.brokers),
    client: {
      clientId: spec.clientId ?? DEFAULT_CLIENT_ID,
      ssl: sslOf(spec.tls),
      sasl: spec.sasl === undefined ? undefined : saslOf(spec.sasl),
      connectionTimeoutMs: timeout('connect', 10_000),
      requestTimeoutMs: timeout('request', 30_000),
    },
    sessionTimeoutMs,
    heartbeatMs: timeout('heartbeat', Math.min(MAX_HEARTBEAT_MS, sessionTimeoutMs / HEARTBEATS_PER_SESSION)),
    rebalanceTimeoutMs: timeout('rebalance', 60_000),
    transactionTimeoutMs: timeout('transaction', 30_000),
    compression: spec.compression,
    replication: spec.replication,
    replayKeys: spec.replayKey === undefined ? [] : [spec.replayKey].flat(),
  };
}

function addresses(brokers: string | readonly string[] | undefined): KafkaSettings['bootstrap'] {
  const list = (typeof brokers === 'string' ? brokers.split(',') : (brokers ?? []))
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (list.length === 0)
    throw new ConfigError(
      'no Kafka broker is named: give --brokers HOST:PORT, set KAFKA_BROKERS, or write `kafka: { brokers: … }` (to work on files instead, give --local DIR)',
      { code: 'no-broker' },
    );
  return list.map((text) => {
    const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
    const port = Number(match?.[3] ?? DEFAULT_PORT);
    if (match === null || port === 0 || port > 65_535)
      throw new ConfigError(`broker ${text}: expected HOST:PORT, as in localhost:9092`, { code: 'broker-address' });
    return { host: match[1] ?? match[2] ?? '', port };
  });
}

function sslOf(tls: KafkaSpec['tls']): ClientOptions['ssl'] {
  if (tls === undefined || tls === false) return undefined;
  if (tls === true) return {};
  const { serverName, verify, ...rest } = tls;
  return {
    ...rest,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verify === undefined ? {} : { rejectUnauthorized: verify }),
  };
}

function saslOf(sasl: SaslSpec): SaslSettings {
  const { mechanism, username, password } = sasl;
  if (mechanism === 'oauthbearer') return { mechanism, authenticationProvider: oauthBearer(tokenSource(sasl)) };
  if (username === undefined || password === undefined)
    throw new ConfigError(`kafka.sasl: ${mechanism} needs username and password`, { code: 'sasl-incomplete' });
  return { mechanism, username, password };
}
