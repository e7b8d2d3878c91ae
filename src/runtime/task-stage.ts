import { map, type OperatorFunction, pipe } from 'rxjs';
import { type Batch, type Position, type TaskChannel, type TaskId, taskName } from '../core/broker.ts';
import { OperatorError } from '../core/errors.ts';
import { compileField } from '../core/field.ts';
import type { CommitReport } from '../core/observer.ts';
import type { Tick } from '../core/operator.ts';
import { DataRecord } from '../core/record.ts';
import { type CompiledStage, compileStage } from '../topology/compile.ts';
import { settleFates } from '../topology/fates.ts';
import { Frame } from '../topology/frame.ts';
import type { InputPlan, Plan, StagePlan } from '../topology/plan.ts';
import { applyBatchVerdict } from './batch-verdict.ts';
import { writeEvents } from './events.ts';
import { createKernels } from './kernels.ts';
import { KeyCheck } from './key-check.ts';
import { HeldRecords } from './record-store.ts';
import { Sinks } from './sinks.ts';
import { Source } from './source.ts';
import { StepCommands } from './step-commands.ts';
import { StreamClock } from './stream-clock.ts';
import type { TaskContext } from './task-context.ts';
import type { TaskMemory } from './task-state.ts';
import { UpstreamClock } from './upstream.ts';
import { StageWatch } from './watch/stage-watch.ts';

interface TaskStageOptions {
  readonly id: TaskId;
  readonly plan: StagePlan;
  readonly context: TaskContext;
  /** A breaker decided in an earlier attempt to end the run behind this position. */
  readonly stopAt: Position | undefined;
  readonly channel: TaskChannel;
}

/** A stage at work on one partition: what a batch passes on its way to the sinks, and everything there that remembers. */
export class TaskStage {
  readonly compiled: CompiledStage;
  readonly input: InputPlan;
  readonly watch: StageWatch;
  readonly commands: StepCommands;
  private readonly id: TaskId;
  private readonly plan: Plan;
  private readonly held: HeldRecords;
  private readonly clock: StreamClock;
  private readonly upstream = new UpstreamClock();
  private readonly keys: KeyCheck | undefined;
  private readonly source: Source;
  private readonly sinks: Sinks;

  static async create(options: TaskStageOptions): Promise<TaskStage> {
    const { plan, context } = options;
    const held = new HeldRecords(plan.inputs.map(({ codec }) => codec));
    const redacted = new Set(context.plan.redact);
    const kernels = await createKernels(context.plan, plan, {
      records: held,
      watched: context.observer.wantsSamples === true,
    });
    const { onError } = context.plan;
    const compiled = compileStage({ stage: plan, kernels, onError, redacted: (field) => redacted.has(field) });
    return new TaskStage(options, compiled, held);
  }

  private constructor(options: TaskStageOptions, compiled: CompiledStage, held: HeldRecords) {
    const { id, plan: stage, context, channel, stopAt } = options;
    const { plan } = context;
    this.id = id;
    this.plan = plan;
    this.compiled = compiled;
    this.held = held;
    this.input = inputOf(stage, id.topic);
    this.watch = new StageWatch(plan, stage, stopAt);
    this.commands = new StepCommands(stage, context.commands, { task: taskName(id), log: context.log });
    this.keys = context.comparesKeys ? KeyCheck.of(this.input) : undefined;
    this.clock = new StreamClock(this.input, this.input.maxAheadMs ?? context.defaults.maxAheadMs);
    this.sinks = new Sinks(plan, stage, { task: taskName(id), fits: (...of) => channel.fits?.(...of) ?? true });
    const { eventTime } = this.input;
    this.source = new Source({
      input: this.input,
      eventTime: eventTime === undefined ? undefined : compileField(eventTime.field),
      parseTime: context.timeParser(eventTime?.parse ?? []),
      clock: this.clock,
      keys: this.keys,
      edgeCount: stage.edgeCount,
      portCount: compiled.portCount,
    });
  }

  get streamTime(): number {
    return this.clock.state.streamTime;
  }

