import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../core/clock.ts';
import type { RunObserver } from '../core/observer.ts';
import type { TransportObserver } from '../core/transport.ts';
import { type RunSummary, RunTotals } from '../runtime/run-totals.ts';
import { errorOf, retell, type Told, type WorkerTask } from './worker-messages.ts';

export interface WorkerPoolOptions {
  readonly topology: string;
  readonly count: number;
  readonly task: WorkerTask;
  readonly observer: RunObserver;
  readonly transport: TransportObserver;
  readonly onSuppressed: (code: string, lines: number) => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Worker threads that share nothing: each is a member of the group with a connection, tasks and state of its own, as a process
 * would be. What they tell meets in the observers of this thread, so metrics, console and summary are of all of them. One that
 * fails or dies stops the others, and rejects with its error.
 */
export async function runWorkers(options: WorkerPoolOptions): Promise<RunSummary> {
  const { count, task, signal, clock = systemClock } = options;
  const started = clock.elapsed();
  const totals = new RunTotals();
  const observer: RunObserver = {
    ...options.observer,
    commit(report) {
      totals.committed(report);
      options.observer.commit?.(report);
    },
    taskLeft(id, counts, resumed) {
      totals.left(id, counts, resumed);
      options.observer.taskLeft?.(id, counts, resumed);
    },
  };
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  const hear = (told: Told) => {
    if (told.kind === 'suppressed') options.onSuppressed(told.code, told.lines);
    else retell(told, { run: observer, transport: options.transport });
  };
  const ends = await Promise.allSettled(
    Array.from({ length: count }, async (_, i) => {
      try {
        await runWorker(i + 1, { task, hear, signal: all });
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw stop.signal.reason;
  return totals.summary(options.topology, (clock.elapsed() - started) / 1000);
}

interface WorkerOptions {
  readonly task: WorkerTask;
  readonly hear: (told: Told) => void;
  readonly signal: AbortSignal;
}

/** Resolves when the thread has ended well. */
function runWorker(number: number, { task, hear, signal }: WorkerOptions): Promise<void> {
  const worker = new Worker(program(), { workerData: task, name: `sluice-${number}` });
  return new Promise((resolve, reject) => {
    const onAbort = () => worker.postMessage('stop');
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    let failure: Error | undefined;
    worker.on('message', (told: Told) => {
      if (told.kind === 'failed') failure ??= errorOf(told.error);
      else hear(told);
    });
    worker.once('error', (error) => {
      failure ??= new Error(`worker ${number} died`, { cause: error });
    });
    worker.once('exit', (code) => {
      signal.removeEventListener('abort', onAbort);
      if (failure !== undefined) reject(failure);
      else if (code === 0) resolve();
      else reject(Object.assign(new Error(`worker ${number} ended with ${code}`), { code: 'worker-died' }));
    });
  });
}

/** Beside this file, as source or compiled. */
function program(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './run-worker.ts' : './run-worker.js', import.meta.url);
}
