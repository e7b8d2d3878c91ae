import { isDeepStrictEqual } from 'node:util';
import { ConfigError, PlanError, StateError } from '../core/errors.ts';
import type { Plan } from '../topology/plan.ts';
import { onHangup } from './hangup.ts';
import { isModule } from './load.ts';
import type { RunHost } from './run-host.ts';
import type { TopologyRun, Version } from './run-topology.ts';
import { checkSideBySide, type SideBySideFlags } from './side-by-side.ts';
import { watchFile } from './watch-files.ts';

interface ReloadOptions {
  readonly runs: readonly TopologyRun[];
  /** Reads and plans a file as at the start. */
  readonly read: (path: string) => Promise<Version>;
  readonly flags: SideBySideFlags & { readonly watch?: boolean };
  readonly host: RunHost;
}

/**
 * Reads topology files again on SIGHUP (all of them) and, with `--watch`, when one has changed. What a restart would refuse is
 * refused here, before anything is stopped, as far as the two versions show it; the rest when the next one is opened.
 */
export function reloads(options: ReloadOptions): { dispose(): void } {
  const { runs, flags, host } = options;
  if (flags.watch) for (const { path } of runs) if (isModule(path)) throw moduleIsKept(path, 'watch-module');
  let tail = Promise.resolve();
  const request = (asked: readonly TopologyRun[]) => {
    tail = tail.then(async () => {
      for (const run of asked) await reload(run, options);
    });
  };
  const sources = [
    onHangup(() => request(runs)),
    ...(flags.watch ? runs : []).map((run) =>
      watchFile(run.path, {
        changed: () => request([run]),
        failed: (error) =>
          host.log.error('watch-failed', `${run.path} is not watched any more`, { error: String(error) }),
      }),
    ),
  ];
  return {
    dispose() {
      for (const source of sources) source.dispose();
    },
  };
}

async function reload(run: TopologyRun, options: ReloadOptions): Promise<void> {
  const { host } = options;
  try {
    const version = await readAgain(run, options);
    if (version === undefined) host.reloaded(run.name, 'unchanged');
    else run.changeTo(version);
  } catch (error) {
    host.reloaded(run.name, 'refused', error);
  }
}

/** Undefined when it says what it said before. */
async function readAgain(run: TopologyRun, { runs, read, flags }: ReloadOptions): Promise<Version | undefined> {
  const { path, newest } = run;
  if (isModule(path)) throw moduleIsKept(path, 'reload-module');
  const version = await read(path);
  if (run.over) throw new ConfigError(`${run.name} has come to its end`, { code: 'run-over' });
  const { plan } = version;
  if (saysTheSame(newest, version)) return undefined;
  if (plan.name !== run.name)
    throw new PlanError(`it is called ${plan.name} now: that is another topology, with a state of its own. Start it`, {
      code: 'name-changed',
    });
  refuseLostState(newest.plan, plan);
  checkSideBySide(
    runs.map((one) => (one === run ? plan : one.newest.plan)),
    flags,
  );
  return version;
}

function moduleIsKept(path: string, code: string): ConfigError {
  return new ConfigError(`${path} is a module, and a process reads those once: restart it to change the topology`, {
    code,
  });
}

/** Comments and order aside; a secret it refers to may have changed as well. */
function saysTheSame(one: Version, other: Version): boolean {
  return (
    isDeepStrictEqual(one.topology.raw, other.topology.raw) &&
    one.plan.fingerprint === other.plan.fingerprint &&
    isDeepStrictEqual(one.plan.kafka, other.plan.kafka)
  );
}

/** Throws where state of a step would find no owner any more (runtime/task-state.ts refuses it when the task is opened). */
function refuseLostState(from: Plan, to: Plan): void {
  for (const stage of from.stages) {
    const steps = to.stages.find(({ id }) => id === stage.id)?.steps;
    if (steps === undefined)
      throw new StateError(
        `there was a step ${stage.id}, and what it has passed on may not have been read yet: put it back, or, after a run that came to the end of its input, start with --reset-state ${stage.id}`,
        { code: 'stage-gone' },
      );
    for (const { id, operator, config, stateHash } of stage.steps) {
      if (operator.scope(config) === 'none') continue;
      const now = steps.find((step) => step.id === id);
      if (now?.stateHash === stateHash) continue;
      throw new StateError(
        `the state of ${from.name} was made when ${now === undefined ? `there was a step ${id}` : `step ${id} was configured differently`}: undo the change, or stop the run and start it with --reset-state ${id}`,
        { code: 'state-changed' },
      );
    }
  }
}
