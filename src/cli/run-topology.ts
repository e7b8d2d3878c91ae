import type { Broker } from '../core/broker.ts';
import { systemClock } from '../core/clock.ts';
import { BrokerError, ConfigError, StateError } from '../core/errors.ts';
import type { RunObserver } from '../core/observer.ts';
import type { RunSummary } from '../runtime/run.ts';
import { RunTotals } from '../runtime/run-totals.ts';
import type { Topology } from '../topology/index.ts';
import type { Plan } from '../topology/plan.ts';
import { savePlan } from './folder-view.ts';
import { observers } from './observers.ts';
import { openBroker } from './open-broker.ts';
import type { RunHost } from './run-host.ts';
import { type MemberFlags, runMember } from './run-member.ts';

export interface TopologyFlags extends MemberFlags {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

/** A topology file as it was read at one time. */
export interface Version {
  readonly topology: Topology;
  readonly plan: Plan;
}

interface TopologyRunOptions {
  readonly path: string;
  readonly version: Version;
  readonly flags: TopologyFlags;
  readonly host: RunHost;
  /** Threads; 1: in this one. */
  readonly workers: number;
}

/** A version at work. */
interface Round {
  readonly version: Version;
  readonly broker: Broker;
  readonly flags: TopologyFlags;
  /** Where the process shows it. */
  readonly shown: RunObserver;
  /** Asked for by a changed file: it is told when it runs. */
  readonly isChange: boolean;
  /** It has a task with its state back. */
  runs: boolean;
  /** It has written something: no other version may take its place. */
  committed: boolean;
}

/** One topology of a process: first opened, then run, at last closed. While it runs, its file may be changed to another version. */
export class TopologyRun {
  readonly path: string;
  private readonly options: TopologyRunOptions;
  private readonly totals = new RunTotals();
  private round: Round | undefined;
  private version: Version;
  private next: Version | undefined;
  /** Ends the round for the next version. */
  private leave = new AbortController();
  private isOver = false;

  constructor(options: TopologyRunOptions) {
    this.path = options.path;
    this.options = options;
    this.version = options.version;
  }

  /** The version that is to run from the next commit on, or runs. */
  get newest(): Version {
    return this.next ?? this.version;
  }

  get name(): string {
    return this.version.plan.name;
  }

  /** It has come to its end. */
  get over(): boolean {
    return this.isOver;
  }

  /** Looks at its topics. Throws when they do not fit. */
  async open(): Promise<void> {
    await this.begin(this.version, { flags: this.options.flags, isChange: false });
  }

  /** Until its input ends, or `signal` asks for a stop; not before it is open. */
  async run(signal: AbortSignal): Promise<RunSummary> {
    const started = systemClock.elapsed();
    await this.work(signal);
    while (this.next !== undefined && !signal.aborted) await this.change(this.next, signal);
    this.isOver = true;
    this.options.host.readiness.ended(this.name);
    return this.totals.summary(this.name, (systemClock.elapsed() - started) / 1000);
  }

  /** Goes on with `version`, of the same name, from the next commit on. */
  changeTo(version: Version): void {
    this.next = version;
    this.options.host.readiness.reloading(this.name, false);
    this.leave.abort(new Error('reload'));
  }

  async close(): Promise<void> {
    await this.round?.broker.close();
  }

  /** The former version goes on when the next one is refused before it has written anything. */
  private async change(next: Version, signal: AbortSignal): Promise<void> {
    const former = this.version;
    const flags = withoutConsent(this.options.flags);
    this.next = undefined;
    this.leave = new AbortController();
    try {
      await this.begin(next, { flags, isChange: true });
      await this.work(signal);
    } catch (error) {
      const isBound = this.round?.version === next && this.round.committed;
      if (isBound || signal.aborted || !isRefusal(error)) throw error;
      this.options.host.reloaded(this.name, 'refused', error);
      await this.begin(former, { flags, isChange: false });
      await this.work(signal);
    }
  }

  private async begin(version: Version, how: Pick<Round, 'flags' | 'isChange'>): Promise<void> {
    const { host } = this.options;
    const { plan } = version;
    await this.round?.broker.close();
    this.round = undefined;
    await host.forget(plan.name);
    const broker = await openBroker(plan, how.flags, host);
    this.round = { ...how, version, broker, shown: host.watch(plan), runs: false, committed: false };
    this.version = version;
    if (how.flags.local !== undefined) await savePlan(how.flags.local, plan);
  }

  private listener(round: Round): RunObserver {
    return {
      taskState: (_task, state) => {
        if (state === 'running' && !round.runs) this.runs(round);
      },
      commit: (report) => {
        round.committed = true;
        this.totals.committed(report);
      },
      taskLeft: (...left) => this.totals.left(...left),
    };
  }

  private runs(round: Round): void {
    const { host } = this.options;
    round.runs = true;
    if (this.next === undefined) host.readiness.reloading(this.name, true);
    if (round.isChange) host.reloaded(this.name, 'applied');
  }

  private async work(signal: AbortSignal): Promise<void> {
    const { round } = this;
    if (round === undefined) throw new Error(`${this.name} is not open`);
    const { plan } = round.version;
    const { flags, broker, shown } = round;
    const observer = observers([shown, this.listener(round)]);
    const stop = AbortSignal.any([signal, this.leave.signal]);
    try {
      if (this.options.workers > 1) await this.inWorkers(round, { observer, signal: stop });
      else await runMember(flags, { plan, broker, observer, log: this.options.host.log, signal: stop });
    } catch (error) {
      if (!stop.aborted || error !== stop.reason) throw error; // asked to stop before it had begun
    }
  }

  private async inWorkers(
    { version, flags }: Round,
    { observer, signal }: { readonly observer: RunObserver; readonly signal: AbortSignal },
  ): Promise<void> {
    const { path, host, workers } = this.options;
    const { transport, onSuppressed } = host;
    const { text } = version.topology;
    const { runWorkers } = await import('./worker-pool.ts');
    const { logLevel } = flags;
    const wantsSamples = observer.wantsSamples === true;
    const task = { path, flags, logLevel, wantsSamples, ...(text === undefined ? {} : { text }) };
    await runWorkers({ topology: this.name, count: workers, task, observer, transport, onSuppressed, signal });
  }
}

/** It says what is wrong with a version, not that something beside it failed. */
function isRefusal(error: unknown): boolean {
  if (error instanceof BrokerError) return !error.retryable;
  return error instanceof StateError || error instanceof ConfigError;
}

/** What a start was told to accept holds for that start: a version that needs it again is refused, as a start without it is. */
function withoutConsent(flags: TopologyFlags): TopologyFlags {
  return {
    ...flags,
    fromStart: false,
    overwrite: false,
    forceUnlock: false,
    acceptOffsets: false,
    acceptReplay: false,
    resetState: [],
  };
}
