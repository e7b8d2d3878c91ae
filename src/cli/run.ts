import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { RunObserver } from '../core/observer.ts';
import { silentTransport, type TransportObserver } from '../core/transport.ts';
import { parseDuration } from '../core/units.ts';
import type { HttpOptions, HttpServer } from '../http/server.ts';
import type { RunSummary } from '../runtime/run.ts';
import { createLog } from '../telemetry/log.ts';
import type { PrometheusExporter } from '../telemetry/prometheus.ts';
import type { Plan } from '../topology/plan.ts';
import { eventsOf, liveView, rulesOf } from './console-source.ts';
import { EXIT } from './exit.ts';
import { folderView, savePlan } from './folder-view.ts';
import { type Gate, parseGate } from './gates.ts';
import { type Address, httpAddress } from './http-address.ts';
import { addKafkaFlags, registryOf } from './kafka-flags.ts';
import { load, packageVersion, planOf } from './load.ts';
import { observers } from './observers.ts';
import { openBroker } from './open-broker.ts';
import { Progress, summaryTable } from './progress.ts';
import { Readiness } from './readiness.ts';
import { rebaselineCommands } from './rebaseline-flag.ts';
import { type MemberFlags, runMember } from './run-member.ts';
import { workerCount } from './workers-flag.ts';

interface RunFlags extends MemberFlags {
  readonly workers?: string;
  readonly report?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly http?: string | true;
  readonly httpTokenFile?: string;
  readonly reportEvery: string;
  readonly failOn: readonly string[];
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

/** How long a stop may take before the process ends anyway. */
const STOP_DEADLINE_MS = 30_000;
const list = (value: string, all: readonly string[]) => [...all, value];

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('run a topology: on Kafka, or with --local on files')
    .argument('<topology>', 'YAML file, or a TypeScript module that exports `topology`')
    .option('--local <dir>', 'read and write files; outputs go to DIR/<topic>.ndjson')
    .option('--until-end', 'Kafka: read the inputs to where they end now, then stop (files: the default)')
    .option('--topic <name=path>', 'file or folder of an input topic (repeatable)', list, [])
    .option('--follow', 'wait for more input instead of ending')
    .option('--from-start', 'forget positions and state, and read everything again')
    .option('--overwrite', 'replace outputs that no run of this topology made')
    .option('--force-unlock', 'take over the lock of a run that is known to be gone')
    .option('--workers <n>', 'Kafka: share the partitions among so many threads, each a member of the group')
    .option('--json', 'print one JSON object as the last line of stdout')
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
  addKafkaFlags(command).action(async (path: string, flags: RunFlags) => {
    process.exitCode = await run(path, flags);
  });
}

async function run(path: string, flags: RunFlags): Promise<number> {
  const gates = flags.failOn.map(parseGate);
  const address = httpAddress(flags.http);
  const onFiles = flags.local !== undefined;
  const workers = workerCount(flags.workers, { onFiles });
  const registry = await registryOf(flags, process.env);
  const plan = planOf(await load(path), { onePartition: onFiles, env: process.env, registry });
  rebaselineCommands(flags.rebaseline ?? [], plan); // a wrong flag is told before anything is opened
  const exporter = address === undefined ? undefined : await makeExporter(plan);
  const onSuppressed = (code: string, lines: number) => exporter?.logSuppressed(code, lines);
  const log = createLog({
    level: flags.logLevel,
    elapsed: systemClock.elapsed,
    write: (line) => process.stderr.write(line),
    onSuppressed,
  });
  const readiness = new Readiness();
  const told = exporter?.transport ?? silentTransport;
  const transport: TransportObserver = {
    ...told,
    restoring(task, done, of) {
      told.restoring(task, done, of);
      readiness.taskProgress(task, { unit: 'state records', done, of });
    },
    conflict(topology, other) {
      told.conflict(topology, other);
      readiness.conflict(topology, other);
    },
  };
  const broker = await openBroker(plan, flags, { log, transport });
  if (flags.local !== undefined) await savePlan(flags.local, plan);
  const progress = flags.quiet ? [] : [progressOf(flags)];
  const isWatched = address !== undefined || (flags.report !== undefined && !onFiles);
  const live = isWatched ? liveView(plan, systemClock) : undefined;
  const http = await serveHttp(address, flags, {
    metrics: async () => (await exporter?.page()) ?? { contentType: 'text/plain', body: '' },
    readiness: () => readiness.report(),
    consoles: new Map(
      live === undefined ? [] : [[plan.name, { view: () => live.view(), find: (query) => live.samples.find(query) }]],
    ),
  });
  const stop = stopSignal(log);
  try {
    const observer = observers([
      ...(exporter === undefined ? [] : [exporter]),
      readiness,
      ...progress,
      ...(live === undefined ? [] : [live]),
    ]);
    const member = { plan, log, observer, signal: stop.signal };
    const summary =
      workers === 1
        ? await runMember(flags, { ...member, broker })
        : await inWorkers(workers, { path, flags, transport, onSuppressed, ...member });
    for (const line of progress) line.end();
    const code = finish(summary, plan, { flags, gates });
    if (flags.report !== undefined) {
      const view = flags.local === undefined ? live : await folderView(flags.local, plan.name);
      if (view !== undefined) {
        const { writeReport } = await import('./report.ts');
        await writeReport(flags.report, view);
      }
    }
    return code;
  } finally {
    stop.dispose();
    await broker.close();
    await http?.close();
  }
}

