import type { Clock } from '../../../core/clock.ts';
import { kafkajsModule } from './kafkajs.ts';

/** What is used of kafkajs' `RequestQueue`. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly inflight: ReadonlyMap<number, unknown>;
  readonly maxInFlightRequests: number | null;
  /** Milliseconds since the epoch. */
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/**
 * Replaces the check of kafkajs' request queue. The original arms a timer after every answer, also when nothing is
 * throttled and nothing waits: 1,000 wake-ups a second on an idle connection, each with a negative time-out that Node 24
 * warns about. This one arms a timer only while a request waits for the end of throttling; one that waits for its turn is
 * sent when an answer frees it. Idempotent; for all connections of the process.
 */
export function replaceRequestQueueTimer(clock: Clock): void {
  const Queue = kafkajsModule('network/requestQueue/index.js') as { readonly prototype: RequestQueue };
  Queue.prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    if (this.maxInFlightRequests !== null && this.inflight.size >= this.maxInFlightRequests) return;
    const waitMs = Math.max(this.throttledUntil - clock.now(), 1);
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    }, waitMs);
  };
}
