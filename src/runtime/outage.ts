import type { Clock } from '../core/clock.ts';
import { OutageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export interface OutageOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Name for the log. */
  readonly task: string;
  /** It is out, and why. */
  readonly onWait: (reason: string) => void;
  /** Between two tries: what waited for `ms`. May reject: then there is no next try. */
  readonly onElapsed: (service: string, ms: number) => Promise<void>;
  /** It is back. */
  readonly onBack: () => void;
}

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5000;
const LOG_EVERY_MS = 30_000;

/**
 * Does `work` until no OutageError comes of it, with pauses of 0.25 s that double up to 5 s. False when `signal` aborted before
 * it was done; any other error is the caller's. `retry` is false the first time.
 */
export async function waitOut(
  work: (retry: boolean) => Promise<void> | undefined,
  options: OutageOptions,
): Promise<boolean> {
  const { clock, log, signal, task } = options;
  const started = clock.elapsed();
  let told = started;
  let logged = Number.NEGATIVE_INFINITY;
  for (let attempt = 0; ; attempt++) {
    const error = await outageOf(work(attempt > 0));
    if (error === undefined) break;
    const now = clock.elapsed();
    if (attempt === 0) options.onWait(error.message);
    if (now - logged >= LOG_EVERY_MS) {
      log.warn('outage', `${task} waits: ${error.message}`, {
        service: error.service,
        sinceMs: Math.round(now - started),
      });
      logged = now;
    }
    await options.onElapsed(error.service, now - told);
    told = now;
    if (signal.aborted) return false;
    await clock.sleep(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt), signal).catch(() => {}); // the stop is seen below
    if (signal.aborted) return false;
  }
  if (logged === Number.NEGATIVE_INFINITY) return true;
  log.info('outage-over', `${task} goes on`, { waitedMs: Math.round(clock.elapsed() - started) });
  options.onBack();
  return true;
}

async function outageOf(work: Promise<void> | undefined): Promise<OutageError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof OutageError) return error;
    throw error;
  }
}
