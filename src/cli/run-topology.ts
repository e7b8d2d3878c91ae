import type { Broker } from '../core/broker.ts';
import type { RunObserver } from '../core/observer.ts';
import type { RunSummary } from '../runtime/run.ts';
import type { Plan } from '../topology/plan.ts';
import { savePlan } from './folder-view.ts';
import { openBroker } from './open-broker.ts';
import type { RunHost } from './run-host.ts';
import { type MemberFlags, runMember } from './run-member.ts';

export interface TopologyFlags extends MemberFlags {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

interface TopologyRunOptions {
  readonly path: string;
  readonly plan: Plan;
  readonly flags: TopologyFlags;
  readonly host: RunHost;
  /** Threads; 1: in this one. */
  readonly workers: number;
}

/** One topology of a process: first opened, then run, at last closed. */
export class TopologyRun {
  readonly plan: Plan;
  private readonly options: TopologyRunOptions;
  private readonly observer: RunObserver;
  private broker: Broker | undefined;

  constructor(options: TopologyRunOptions) {
    this.options = options;
    this.plan = options.plan;
    this.observer = options.host.watch(options.plan);
  }

  /** Looks at its topics. Throws when they do not fit. */
  async open(): Promise<void> {
    const { plan, flags, host } = this.options;
    this.broker = await openBroker(plan, flags, host);
    if (flags.local !== undefined) await savePlan(flags.local, plan);
  }

  /** Until its input ends, or `signal` asks for a stop; not before it is open. */
  async run(signal: AbortSignal): Promise<RunSummary> {
    const { plan, flags, host, workers } = this.options;
    const { broker, observer } = this;
    if (broker === undefined) throw new Error(`${plan.name} is not open`);
    const summary = await (workers === 1
      ? runMember(flags, { plan, broker, observer, log: host.log, signal })
      : this.inWorkers(signal));
    host.readiness.ended(plan.name);
    return summary;
  }

  async close(): Promise<void> {
    await this.broker?.close();
  }

  private async inWorkers(signal: AbortSignal): Promise<RunSummary> {
    const { path, plan, flags, host, workers } = this.options;
    const { observer } = this;
    const { runWorkers } = await import('./worker-pool.ts');
    const task = { path, flags, logLevel: flags.logLevel, wantsSamples: observer.wantsSamples === true };
    const { transport, onSuppressed } = host;
    return runWorkers({ topology: plan.name, count: workers, task, observer, transport, onSuppressed, signal });
  }
}