interface WorkersOptions {
  readonly path: string;
  readonly flags: RunFlags;
  readonly plan: Plan;
  readonly observer: RunObserver;
  readonly transport: TransportObserver;
  readonly onSuppressed: (code: string, lines: number) => void;
  readonly signal: AbortSignal;
}

async function inWorkers(count: number, options: WorkersOptions): Promise<RunSummary> {
  const { path, flags, plan, observer, ...rest } = options;
  const { runWorkers } = await import('./worker-pool.ts');
  const task = { path, flags, logLevel: flags.logLevel, wantsSamples: observer.wantsSamples === true };
  return runWorkers({ topology: plan.name, count, task, observer, ...rest });
}

/** What --http shows; nobody can ask for it without, and then it is not even loaded. */
async function makeExporter(plan: Plan): Promise<PrometheusExporter> {
  const { PrometheusExporter: Exporter } = await import('../telemetry/prometheus.ts');
  const exporter = new Exporter({
    clock: systemClock,
    version: packageVersion(),
    node: process.version,
    memoryLimitBytes: process.constrainedMemory() || totalmem(),
  });
  exporter.watch(plan.name, rulesOf(plan), eventsOf(plan));
  return exporter;
}

function progressOf(flags: RunFlags): Progress {
  const { isTTY, columns } = process.stderr;
  const color = (process.env.NO_COLOR ?? '') === '';
  return new Progress({
    ...(isTTY ? { terminal: { columns: columns ?? 80, color } } : {}),
    clock: systemClock,
    everyMs: reportEvery(flags.reportEvery),
    write: (text) => process.stderr.write(text),
  });
}

function reportEvery(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new ConfigError(`--report-every ${text}: expected a duration like 5s`, { code: 'report-every-flag' });
  return ms;
}

async function serveHttp(
  address: Address | undefined,
  flags: RunFlags,
  sources: Pick<HttpOptions, 'metrics' | 'readiness' | 'consoles'>,
): Promise<HttpServer | undefined> {
  if (address === undefined) return undefined;
  const token =
    flags.httpTokenFile === undefined
      ? process.env.SLUICE_HTTP_TOKEN
      : readFileSync(flags.httpTokenFile, 'utf8').trim();
  const { startHttp } = await import('../http/server.ts');
  const server = await startHttp({ ...address, ...(token === undefined || token === '' ? {} : { token }), ...sources });
  process.stderr.write(`listening on ${server.url}\n`);
  return server;
}

/** The first SIGINT or SIGTERM stops after a last commit, the second ends at once. */
function stopSignal(log: Log): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  let deadline: NodeJS.Timeout | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(EXIT.failed);
    log.info('stopping', `${name}: finishing the batch in hand`);
    controller.abort(new Error(name));
    deadline = setTimeout(() => process.exit(EXIT.failed), STOP_DEADLINE_MS);
    deadline.unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    dispose() {
      clearTimeout(deadline);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

function finish(summary: RunSummary, plan: Plan, options: { flags: RunFlags; gates: readonly Gate[] }): number {
  const { flags, gates } = options;
  const { local } = flags;
  if (!flags.quiet) {
    const nothing = summary.resumed && summary.read === 0 ? 'nothing new\n' : '';
    const files =
      local === undefined ? [] : Object.keys(summary.outputs).map((topic) => `  ${join(local, `${topic}.ndjson`)}\n`);
    process.stderr.write(
      `${nothing}${summaryTable(summary)}${files.length > 0 ? `\n  files\n${files.map((file) => `  ${file}`).join('')}` : ''}`,
    );
  }
  if (flags.json) {
    const { read: _read, ...printed } = summary;
    process.stdout.write(`${JSON.stringify(printed)}\n`);
  }
  const counts: Record<string, number> = {};
  for (const [name, value] of Object.entries(summary)) if (typeof value === 'number') counts[name] = value;
  const violations = gates
    .map((gate) => gate.violation({ counts, rules: summary.rules }))
    .filter((text) => text !== undefined);
  for (const text of violations) process.stderr.write(`${plan.name}: ${text}\n`);
  return violations.length > 0 ? EXIT.gate : EXIT.ok;
}
