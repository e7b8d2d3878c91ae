import { afterEach, describe, expect, it } from 'vitest';
import { forgetAnsweredRequests, kafkajsModule } from '../../../../src/brokers/kafka/wire/index.ts';
import { heldOutside } from '../../../support/collect-garbage.ts';

interface Queue {
  readonly inflight: { readonly size: number };
  push(request: object): void;
  fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void;
  rejectAll(error: Error): void;
}

const Original = kafkajsModule('network/requestQueue/index.js') as (new (
  options: object,
) => Queue) & {
  readonly prototype: Queue & { inflight?: unknown };
};
const logger = { debug() {}, warn() {}, info() {}, error() {}, namespace: () => logger };
const KIB = 1024;

function makeQueue() {
  const queue = new Original({ maxInFlightRequests: null, requestTimeout: 1000, clientId: 'c', broker: 'b', logger });
  const settled: string[] = [];
  const push = (correlationId: number, bytes = new Uint8Array(0)) =>
    queue.push({
      entry: {
        apiKey: 0,
        apiVersion: 0,
        apiName: 'Any',
        correlationId,
        resolve: () => settled.push(`${correlationId} answered`),
        reject: (error: Error) => settled.push(`${correlationId} ${error.message}`),
      },
      expectResponse: true,
      sendRequest: () => bytes.length,
    });
  const answer = (correlationId: number) => queue.fulfillRequest({ correlationId, payload: Buffer.alloc(0), size: 0 });
  return { queue, settled, push, answer };
}

/** MiB of 1000 requests of 64 KiB that are still in memory when they were answered, three in flight at a time. */
function heldOf({ push, answer }: ReturnType<typeof makeQueue>): number {
  return heldOutside(1000, (id) => {
    push(id, new Uint8Array(64 * KIB));
    if (id >= 2) answer(id - 2);
  }).atEnd;
}

describe('forgetAnsweredRequests', () => {
  afterEach(() => {
    Reflect.deleteProperty(Original.prototype, 'inflight');
  });

  it('lets go of an answered request when what is young is collected; the original keeps many until everything is', () => {
    expect(heldOf(makeQueue())).toBeGreaterThan(5);
    forgetAnsweredRequests();
    expect(heldOf(makeQueue())).toBeLessThan(1);
  });

  it('answers in any order, once, and says what it knows nothing of', () => {
    forgetAnsweredRequests();
    const { queue, settled, push, answer } = makeQueue();
    for (const id of [1, 2, 3]) push(id);
    expect(() => push(2)).toThrow(/Correlation id already exists/);
    answer(2);
    answer(2);
    answer(9);
    expect(queue.inflight.size).toBe(2);
    answer(3);
    answer(1);
    expect(settled).toEqual(['2 answered', '3 answered', '1 answered']);
    expect(queue.inflight.size).toBe(0);
  });

  it('fails all that wait when the connection breaks', () => {
    forgetAnsweredRequests();
    const { queue, settled, push } = makeQueue();
    for (const id of [1, 2, 3]) push(id);
    queue.rejectAll(new Error('broken'));
    expect(settled).toEqual(['1 broken', '2 broken', '3 broken']);
    expect(queue.inflight.size).toBe(0);
  });
});
