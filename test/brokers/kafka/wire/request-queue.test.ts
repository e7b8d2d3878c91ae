import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kafkajsModule, replaceRequestQueueTimer } from '../../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../../src/core/clock.ts';

interface Queue {
  throttledUntil: number;
  push(request: object): void;
  maybeThrottle(ms: number): void;
  fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void;
}

const Original = kafkajsModule('network/requestQueue/index.js') as (new (
  options: object,
) => Queue) & { prototype: Queue };
const original = Object.getOwnPropertyDescriptor(Original.prototype, 'scheduleCheckPendingRequests')!;

const logger = { debug() {}, warn() {}, info() {}, error() {}, namespace: () => logger };

function makeQueue(maxInFlightRequests: number | null): { queue: Queue; sent: number[]; push(id: number): void } {
  const queue = new Original({
    maxInFlightRequests,
    requestTimeout: 1000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger,
  });
  const sent: number[] = [];
  const push = (correlationId: number) =>
    queue.push({
      entry: { apiKey: 0, apiVersion: 0, apiName: 'Any', correlationId, resolve() {}, reject() {} },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId),
    });
  return { queue, sent, push };
}

const answer = (queue: Queue, correlationId: number) =>
  queue.fulfillRequest({ correlationId, payload: Buffer.alloc(0), size: 0 });

describe('the timer of the request queue', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
    replaceRequestQueueTimer({ ...systemClock, now: () => Date.now() });
  });
  afterEach(() => {
    vi.useRealTimers();
    Object.defineProperty(Original.prototype, 'scheduleCheckPendingRequests', original);
  });

  it('sleeps when nothing waits; the original wakes for ever', () => {
    const ours = makeQueue(null);
    ours.push(1);
    answer(ours.queue, 1);
    expect(vi.getTimerCount()).toBe(0);

    Object.defineProperty(Original.prototype, 'scheduleCheckPendingRequests', original);
    const delays = vi.spyOn(globalThis, 'setTimeout');
    const theirs = makeQueue(null);
    theirs.push(1);
    answer(theirs.queue, 1);
    vi.advanceTimersByTime(20);
    expect(vi.getTimerCount()).toBe(1);
    expect(delays.mock.calls.some(([, ms]) => (ms ?? 0) < 0)).toBe(true);
  });

  it('holds a request back while the node asks for patience, and sends it then', () => {
    const { queue, sent, push } = makeQueue(null);
    queue.maybeThrottle(50);
    push(1);
    push(2);
    vi.advanceTimersByTime(49);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(sent).toEqual([1, 2]);
    answer(queue, 1);
    answer(queue, 2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends a request that waits for its turn when an answer frees it, without a timer', () => {
    const { queue, sent, push } = makeQueue(1);
    push(1);
    push(2);
    expect([sent, vi.getTimerCount()]).toEqual([[1], 0]);
    answer(queue, 1);
    expect([sent, vi.getTimerCount()]).toEqual([[1, 2], 0]);
  });

  it('does both: in turn, and after the throttle', () => {
    const { queue, sent, push } = makeQueue(1);
    push(1);
    push(2);
    queue.maybeThrottle(30);
    answer(queue, 1);
    expect(sent).toEqual([1]);
    vi.advanceTimersByTime(31);
    expect(sent).toEqual([1, 2]);
  });
});
