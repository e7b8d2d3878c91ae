import { lastValueFrom, tap } from 'rxjs';
import type { Broker, Stage } from '../core/broker.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Codec } from '../core/codec.ts';
import { type Log, silentLog } from '../core/log.ts';
import type { RunObserver } from '../core/observer.ts';
import { parseInstant } from '../core/time.ts';
import type { Plan, StagePlan } from '../topology/plan.ts';
import { Resets } from './resets.ts';
import { type RunSummary, RunTotals } from './run-totals.ts';
import type { StepCommand } from './step-commands.ts';
import { Supervisor } from './supervisor.ts';
import type { TaskContext } from './task-context.ts';

export type { RunSummary };

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
  /** Done once by each task, before its next record. */
  readonly commands?: readonly StepCommand[];
}

/** Runs a plan until its bounded input ends, `signal` asks to stop, or a task gives up (rejects with its error). */
export async function runPlan(options: RunOptions): Promise<RunSummary> {
  const { plan, broker } = options;
  const clock = options.clock ?? systemClock;
  const started = clock.elapsed();
  const totals = new RunTotals();
  const observer: RunObserver = {
    ...options.observer,
    commit(report) {
      totals.committed(report);
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
    commands: options.commands ?? [],
    accept: {
      replay: options.acceptReplay ?? false,
      offsets: options.acceptOffsets ?? false,
      resets: new Resets(options.resetSteps ?? []),
    },
    comparesKeys: broker.name === 'kafka',
    defaults:
      broker.name === 'local'
        ? { commitEveryMs: 2000, commitBehindMs: 2000, maxAheadMs: Number.POSITIVE_INFINITY }
        : { commitEveryMs: 100, commitBehindMs: 1000, maxAheadMs: DAY_MS },
  };
  const supervisor = new Supervisor(context);
  const outcomes = supervisor
    .outcomes(
      plan.stages.map((stage) => brokerStage(plan, stage, forgets(plan, stage, options.observer))),
      options.signal ?? new AbortController().signal,
    )
    .pipe(
      tap(({ task }) => {
        totals.left(task.id, task.totals, task.resumed);
        options.observer?.taskLeft?.(task.id, task.totals, task.resumed);
      }),
    );
  try {
    await lastValueFrom(outcomes, { defaultValue: undefined });
  } finally {
    await supervisor.idle();
  }
  return totals.summary(plan.name, (clock.elapsed() - started) / 1000);
}

/** Ids of the stages that write what `stage` reads. */
function feedersOf(plan: Plan, stage: StagePlan): readonly string[] {
  const topics = new Set(stage.inputs.flatMap((input) => input.topics));
  return plan.stages
    .filter((other) => other.sinks.some((sink) => sink.role === 'repartition' && topics.has(sink.topic ?? '')))
    .map((other) => other.id);
}

/** No text of a record is kept beyond its frame: by no step, by nothing that watches the stage, and nobody looks at samples. */
function forgets(plan: Plan, { steps }: StagePlan, observer: RunObserver | undefined): boolean {
  if (plan.slices !== undefined || observer?.wantsSamples === true) return false;
  return steps.every(
    ({ operator, config }) => operator.scope(config) === 'none' || operator.forgets?.(config) === true,
  );
}

/** Readers of such a stage need not copy texts. */
function withSlices(codec: Codec): Codec {
  const { reader } = codec;
  return reader === undefined ? codec : { ...codec, reader: () => reader({ slices: true }) };
}

function brokerStage(plan: Plan, stage: StagePlan, slices: boolean): Stage {
  return {
    topology: plan.name,
    id: stage.id,
    inputs: stage.inputs.flatMap((input) =>
      input.topics.map((topic) => ({
        topic,
        codec: slices ? withSlices(input.codec) : input.codec,
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