  /** From decoded records to what leaves, each with its fate. `mayStop`: false while records are read again. */
  through(mayStop: () => boolean): OperatorFunction<Frame, Frame> {
    const stage = this.compiled.plan;
    const quarantined = this.input.batchVerdict?.quarantined;
    const events = { topic: this.plan.eventsTopic, topology: this.plan.name, task: this.id };
    return pipe(
      this.compiled.pipe,
      map((frame) => (quarantined === undefined ? frame : applyBatchVerdict(frame, stage, quarantined))),
      map((frame) => this.watch.apply(frame, this.streamTime, mayStop())),
      map((frame) => this.sinks.write(frame)),
      map((frame) => settleFates(frame, this.compiled.released, this.held.shared)),
      map((frame) => writeEvents(frame, events, this.streamTime)),
      map((frame) => this.writeControl(frame)),
    );
  }

  /** Records `from` to `to` of a batch, decoded; behind a repartition without the control records between them. */
  frameOf(batch: Batch, from: number, to: number): Frame {
    const { records } = batch;
    if (batch.upstream === undefined)
      return this.source.frame(batch, to - from === records.length ? records : records.slice(from, to));
    const kept: DataRecord[] = [];
    for (let i = from; i < to; i++) {
      const upstream = batch.upstream[i];
      const record = records[i] as DataRecord; // i is below the length
      if (upstream === undefined) continue;
      const time = this.upstream.observe(upstream);
      this.clock.state.streamTime = time;
      if (upstream.control !== undefined) continue;
      record.time = time;
      kept.push(record);
    }
    return this.source.frame(batch, kept);
  }

  tickFrame(tick: Tick, position: Position): Frame {
    const { edgeCount } = this.compiled.plan;
    return new Frame({ tick, position, roots: [], edgeCount, portCount: this.compiled.portCount });
  }

  /** What a checkpoint keeps beside the state of the kernels. */
  save(): Omit<TaskMemory, 'ended' | 'totals'> {
    return {
      clock: this.clock.state,
      upstream: this.upstream.save(),
      roots: this.held.save(),
      commands: this.commands.save(),
      keyMismatches: this.keys?.mismatches ?? 0,
      watch: this.watch.save(),
      stages: this.plan.stages.map(({ id }) => id),
    };
  }

  /** After the kernels have their state back; `memory` is undefined where there was none. */
  restore(memory: TaskMemory | undefined, resetSteps: ReadonlySet<string>): void {
    this.held.restored(memory?.roots);
    if (memory === undefined) return;
    Object.assign(this.clock.state, memory.clock);
    this.upstream.restore(memory.upstream, memory.clock.streamTime);
    this.watch.restore(memory.watch, resetSteps);
    this.commands.restore(memory.commands);
    if (this.keys !== undefined) this.keys.mismatches = memory.keyMismatches;
  }

  stats(): CommitReport['stats'] {
    const steps = this.compiled.steps.flatMap(({ plan, kernel }) => {
      const stats = kernel.stats?.();
      return stats === undefined ? [] : [{ step: plan.id, stats }];
    });
    return [...steps, ...this.watch.stats()];
  }

  /** Tells the next stage, in every partition, that nothing more comes from here, or not for now; after what the tick released. */
  private writeControl(frame: Frame): Frame {
    const control = frame.tick?.kind;
    if (control !== 'end' && control !== 'idle') return frame;
    for (const sink of this.compiled.plan.sinks) {
      if (sink.role !== 'repartition' || sink.topic === undefined) continue;
      const record = new DataRecord({ source: this.id, offset: -1, payload: null, codec: this.input.codec });
      frame.outgoing.push({
        topic: sink.topic,
        role: 'repartition',
        records: [record],
        values: [null],
        findings: 'none',
        upstream: [{ task: taskName(this.id), time: this.streamTime, control }],
      });
    }
    return frame;
  }
}

function inputOf(stage: StagePlan, topic: string): InputPlan {
  const input = stage.inputs.find((candidate) => candidate.topics.includes(topic));
  if (input === undefined) throw new OperatorError(`stage ${stage.id} reads no topic ${topic}`, { code: 'no-input' });
  return input;
}
