import { BrokerError, ConfigError, messageOf, StateError } from '../../core/errors.ts';
import { protocolError } from './wire/kafkajs.ts';

/**
 * What an error of the client means for whoever made the request.
 *
 * - `stale`: another node leads, or coordinates: look again and repeat.
 * - `busy`: not now; repeat after a moment.
 * - `lost`: the connection broke or timed out: whether the request had an effect is unknown.
 * - `fenced`: this producer is over; a newer one, or the coordinator, has taken its place.
 * - `member`: the group has moved on without this member.
 * - `fatal`: repeating cannot help.
 */
export type ErrorKind = 'stale' | 'busy' | 'lost' | 'fenced' | 'member' | 'fatal';

const KINDS: Readonly<Record<number, ErrorKind>> = {
  3: 'stale', // UNKNOWN_TOPIC_OR_PARTITION: metadata of a new topic lags
  5: 'stale', // LEADER_NOT_AVAILABLE
  6: 'stale', // NOT_LEADER_OR_FOLLOWER
  9: 'stale', // REPLICA_NOT_AVAILABLE
  15: 'stale', // COORDINATOR_NOT_AVAILABLE
  16: 'stale', // NOT_COORDINATOR
  41: 'stale', // NOT_CONTROLLER
  56: 'stale', // KAFKA_STORAGE_ERROR
  74: 'stale', // FENCED_LEADER_EPOCH
  75: 'stale', // UNKNOWN_LEADER_EPOCH
  7: 'busy', // REQUEST_TIMED_OUT
  14: 'busy', // COORDINATOR_LOAD_IN_PROGRESS
  19: 'busy', // NOT_ENOUGH_REPLICAS
  20: 'busy', // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  51: 'busy', // CONCURRENT_TRANSACTIONS
  88: 'busy', // UNSTABLE_OFFSET_COMMIT
  47: 'fenced', // INVALID_PRODUCER_EPOCH: how a fenced producer shows with the versions of this client
  49: 'fenced', // INVALID_PRODUCER_ID_MAPPING: the id expired after idle days
  90: 'fenced', // PRODUCER_FENCED
  22: 'member', // ILLEGAL_GENERATION
  25: 'member', // UNKNOWN_MEMBER_ID
  27: 'member', // REBALANCE_IN_PROGRESS
  82: 'member', // FENCED_INSTANCE_ID
};

export const REBALANCE_IN_PROGRESS = 27;
export const OFFSET_OUT_OF_RANGE = 1;
export const UNKNOWN_TOPIC_OR_PARTITION = 3;
export const TOPIC_ALREADY_EXISTS = 36;

/** Code of the protocol, undefined for anything else. */
export function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

export function kindOf(error: unknown): ErrorKind {
  const code = codeOf(error);
  if (code !== undefined) return KINDS[code] ?? 'fatal';
  const name = (error as { name?: unknown } | undefined)?.name;
  if (name === 'KafkaJSSASLAuthenticationError') return 'fatal';
  if (name === 'KafkaJSNonRetriableError' || error instanceof TypeError) return 'fatal';
  return isOurs(error) ? 'fatal' : 'lost';
}

export interface FailureContext {
  /** What was tried: `committing orders/source/orders.raw/0`. */
  readonly what: string;
}

/** The error of ours for an error of the client, ours as it is. Everything but `fatal` can be mended by opening the task again. */
export function brokerError(error: unknown, { what }: FailureContext): BrokerError | StateError | ConfigError {
  if (isOurs(error)) return error;
  const kind = kindOf(error);
  const said = messageOf(error);
  const type = (error as { type?: unknown } | undefined)?.type;
  const name = typeof type === 'string' ? ` (${type})` : '';
  return new BrokerError(`${what}: ${said}${name}`, {
    code: CODES[kind],
    cause: error,
    retryable: kind !== 'fatal',
  });
}

function isOurs(error: unknown): error is BrokerError | StateError | ConfigError {
  return error instanceof BrokerError || error instanceof StateError || error instanceof ConfigError;
}

const CODES: Readonly<Record<ErrorKind, string>> = {
  stale: 'broker-moved',
  busy: 'broker-busy',
  lost: 'unknown-outcome',
  fenced: 'fenced',
  member: 'generation-over',
  fatal: 'broker-refused',
};

/** The client's error for a code that stands inside an answer. */
export function protocolFailure(code: number, context: string): Error {
  return protocolError(code, context);
}
