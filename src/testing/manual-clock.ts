import type { Clock } from '../core/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** An hour: no test waits so long for something that still moves. */
const PATIENCE_MS = 3_600_000;
/** Real milliseconds to wait for work that sleeps on no clock. */
const REAL_PATIENCE_MS = 3000;

/** A clock that stands still until it is told to go on. Wall and monotonic time are the same number. */
export class ManualClock implements Clock {
  private time: number;
  private timers: Timer[] = [];
  private order = 0;

  constructor(startMs = 0) {
    this.time = startMs;
  }

  now(): number {
    return this.time;
  }

  elapsed(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        this.timers = this.timers.filter((one) => one !== timer);
        reject(signal?.reason);
      };
      const timer: Timer = {
        at: this.time + Math.max(0, ms),
        order: this.order++,
        fire: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.timers.push(timer);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  get sleepers(): number {
    return this.timers.length;
  }

  /** Wakes who is due within `ms`, in order of time, letting each run as far as it can. */
  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    await settle();
    for (let timer = this.earliest(); timer !== undefined && timer.at <= until; timer = this.earliest()) {
      await this.wake(timer);
    }
    this.time = until;
    await settle();
  }

  /** Lets time pass, from sleeper to sleeper, until `work` is done. Fails when it waits for something that is no timer, or for ever. */
  async until<T>(work: Promise<T>, withinMs = PATIENCE_MS): Promise<T> {
    const end = this.time + withinMs;
    let done = false;
    const watched = work.finally(() => {
      done = true;
    });
    watched.catch(() => {}); // the caller gets it below
    for (;;) {
      await settle();
      if (done) return watched;
      const timer = this.earliest();
      if (timer === undefined) {
        if (await this.movesInRealTime(() => done)) continue;
        throw new Error('nothing moves: the work waits, and nobody sleeps on this clock');
      }
      if (timer.at > end) throw new Error(`the work was not done within ${withinMs} ms of its clock`);
      await this.wake(timer);
    }
  }

  /** What is no timer of this clock (loading WASM, reading a file) may need real time: it gets some before it counts as stuck. */
  private async movesInRealTime(isDone: () => boolean): Promise<boolean> {
    for (let waited = 0; waited < REAL_PATIENCE_MS; waited++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (isDone() || this.earliest() !== undefined) return true;
    }
    return false;
  }

  private async wake(timer: Timer): Promise<void> {
    this.timers = this.timers.filter((one) => one !== timer);
    this.time = Math.max(this.time, timer.at);
    timer.fire();
    await settle();
  }

  private earliest(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers)
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    return first;
  }
}

/** All promise reactions have run once the event loop turns. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
