/** Calls under way, by key. */
interface Flight<T> {
  readonly result: Promise<() => T>;
  readonly controller: AbortController;
  waiters: number;
}

export interface FlightStats {
  /** Executions started. */
  calls: number;
  /** Callers that joined an execution under way. */
  shared: number;
  /** Executions run alone because a bound was reached. */
  overflow: number;
}

export interface FlightLimits {
  /** Executions under way that others can join. */
  readonly maxFlights: number;
  /** Callers waiting, over all flights. */
  readonly maxWaiters: number;
}

/**
 * Single flight: callers with one key share one execution. Each waits under its own signal; the execution is aborted
 * only when the last of them has left. An error goes to all who wait for that execution and to nobody after.
 * The entry goes before any waiter runs, so whoever retries starts anew.
 */
export class Flights<T> {
  readonly stats: FlightStats = { calls: 0, shared: 0, overflow: 0 };
  private readonly flights = new Map<string, Flight<T>>();
  private readonly limits: FlightLimits;
  private waiting = 0;

  constructor(limits: FlightLimits) {
    this.limits = limits;
  }

  get open(): number {
    return this.flights.size;
  }

  /** `start` gets the flight's signal. Rejects with the caller's abort reason, or with the execution's error. */
  async run(key: string, start: (signal: AbortSignal) => Promise<() => T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    let flight = this.flights.get(key);
    if (flight === undefined) {
      if (this.flights.size >= this.limits.maxFlights) return this.alone(start, signal);
      flight = this.begin(key, start);
    } else if (this.waiting >= this.limits.maxWaiters) {
      return this.alone(start, signal);
    } else this.stats.shared++;
    return this.wait(key, flight, signal);
  }

  private async alone(start: (signal: AbortSignal) => Promise<() => T>, signal?: AbortSignal): Promise<T> {
    this.stats.overflow++;
    this.stats.calls++;
    return (await start(signal ?? new AbortController().signal))();
  }

  private begin(key: string, start: (signal: AbortSignal) => Promise<() => T>): Flight<T> {
    this.stats.calls++;
    const controller = new AbortController();
    const result = start(controller.signal).finally(() => this.remove(key, flight));
    const flight: Flight<T> = { result, controller, waiters: 0 };
    result.catch(() => {}); // every waiter may have left; those who stay get the rejection from their own wait
    this.flights.set(key, flight);
    return flight;
  }

  private remove(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }

  private async wait(key: string, flight: Flight<T>, signal?: AbortSignal): Promise<T> {
    flight.waiters++;
    this.waiting++;
    try {
      return (await abortable(flight.result, signal))();
    } finally {
      this.waiting--;
      if (--flight.waiters === 0 && this.flights.get(key) === flight) {
        this.flights.delete(key);
        flight.controller.abort(new DOMException('nobody waits for this query any more', 'AbortError'));
      }
    }
  }
}

function abortable<V>(promise: Promise<V>, signal: AbortSignal | undefined): Promise<V> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
