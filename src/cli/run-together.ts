import type { Log } from '../core/log.ts';
import type { RunSummary } from '../runtime/run.ts';
import type { TopologyRun } from './run-topology.ts';
import type { StopSignal } from './stop-signal.ts';

export interface Together {
  /** Of those that came to their end or were stopped, in the order given. */
  readonly summaries: readonly RunSummary[];
  /** Of the first that failed. */
  readonly failure?: { readonly error: unknown };
}

/** Opens all or none. */
export async function openAll(runs: readonly TopologyRun[]): Promise<void> {
  const opened = await Promise.allSettled(runs.map((run) => run.open()));
  for (const one of opened) if (one.status === 'rejected') throw one.reason;
}

/** Runs topologies side by side. When one fails for good the others stop after a last commit, as by SIGTERM. */
export async function runTogether(
  runs: readonly TopologyRun[],
  { stop, log }: { readonly stop: StopSignal; readonly log: Log },
): Promise<Together> {
  let failure: Together['failure'];
  const ends = await Promise.all(
    runs.map(async (run): Promise<RunSummary | undefined> => {
      try {
        return await run.run(stop.signal);
      } catch (error) {
        failure ??= { error };
        if (runs.length > 1)
          log.error('topology-failed', `${run.name} failed: the others stop after a last commit`, {
            error: String(error),
          });
        stop.stop(new Error(`${run.name} failed`));
        return undefined;
      }
    }),
  );
  const summaries = ends.filter((end) => end !== undefined);
  return failure === undefined ? { summaries } : { summaries, failure };
}
