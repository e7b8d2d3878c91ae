import { kafkajsModule } from './kafkajs.ts';

/** What is used of kafkajs' `SocketRequest`. */
interface SocketRequest {
  readonly correlationId: number;
}

/**
 * The requests of a connection that wait for their answer, with what kafkajs uses of the Map it keeps them in. A Map that has seen
 * many entries moves to another table, and V8's old table names the new one, for iterators that may still stand in it. Once one
 * table has grown old, all that follow it stay until everything is collected, and with them requests long answered, the batches
 * they sent, and the memory outside the heap those lie in.
 *
 * Few at a time, and answered in the order they were sent in: a list is enough.
 */
export class RequestsInFlight {
  private readonly list: SocketRequest[] = [];

  get size(): number {
    return this.list.length;
  }

  has(correlationId: number): boolean {
    return this.indexOf(correlationId) >= 0;
  }

  get(correlationId: number): SocketRequest | undefined {
    return this.list[this.indexOf(correlationId)];
  }

  set(_correlationId: number, request: SocketRequest): this {
    this.list.push(request);
    return this;
  }

  delete(correlationId: number): boolean {
    const index = this.indexOf(correlationId);
    if (index >= 0) this.list.splice(index, 1);
    return index >= 0;
  }

  clear(): void {
    this.list.length = 0;
  }

  /** As they are now: each may go while they are looked at. */
  values(): readonly SocketRequest[] {
    return this.list.slice();
  }

  forEach(look: (request: SocketRequest) => void): void {
    for (const request of this.values()) look(request);
  }

  private indexOf(correlationId: number): number {
    return this.list.findIndex((request) => request.correlationId === correlationId);
  }
}

/** Makes the connections that kafkajs opens from now on keep their requests in RequestsInFlight. Idempotent. */
export function forgetAnsweredRequests(): void {
  const { prototype } = kafkajsModule('network/requestQueue/index.js') as { readonly prototype: object };
  Object.defineProperty(prototype, 'inflight', {
    configurable: true,
    // its constructor assigns a Map
    set(this: object) {
      Object.defineProperty(this, 'inflight', { value: new RequestsInFlight() });
    },
  });
}
