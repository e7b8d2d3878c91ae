import { lastValueFrom, tap } from 'rxjs';
import type { Broker, Stage } from '../core/broker.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { type Log, silentLog } from '../core/log.ts';
import type { Counts, RunObserver } from '../core/observer.ts';
import { parseInstant } from '../core/time.ts';
import type { Plan, StagePlan } from '../topology/plan.ts';
import { addCounts, emptyCounts } from './counters.ts';
import { Supervisor } from './supervisor.ts';
import type { TaskContext } from './task.ts';

const DAY_MS = 86_400_000;

export interface RunOptions {
  readonly plan: Plan;
  readonly broker: Broker;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly observer?: RunObserver;
  /** Asks for a clean stop: last commit, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly untilEnd?: boolean;
  readonly timeParser?: TaskContext['timeParser'];
  readonly acceptReplay?: boolean;
  readonly acceptOffsets?: boolean;
  readonly resetSteps?: readonly string[];
}

/** Totals since the first record, also after a resume: what `--json` prints. */
export interface RunSummary {
  readonly topology: string;
  readonly in: number;
  readonly curated: number;
  readonly routed: number;
  readonly quarantined: number;
  readonly duplicate: number;
  readonly late: number;
  readonly merged: number;
  readonly held: number;
  readonly dropped: number;
  /** Records written, by topic. */
  readonly outputs: Readonly<Record<string, number>>;
  /** Findings, by rule. */
  readonly rules: Readonly<Record<string, number>>;
  readonly resumed: boolean;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  /** Input records read by this very run. */
  readonly read: number;
}

/** Runs a plan until its bounded input ends, `signal` asks to stop, or a task gives up (rejects with its error). */
export async function runPlan(options: RunOptions): Promise<RunSummary> {
  const { plan, broker } = options;
  const clock = options.clock ?? systemClock;
  const started = clock.elapsed();
  const totals = emptyCounts();
  const sourceTotals = emptyCounts();
  let resumed = false;
  let read = 0;
  const observer: RunObserver = {
    ...options.observer,
    commit(report) {
      if (report.task.stage === 'source') read += report.counts.in;
      options.observer?.commit?.(report);
    },
  };
  const context: TaskContext = {
    plan,
    broker,
    clock,
    log: options.log ?? silentLog,
    observer,
    untilEnd: options.untilEnd ?? false,
    timeParser: options.timeParser ?? (() => parseInstant),
    accept: {
      replay: options.acceptReplay ?? false,
      offsets: options.acceptOffsets ?? false,
      resetSteps: new Set(options.resetSteps),
    },
    defaults:
      broker.name === 'local'
        ? { commitEveryMs: 2000, maxAheadMs: Number.POSITIVE_INFINITY }
        : { commitEveryMs: 100, maxAheadMs: DAY_MS },
  };
  const supervisor = new Supervisor(context);
  const outcomes = supervisor
    .outcomes(
      plan.stages.map((stage) => brokerStage(plan, stage)),
      options.signal ?? new AbortController().signal,
    )
    .pipe(
      tap(({ task }) => {
        addCounts(totals, task.totals);
        if (task.id.stage === 'source') addCounts(sourceTotals, task.totals);
        resumed ||= task.resumed;
      }),
    );
  try {
    await lastValueFrom(outcomes, { defaultValue: undefined });
  } finally {
    await supervisor.idle();
  }
  return summarize({ plan, totals, in: sourceTotals.in, resumed, read, seconds: (clock.elapsed() - started) / 1000 });
}

/** Ids of the stages that write what `stage` reads. */
function feedersOf(plan: Plan, stage: StagePlan): readonly string[] {
  const topics = new Set(stage.inputs.flatMap((input) => input.topics));
  return plan.stages
    .filter((other) => other.sinks.some((sink) => sink.role === 'repartition' && topics.has(sink.topic ?? '')))
    .map((other) => other.id);
}

export function brokerStage(plan: Plan, stage: StagePlan): Stage {
  return {
    topology: plan.name,
    id: stage.id,
    inputs: stage.inputs.flatMap((input) =>
      input.topics.map((topic) => ({
        topic,
        codec: input.codec,
        ...(input.name === undefined ? {} : { name: input.name }),
        options: { format: input.format, csv: input.csv },
      })),
    ),
    hasState: stage.hasState,
    start: stage.inputs[0]?.start ?? 'earliest',
    internal: stage.inputs.some((input) => input.internal),
    feeders: feedersOf(plan, stage),
  };
}

interface Totals {
  readonly plan: Plan;
  readonly totals: Counts;
  readonly in: number;
  readonly resumed: boolean;
  readonly read: number;
  readonly seconds: number;
}

function summarize({ plan, totals, in: input, resumed, read, seconds }: Totals): RunSummary {
  const fate = (name: string) => totals.fates.get(name) ?? 0;
  const rules: Record<string, number> = Object.create(null);
  for (const [key, n] of totals.findings) {
    const rule = key.split('\0')[1] ?? key;
    rules[rule] = (rules[rule] ?? 0) + n;
  }
  return {
    topology: plan.name,
    in: input,
    curated: fate('curated'),
    routed: fate('routed'),
    quarantined: fate('quarantined'),
    duplicate: fate('duplicate'),
    late: fate('late'),
    merged: fate('merged'),
    held: fate('held'),
    dropped: fate('dropped'),
    outputs: Object.fromEntries([...totals.written].sort(([a], [b]) => (a < b ? -1 : 1))),
    rules: Object.fromEntries(Object.entries(rules).sort(([a], [b]) => (a < b ? -1 : 1))),
    resumed,
    seconds: Math.round(seconds * 1000) / 1000,
    recordsPerSecond: seconds > 0 ? Math.round(read / seconds) : 0,
    read,
  };
}
