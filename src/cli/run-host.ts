import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { systemClock } from '../core/clock.ts';
import { ConfigError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { RunObserver } from '../core/observer.ts';
import { silentTransport, type TransportObserver } from '../core/transport.ts';
import { parseDuration } from '../core/units.ts';
import type { ConsoleSource } from '../http/console/routes.ts';
import type { HttpServer } from '../http/server.ts';
import type { LiveView } from '../telemetry/live-view.ts';
import { createLog } from '../telemetry/log.ts';
import type { PrometheusExporter } from '../telemetry/prometheus.ts';
import type { Plan } from '../topology/plan.ts';
import { eventsOf, liveView, rulesOf } from './console-source.ts';
import { type Address, httpAddress } from './http-address.ts';
import { packageVersion } from './load.ts';
import { observers } from './observers.ts';
import { Progress } from './progress.ts';
import { Readiness } from './readiness.ts';

export interface HostFlags {
  readonly local?: string;
  readonly report?: string;
  readonly quiet?: boolean;
  readonly http?: string | true;
  readonly httpTokenFile?: string;
  readonly reportEvery: string;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

export type ReloadResult = 'applied' | 'unchanged' | 'refused';

/** What the topologies of a process share: its log, metrics, readiness, progress, and the server that shows them. */
export class RunHost {
  readonly log: Log;
  readonly readiness = new Readiness();
  readonly transport: TransportObserver;
  readonly onSuppressed: (code: string, lines: number) => void;
  private readonly flags: HostFlags;
  private readonly address: Address | undefined;
  private readonly exporter: PrometheusExporter | undefined;
  private readonly progress: Progress | undefined;
  private readonly views = new Map<string, LiveView>();
  private server: HttpServer | undefined;

  private constructor(flags: HostFlags, address: Address | undefined, exporter: PrometheusExporter | undefined) {
    this.flags = flags;
    this.address = address;
    this.exporter = exporter;
    this.progress = flags.quiet ? undefined : progressOf(flags);
    this.onSuppressed = (code, lines) => exporter?.logSuppressed(code, lines);
    this.log = createLog({
      level: flags.logLevel,
      elapsed: systemClock.elapsed,
      write: (line) => process.stderr.write(line),
      onSuppressed: this.onSuppressed,
    });
    this.transport = withReadiness(exporter?.transport ?? silentTransport, this.readiness);
  }

  static async open(flags: HostFlags): Promise<RunHost> {
    const address = httpAddress(flags.http);
    return new RunHost(flags, address, address === undefined ? undefined : await makeExporter());
  }

  /** Another version of a topology is to be watched: nothing of the former one is shown any more. */
  async forget(topology: string): Promise<void> {
    await this.exporter?.forget(topology);
  }

  /** What a run of this plan tells goes here; what was shown of an earlier plan of the name is replaced. */
  watch(plan: Plan): RunObserver {
    this.exporter?.watch(plan.name, rulesOf(plan), eventsOf(plan));
    this.readiness.begun(plan.name);
    const isViewed = this.address !== undefined || (this.flags.report !== undefined && this.flags.local === undefined);
    const view = isViewed ? liveView(plan, systemClock) : undefined;
    if (view !== undefined) this.views.set(plan.name, view);
    return observers([this.exporter, this.readiness, this.progress, view].filter((one) => one !== undefined));
  }

  /** What came of reading a topology file again; after `refused` the former version runs. */
  reloaded(topology: string, result: ReloadResult, why?: unknown): void {
    this.exporter?.reloaded(topology, result);
    if (result === 'refused')
      this.log.error(
        'reload-refused',
        `${topology}: the changed file is refused, the former version goes on: ${messageOf(why)}`,
      );
    else if (result === 'unchanged')
      this.log.warn('reload-unchanged', `${topology}: the file says what it said before`);
    else this.log.warn('reload-applied', `${topology} runs as its file says now`);
  }

  viewOf(topology: string): LiveView | undefined {
    return this.views.get(topology);
  }

  /** Serves these topologies, in this order, if `--http` asks for it; they are watched by now. */
  async serve(topologies: readonly string[]): Promise<void> {
    const { address, exporter, readiness } = this;
    if (address === undefined || exporter === undefined) return;
    const token = tokenOf(this.flags);
    const { startHttp } = await import('../http/server.ts');
    this.server = await startHttp({
      ...address,
      ...(token === undefined || token === '' ? {} : { token }),
      metrics: () => exporter.page(),
      readiness: () => readiness.report(),
      consoles: new Map(topologies.map((name) => [name, this.consoleOf(name)])),
    });
    process.stderr.write(`listening on ${this.server.url}\n`);
  }

  /** Every topology has come to its end: what follows on the terminal stands alone. */
  endProgress(): void {
    this.progress?.end();
  }

  async close(): Promise<void> {
    await this.server?.close();
  }

  private consoleOf(name: string): ConsoleSource {
    const view = () => this.views.get(name) as LiveView; // a name that is watched stays so
    return { view: () => view().view(), find: (query) => view().samples.find(query) };
  }
}

function withReadiness(told: TransportObserver, readiness: Readiness): TransportObserver {
  return {
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
}

/** What --http shows; nobody can ask for it without, and then it is not even loaded. */
async function makeExporter(): Promise<PrometheusExporter> {
  const { PrometheusExporter: Exporter } = await import('../telemetry/prometheus.ts');
  return new Exporter({
    clock: systemClock,
    version: packageVersion(),
    node: process.version,
    memoryLimitBytes: process.constrainedMemory() || totalmem(),
  });
}

function progressOf(flags: HostFlags): Progress {
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

function tokenOf({ httpTokenFile }: HostFlags): string | undefined {
  return httpTokenFile === undefined ? process.env.SLUICE_HTTP_TOKEN : readFileSync(httpTokenFile, 'utf8').trim();
}
