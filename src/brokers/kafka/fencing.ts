import { BrokerError } from '../../core/errors.ts';
import type { Lane } from './lane.ts';
import { brokerError, kindOf } from './protocol-errors.ts';

/** Who writes: what the coordinator knows a producer by. */
export interface ProducerIdentity {
  /** Undefined: idempotent, without transactions. */
  readonly transactionalId: string | undefined;
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface FenceOptions {
  readonly transactionTimeoutMs: number;
  readonly patienceMs: number;
}

/**
 * InitProducerId: shuts out every earlier holder of the id, and completes or aborts what it left open; answered once that is done.
 * After it, what the id has committed is there to be read, and nothing of an earlier holder can follow.
 */
export async function fence(lane: Lane, transactionalId: string, options: FenceOptions): Promise<ProducerIdentity> {
  const request = { transactionalId, transactionTimeout: options.transactionTimeoutMs };
  try {
    const { producerId, producerEpoch } = await lane.onCoordinator(
      { kind: 'transaction', key: transactionalId },
      { patienceMs: options.patienceMs, repeatLost: true },
      (node) => node.initProducerId(request),
    );
    return { transactionalId, producerId, producerEpoch };
  } catch (error) {
    if (kindOf(error) === 'fatal') throw brokerError(error, { what: `transactional id ${transactionalId}` });
    throw new BrokerError(`the coordinator of transactional id ${transactionalId} gives no producer id`, {
      code: 'not-fenced',
      cause: error,
      retryable: true,
    });
  }
}

/** An identity without a transactional id: nobody is shut out; numbers keep the broker from writing a repeated send twice. */
export async function idempotent(
  lane: Lane,
  at: { topic: string; partition: number },
  options: FenceOptions,
): Promise<ProducerIdentity> {
  const request = { transactionalId: null, transactionTimeout: options.transactionTimeoutMs };
  const { producerId, producerEpoch } = await lane.onLeader(
    at,
    { patienceMs: options.patienceMs, repeatLost: true },
    (node) => node.initProducerId(request),
  );
  return { transactionalId: undefined, producerId, producerEpoch };
}
