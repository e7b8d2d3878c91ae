import { type Command, Option } from 'commander';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { RunSummary } from '../runtime/run.ts';
import { EXIT } from './exit.ts';
import { folderView } from './folder-view.ts';
import { type Gate, parseGate } from './gates.ts';
import { addKafkaFlags, registryOf } from './kafka-flags.ts';
import { load, planOf } from './load.ts';
import { rebaselineCommands } from './rebaseline-flag.ts';
import { reloads } from './reload.ts';
import { checkGates, type EndFlags, printSummary } from './run-end.ts';
import { type HostFlags, RunHost } from './run-host.ts';
import { openAll, runTogether } from './run-together.ts';
import { type TopologyFlags, TopologyRun, type Version } from './run-topology.ts';
import { checkSideBySide } from './side-by-side.ts';
import { type StopSignal, stopSignal } from './stop-signal.ts';
import { workerCount } from './workers-flag.ts';

interface RunFlags extends TopologyFlags, HostFlags, EndFlags {
  readonly workers?: string;
  readonly watch?: boolean;
  readonly failOn: readonly string[];
  readonly local?: string;
  readonly logLevel: HostFlags['logLevel'];
}

const list = (value: string, all: readonly string[]) => [...all, value];

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('run a topology, or several in one process: on Kafka, or with --local on files')
    .argument('<topology...>', 'YAML files, or TypeScript modules that export `topology`')
    .option('--local <dir>', 'read and write files; outputs go to DIR/<topic>.ndjson')
    .option('--until-end', 'Kafka: read the inputs to where they end now, then stop (files: the default)')
    .option('--topic <name=path>', 'file or folder of an input topic (repeatable)', list, [])
    .option('--follow', 'wait for more input instead of ending')
    .option('--watch', 'take a topology file up whenever it changes, as SIGHUP does')
    .option('--from-start', 'forget positions and state, and read everything again')
    .option('--overwrite', 'replace outputs that no run of this topology made')
    .option('--force-unlock', 'take over the lock of a run that is known to be gone')
    .option('--workers <n>', 'Kafka: share the partitions among so many threads, each a member of the group')
    .option(
      '--json',
      'print one JSON object as the last line of stdout; of several topologies a line each, in the order given',
    )
    .option('--quiet', 'no progress and no table')
    .option('--report-every <duration>', 'time between progress lines', '5s')
    .option('--fail-on <gate>', "exit with 3 when it holds: 'quarantined > 1%', rule:<name> (repeatable)", list, [])
    .option('--report <file>', 'write an HTML report when the run has ended')
    .option('--http [host:port]', 'serve the console, /metrics, /livez, /readyz (default 127.0.0.1:9464)')
    .option('--http-token-file <file>', 'token asked for on other addresses than loopback')
    .option('--reset-state <step>', 'start a step without its memory (repeatable)', list, [])
    .option('--rebaseline <step[/field][@name]>', 'take a new reference, once for each name (repeatable)', list, [])
    .option('--accept-offsets', 'go on from offsets that were set by hand')
    .option('--accept-replay', 'go on although the topology changed since the last commits')
    .addOption(
      new Option('--log-level <level>', 'what goes to stderr')
        .choices(['silent', 'error', 'warn', 'info', 'debug'])
        .default('warn'),
    );
  addKafkaFlags(command).action(async (paths: string[], flags: RunFlags) => {
    process.exitCode = await run(paths, flags);
  });
}

async function run(paths: readonly string[], flags: RunFlags): Promise<number> {
  const gates = flags.failOn.map(parseGate);
  const onePartition = flags.local !== undefined;
  const workers = workerCount(flags.workers, { onFiles: onePartition });
  const registry = await registryOf(flags, process.env);
  const read = async (path: string): Promise<Version> => {
    const loaded = await load(path);
    const plan = planOf(loaded, { onePartition, env: process.env, registry });
    // a wrong flag is told before anything is opened, or stopped for a reload; beside others the flag is refused as such
    if (paths.length === 1) rebaselineCommands(flags.rebaseline ?? [], plan);
    return { topology: loaded.topology, plan };
  };
  const versions = await Promise.all(paths.map(read));
  const plans = versions.map(({ plan }) => plan);
  checkSideBySide(plans, flags);
  const host = await RunHost.open(flags);
  const runs = versions.map((version, i) => new TopologyRun({ path: paths[i] ?? '', version, flags, host, workers }));
  const again = reloads({ runs, read, flags, host });
  const stop = stopSignal(host.log);
  try {
    if (!(await opened(runs, stop, host.log))) return EXIT.ok;
    await host.serve(plans.map(({ name }) => name));
    const { summaries, failure } = await runTogether(runs, { stop, log: host.log });
    host.endProgress();
    const code = finish(summaries, { flags, gates });
    if (failure !== undefined) throw failure.error;
    if (flags.report !== undefined) await report(flags.report, { flags, host, topology: plans[0]?.name ?? '' });
    return code;
  } finally {
    again.dispose();
    stop.dispose();
    for (const one of runs) await one.close();
    await host.close();
  }
}

/** False when it was asked to stop before everything was open: then nothing has been done, and that is as it was wanted. */
async function opened(runs: readonly TopologyRun[], stop: StopSignal, log: Log): Promise<boolean> {
  try {
    await openAll(runs);
    return true;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    log.warn('stopped', `stopped before it had begun: ${messageOf(error)}`);
    return false;
  }
}

function finish(summaries: readonly RunSummary[], options: { flags: RunFlags; gates: readonly Gate[] }): number {
  for (const summary of summaries) printSummary(summary, options.flags);
  const hold = summaries.map((summary) => checkGates(summary, options.gates));
  return hold.every(Boolean) ? EXIT.ok : EXIT.gate;
}

async function report(
  path: string,
  { flags, host, topology }: { readonly flags: RunFlags; readonly host: RunHost; readonly topology: string },
): Promise<void> {
  const view = flags.local === undefined ? host.viewOf(topology) : await folderView(flags.local, topology);
  if (view === undefined) return;
  const { writeReport } = await import('./report.ts');
  await writeReport(path, view);
}
