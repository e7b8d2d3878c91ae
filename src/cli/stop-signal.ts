import type { Log } from '../core/log.ts';
import { EXIT } from './exit.ts';

/** How long a stop may take before the process ends anyway. */
const STOP_DEADLINE_MS = 30_000;

export interface StopSignal {
  readonly signal: AbortSignal;
  /** Asks for a stop as SIGTERM does, for another reason. */
  stop(reason: Error): void;
  dispose(): void;
}

/** The first SIGINT or SIGTERM stops after a last commit, the second ends at once. */
export function stopSignal(log: Log): StopSignal {
  const controller = new AbortController();
  let deadline: NodeJS.Timeout | undefined;
  const stop = (reason: Error) => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    deadline = setTimeout(() => {
      log.error('stop-deadline', `not stopped within ${STOP_DEADLINE_MS / 1000} s: ends as by kill -9`);
      process.exit(EXIT.failed);
    }, STOP_DEADLINE_MS);
    deadline.unref();
  };
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(EXIT.failed);
    log.info('stopping', `${name}: finishing the batch in hand`);
    stop(new Error(name));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    stop,
    dispose() {
      clearTimeout(deadline);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
