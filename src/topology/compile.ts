import { map, type OperatorFunction, pipe } from 'rxjs';
import { OperatorError } from '../core/errors.ts';
import type { Kernel, Tick } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import { type Edge, type Frame, mergeEdges } from './frame.ts';
import { add } from './frame-counts.ts';
import type { StagePlan, StepPlan } from './plan.ts';
import { StepOut } from './step-out.ts';

export interface CompiledStep {
  readonly plan: StepPlan;
  readonly kernel: Kernel;
  /** Running maximum of the stream times this step has seen; part of the task's state. */
  clock: number;
}

export interface CompiledStage {
  readonly plan: StagePlan;
  readonly steps: readonly CompiledStep[];
  readonly portCount: number;
  /** Name of each global port index: [step, port]. */
  readonly portNames: readonly (readonly [string, string])[];
  /** Roots of held records that left in the current frame; settleFates empties it. */
  readonly released: DataRecord[];
  readonly pipe: OperatorFunction<Frame, Frame>;
}

export interface CompileOptions {
  readonly stage: StagePlan;
  /** One kernel a step, in the order of `stage.steps`. */
  readonly kernels: readonly Kernel[];
  readonly onError: 'quarantine' | 'stop';
  readonly redacted: (field: string) => boolean;
}

/** One Rx pipe for a stage: the planner's order of steps. Synchronous: a frame goes in, the same frame comes out filled. */
export function compileStage(options: CompileOptions): CompiledStage {
  const { stage } = options;
  const released: DataRecord[] = [];
  const portNames: (readonly [string, string])[] = [];
  const steps = stage.steps.map((plan, index): CompiledStep => {
    const kernel = options.kernels[index];
    if (kernel === undefined) throw new OperatorError(`step ${plan.id} has no kernel`, { code: 'no-kernel' });
    return { plan, kernel, clock: Number.NEGATIVE_INFINITY };
  });
  let through: OperatorFunction<Frame, Frame> = pipe();
  for (const step of steps) {
    const firstPort = portNames.length;
    for (const port of step.plan.ports) portNames.push([step.plan.id, port.spec.name]);
    const out = new StepOut({ step: step.plan, firstPort, redacted: options.redacted, released });
    through = pipe(
      through,
      map((frame: Frame) => runStep(frame, step, out, options.onError)),
    );
  }
  return { plan: stage, steps, portCount: portNames.length, portNames, released, pipe: through };
}

function runStep(frame: Frame, step: CompiledStep, out: StepOut, onError: 'quarantine' | 'stop'): Frame {
  const edge = mergeEdges(frame, step.plan.inputs);
  out.begin(frame, edge.records, edge.causes, 0);
  if (edge.records.length > 0) {
    const time = streamTimes(edge, step);
    processRecords({ frame, step, out, edge, time, onError });
  }
  const { tick } = frame;
  if (tick !== undefined && step.kernel.onTick !== undefined && isFor(tick, step)) {
    out.begin(frame, [], [], 0);
    step.kernel.onTick(tick, out);
  }
  out.settle();
  return frame;
}

function isFor(tick: Tick, step: CompiledStep): boolean {
  return tick.kind !== 'command' || tick.step === step.plan.id;
}

/** A released record keeps the time it had on entry; the step's own clock is the running maximum. */
function streamTimes(edge: Edge, step: CompiledStep): Float64Array {
  const time = new Float64Array(edge.records.length);
  let clock = step.clock;
  for (let i = 0; i < time.length; i++) {
    const at = (edge.records[i] as DataRecord).time; // i is below the length of both
    if (at > clock) clock = at;
    time[i] = clock === Number.NEGATIVE_INFINITY ? Number.NaN : clock;
  }
  step.clock = clock;
  return time;
}

interface Run {
  readonly frame: Frame;
  readonly step: CompiledStep;
  readonly out: StepOut;
  readonly edge: Edge;
  readonly time: Float64Array;
  readonly onError: 'quarantine' | 'stop';
}

function processRecords(run: Run): void {
  const { frame, step, out, edge, time } = run;
  let from = 0;
  while (from < edge.records.length) {
    const records = from === 0 ? edge.records : edge.records.slice(from);
    out.begin(frame, records, edge.causes, from);
    try {
      step.kernel.process(records, from === 0 ? time : time.subarray(from), out);
      return;
    } catch (error) {
      if (run.onError === 'stop' || isExhaustion(error)) throw stopped(step, records[out.at], error);
      out.rollback();
      reject(run, records[out.at], from + out.at, error);
      from += out.at + 1;
    }
  }
}

/** Out of stack or memory: no state can be trusted any more. */
function isExhaustion(error: unknown): boolean {
  return (
    error instanceof RangeError &&
    /call stack|Invalid (array|string|typed array) length|allocation/i.test(error.message)
  );
}

function stopped(step: CompiledStep, record: DataRecord | undefined, cause: unknown): OperatorError {
  const at =
    record === undefined ? '' : ` at ${record.source.topic}/${record.source.partition} offset ${record.offset}`;
  return new OperatorError(
    `step ${step.plan.id} failed${at}: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      code: 'operator-failed',
      cause,
    },
  );
}

function reject(run: Run, record: DataRecord | undefined, index: number, error: unknown): void {
  if (record === undefined) throw stopped(run.step, undefined, error);
  const { frame, step } = run;
  const draft = record.edit();
  const finding = {
    step: step.plan.id,
    rule: 'operator-error',
    severity: 'error' as const,
    message: `the operator failed on this record: ${error instanceof Error ? error.name : 'error'}`,
  };
  draft.addFinding(finding);
  draft.editable = false;
  add(frame.counts.findings, `${step.plan.id}\0operator-error\0error`);
  frame.rejected.push({ record: draft, cause: run.edge.causes[index] ?? -1, step: step.plan.id });
  frame.threw = true;
}
