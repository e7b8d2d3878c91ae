import { type TSchema, Type } from '@sinclair/typebox';
import { DURATION_PATTERN } from '../core/units.ts';

const closed = { additionalProperties: false } as const;
const optional = (schema: TSchema) => Type.Optional(schema);
const Duration = (description: string) =>
  Type.Optional(Type.String({ pattern: DURATION_PATTERN, unit: 'duration', description }));
const Text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const words = (...all: readonly string[]) => Type.Union(all.map((word) => Type.Literal(word)));

/** Characters of the shortest secret that is taken. */
export const MIN_REPLAY_KEY = 16;

const Tls = Type.Object(
  {
    ca: Text('Certificates trusted, PEM; default: those of Node.'),
    cert: Text('Own certificate chain, PEM.'),
    key: Text('Key of the certificate, PEM.'),
    passphrase: Text('Of the key.'),
    serverName: Text('Name the certificate of the broker must carry.'),
    verify: Type.Optional(Type.Boolean({ description: 'false takes any certificate: for tests only.' })),
  },
  closed,
);

const Sasl = Type.Object(
  {
    mechanism: words('plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'),
    username: Text('plain and scram.'),
    password: Text('plain and scram.'),
    token: Text('oauthbearer: a token that does not expire.'),
    tokenUrl: Text('oauthbearer: where tokens are asked for with client credentials.'),
    clientId: Text('oauthbearer: who asks.'),
    clientSecret: Text('oauthbearer: the secret of who asks.'),
    scope: Text('oauthbearer: what is asked for.'),
  },
  closed,
);

const Timeouts = Type.Object(
  {
    connect: Duration('Until a connection stands; default 10s.'),
    request: Duration('Until a request is answered; default 30s.'),
    session: Duration('Until the group takes a silent member for dead; default 10s.'),
    heartbeat: Duration('Between signs of life; default a twentieth of the session, at most 1s.'),
    rebalance: Duration('Until members have joined a rebalance; default 60s.'),
    transaction: Duration('Until the broker aborts a transaction that is left open; default 30s.'),
  },
  closed,
);

const Registry = Type.Object(
  {
    url: Text('http or https; default SCHEMA_REGISTRY_URL of the environment.'),
    username: Text('Basic authentication.'),
    password: Text('Basic authentication.'),
    token: Text('Bearer token, instead of username and password.'),
    timeout: Duration('Until a question is answered; default 5s.'),
  },
  { ...closed, description: 'Schema registry of the formats avro and json-schema.' },
);

/** `kafka:` of a topology, and a file given with `--kafka-config`. */
export const KafkaSchema = Type.Object(
  {
    brokers: optional(
      Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], {
        description: 'host:port, one or several.',
      }),
    ),
    clientId: Text('Name in the logs and quotas of the brokers; default sluice.'),
    tls: optional(Type.Union([Type.Boolean(), Tls], { description: 'true: TLS with the certificates Node trusts.' })),
    sasl: optional(Sasl),
    registry: optional(Registry),
    timeouts: optional(Timeouts),
    compression: optional({
      ...words('none', 'gzip', 'snappy', 'lz4', 'zstd'),
      description: 'Of outputs that say nothing else.',
    } as TSchema),
    replayKey: optional(
      Type.Union(
        [
          Type.String({ minLength: MIN_REPLAY_KEY }),
          Type.Array(Type.String({ minLength: MIN_REPLAY_KEY }), { minItems: 1 }),
        ],
        {
          description:
            'Secret that signs what `sluice replay` sends back; of several the first signs and all are believed. Default: SLUICE_REPLAY_KEY of the environment.',
        },
      ),
    ),
    replication: optional(
      Type.Integer({
        minimum: 1,
        description: 'Copies of topics that are made; default 3, or as many as there are nodes.',
      }),
    ),
  },
  { ...closed, description: 'Connection to the brokers.' },
);
