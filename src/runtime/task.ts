import { defer, from, lastValueFrom, map, tap } from 'rxjs';
import {
  type Batch,
  type Broker,
  type CommitInfo,
  type Position,
  type TaskChannel,
  type TaskId,
  taskName,
} from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError, OperatorError, StateError } from '../core/errors.ts';
import { compileField } from '../core/field.ts';
import type { Log } from '../core/log.ts';
import type { CommitReport, Counts, RunObserver, TaskState } from '../core/observer.ts';
import type { Tick } from '../core/operator.ts';
import { DataRecord } from '../core/record.ts';
import { type CompiledStage, compileStage } from '../topology/compile.ts';
import { settleFates } from '../topology/fates.ts';
import { Frame } from '../topology/frame.ts';
import type { InputPlan, Plan, StagePlan } from '../topology/plan.ts';
import { applyBatchVerdict } from './batch-verdict.ts';
import { addCounts, emptyCounts, isConserved } from './counters.ts';
import { EmissionDigest } from './digest.ts';
import { writeEvents } from './events.ts';
import { createKernels } from './kernels.ts';
import { KeyCheck } from './key-check.ts';
import { OpenCommit } from './open-commit.ts';
import { waitOut } from './outage.ts';
import { HeldRecords } from './record-store.ts';
import type { Resets } from './resets.ts';
import { Sampler } from './samples.ts';
import { Sinks } from './sinks.ts';
import { Source } from './source.ts';
import { type StepCommand, StepCommands } from './step-commands.ts';
import { StreamClock } from './stream-clock.ts';
import { restoreState, takeCheckpoint } from './task-state.ts';
import { UpstreamClock } from './upstream.ts';
import { StageWatch } from './watch/stage-watch.ts';

/** Records and bytes asked for at once, one frame: few enough to stay in the cache between two steps. */
const FRAME_RECORDS = 256;
const FRAME_BYTES = 4 * 1024 * 1024;

export interface TaskContext {
  readonly plan: Plan;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: RunObserver;
  /** Ends a bounded input with an `end` tick instead of waiting for more. */
  readonly untilEnd: boolean;
  /** Reads event times by patterns; NaN when the text is none. */
  readonly timeParser: (patterns: readonly string[]) => (text: string) => number;
  readonly commands: readonly StepCommand[];
  readonly accept: { readonly replay: boolean; readonly offsets: boolean; readonly resets: Resets };
  /** Broker's defaults where the plan has none. */
  readonly defaults: { readonly commitEveryMs: number; readonly maxAheadMs: number };
  /** Records come with keys of their producers: hold them against what inputs declare. */
  readonly comparesKeys: boolean;
}

/** One stage on one partition, from open to close. A failure of any kind ends it; opening it again is the supervisor's. */
export class Task {
  readonly id: TaskId;
  readonly totals: Counts = emptyCounts();
  /** Records were read again or state was restored. */
  resumed = false;
  private readonly context: TaskContext;
  private readonly stagePlan: StagePlan;
  private readonly input: InputPlan;
  private readonly digest = new EmissionDigest();
  private readonly clock: StreamClock;
  private readonly keys: KeyCheck | undefined;
  private readonly upstream = new UpstreamClock();
  private readonly sampler: Sampler | undefined;
  private readonly held: HeldRecords;
  private stage!: CompiledStage;
  private source!: Source;
  private sinks!: Sinks;
  private readonly watch: StageWatch;
  private readonly commands: StepCommands;
  /** A breaker decided in an earlier attempt to end the run behind this position. */
  private readonly stopAt: Position | undefined;
  private channel!: TaskChannel;
  private open!: OpenCommit;
  private inFlight: Promise<void> | undefined;
  private failure: unknown;
  private position: Position = 0;
  private end: Position = -1;
  private checkpoint = 0;
  private checkpointAt: Position = 0;
  private checkpointTime = 0;
  private hasCheckpoint = false;
  private ended = false;
  private replaying = false;
  private state: TaskState = 'opening';
  private stale: readonly string[] = [];
  private idleSince = 0;
  /** Monotonic milliseconds at which the batch in hand was taken. */
  private batchSince = 0;
  private idleTickAt = 0;

  constructor(id: TaskId, stage: StagePlan, context: TaskContext, stopAt?: Position) {
    const input = stage.inputs.find((candidate) => candidate.topics.includes(id.topic));
    if (input === undefined)
      throw new OperatorError(`stage ${stage.id} reads no topic ${id.topic}`, { code: 'no-input' });
    this.id = id;
    this.stagePlan = stage;
    this.input = input;
    this.held = new HeldRecords(stage.inputs.map(({ codec }) => codec));
    this.context = context;
    this.sampler = context.observer.wantsSamples === true ? new Sampler(context.plan) : undefined;
    this.stopAt = stopAt;
    this.watch = new StageWatch(context.plan, stage, stopAt);
    this.commands = new StepCommands(stage, context.commands, { task: taskName(id), log: context.log });
    this.keys = context.comparesKeys ? KeyCheck.of(input) : undefined;
    this.clock = new StreamClock(input, input.maxAheadMs ?? context.defaults.maxAheadMs);
  }

  /** Resolves when the input has ended or `signal` asked to stop, with everything committed. Rejects on any doubt. */
  async run(signal: AbortSignal): Promise<'ended' | 'stopped'> {
    this.tell('opening');
    this.channel = await this.context.broker.open(this.id);
    try {
      await this.restore();
      const frames = defer(() => from(this.frames(signal))).pipe(
        this.stage.pipe,
        map((frame) =>
          this.input.batchVerdict === undefined
            ? frame
            : applyBatchVerdict(frame, this.stagePlan, this.input.batchVerdict.quarantined),
        ),
        map((frame) => this.watch.apply(frame, this.clock.state.streamTime, !this.replaying)),
        map((frame) => this.sinks.write(frame)),
        map((frame) => settleFates(frame, this.stage.released, this.held.shared)),
        map((frame) => writeEvents(frame, this.eventSink, this.clock.state.streamTime)),
        tap((frame) => this.collect(frame)),
      );
      await lastValueFrom(frames, { defaultValue: undefined });
      return this.ended && !signal.aborted ? 'ended' : 'stopped';
    } finally {
      await this.inFlight?.catch(() => {});
      await this.channel.close();
      this.tell('closed');
    }
  }

  private get stageIds(): readonly string[] {
    return this.context.plan.stages.map(({ id }) => id);
  }

  private get eventSink() {
    return { topic: this.context.plan.eventsTopic, topology: this.context.plan.name, task: this.id };
  }

  private async restore(): Promise<void> {
    const { plan, accept } = this.context;
    const kernels = await createKernels(plan, this.stagePlan, {
      records: this.held,
      watched: this.sampler !== undefined,
    });
    const redacted = new Set(plan.redact);
    this.stage = compileStage({
      stage: this.stagePlan,
      kernels,
      onError: plan.onError,
      redacted: (field) => redacted.has(field),
    });
    this.sinks = new Sinks(plan, this.stagePlan, {
      task: taskName(this.id),
      fits: (...of) => this.channel.fits?.(...of) ?? true,
    });
    this.source = new Source({
      input: this.input,
      eventTime: this.input.eventTime === undefined ? undefined : compileField(this.input.eventTime.field),
      parseTime: this.context.timeParser(this.input.eventTime?.parse ?? []),
      clock: this.clock,
      keys: this.keys,
      edgeCount: this.stagePlan.edgeCount,
      portCount: this.stage.portCount,
    });
    const { start } = this.channel;
    const resetSteps = accept.resets.stepsOf(taskName(this.id), start.committed?.checkpoint ?? 0);
    const restored = await restoreState(this.stage, start, {
      resetSteps,
      stages: this.stageIds,
      onProgress: (done, of) => this.context.observer.taskProgress?.(this.id, { unit: 'state parts', done, of }),
    });
    this.stale = restored.stale;
    const { memory } = restored;
    this.held.restored(memory?.roots);
    if (memory !== undefined) {
      Object.assign(this.clock.state, memory.clock);
      this.upstream.restore(memory.upstream, memory.clock.streamTime);
      addCounts(this.totals, memory.totals);
      this.watch.restore(memory.watch, resetSteps);
      this.commands.restore(memory.commands);
      if (this.keys !== undefined) this.keys.mismatches = memory.keyMismatches;
      this.ended = memory.ended;
      this.hasCheckpoint = true;
      this.resumed = true;
    }
    this.position = start.position;
    this.checkpointTime = this.context.clock.elapsed();
    this.idleSince = this.checkpointTime;
    if (start.committed !== undefined) this.checkStart(start.committed);
    else if (memory !== undefined && !accept.offsets) {
      throw new StateError(
        `${taskName(this.id)}: there is state, but the committed offset ${start.position} is not from a commit of ours: offsets were set by hand. Set them back, or give --accept-offsets to go on from there with the state as it is`,
        { code: 'offsets-moved' },
      );
    }
    this.open = new OpenCommit(
      this.hasCheckpoint && start.committed !== undefined ? start.committed.checkpointAt : start.position,
    );
  }

  /** Refuses what would make a replay differ from what was committed. */
  private checkStart(committed: CommitInfo): void {
    const { plan, accept } = this.context;
    this.checkpoint = committed.checkpoint;
    this.checkpointAt = committed.checkpointAt;
    if (committed.checkpointAt > this.position && !accept.offsets) {
      throw new StateError(
        `${taskName(this.id)}: the committed offset ${this.position} lies before the checkpoint at ${committed.checkpointAt}: offsets were set by hand. Set them back, or give --accept-offsets to go on from there with the state as it is`,
        { code: 'offsets-moved' },
      );
    }
    if (committed.fingerprint !== plan.fingerprint && committed.checkpointAt < this.position && !accept.replay) {
      throw new StateError(
        `${taskName(this.id)}: records ${committed.checkpointAt} to ${this.position} must be read again, but the topology has changed since they were committed: run the former one to a clean stop first, or give --accept-replay`,
        { code: 'fingerprint-changed' },
      );
    }
  }

  private async *frames(signal: AbortSignal): AsyncGenerator<Frame> {
    const codecs = new Set([this.input.codec, ...this.stagePlan.sinks.map((sink) => sink.codec)]);
    for (const codec of codecs)
      if (codec?.open !== undefined && !(await this.attend(() => codec.open?.(), signal))) return;
    const rest = yield* this.replay(signal);
    this.tell('running');
    if (!this.hasCheckpoint) this.open.needsCheckpoint = true;
    this.watch.refuseOpen(taskName(this.id));
    for (const command of this.commands.due(this.clock.state.streamTime, this.hasCheckpoint))
      yield this.tickFrame(command);
    const limit = this.stopAt ?? Number.POSITIVE_INFINITY;
    if (rest !== undefined && this.position < limit) yield* this.take(rest.batch, rest.from);
    while (!signal.aborted && this.position < limit) {
      const batch = await this.poll(signal);
      if (this.failure !== undefined) throw this.failure;
      yield* this.take(batch, 0);
      const idle = this.idleTick();
      if (idle !== undefined) yield this.tickFrame(idle);
      if (batch.records.length === 0 && batch.atEnd && this.context.untilEnd) {
        if (!this.ended) yield this.tickFrame({ kind: 'end', time: this.clock.state.streamTime });
        this.ended = true;
        break;
      }
      if (this.isDue()) await this.commit(false);
    }
    await this.finish();
    this.watch.refuseOpen(taskName(this.id));
  }

  /** The records of a batch from index `from` on, and then its position. */
  private *take(batch: Batch, from: number): Generator<Frame> {
    const next = Math.min(batch.next, this.stopAt ?? batch.next);
    const to = next === batch.next ? batch.records.length : before(batch, next);
    if (to > from) {
      this.ended = false;
      this.idleSince = this.context.clock.elapsed();
      this.batchSince = this.idleSince;
      yield this.frameOf(batch, from, to);
    }
    this.position = next;
    this.open.next = next;
  }

  private async poll(signal: AbortSignal): Promise<Batch> {
    const { clock } = this.context;
    const batch = await this.channel.poll(
      {
        // a batch that ends at the stop can be committed by every broker
        records: Math.min(FRAME_RECORDS, Math.max(1, (this.stopAt ?? Number.POSITIVE_INFINITY) - this.position)),
        bytes: FRAME_BYTES,
        untilMs: (this.open.since ?? clock.elapsed()) + this.commitEveryMs,
      },
      signal,
    );
    if (batch.logStart > this.position) {
      throw new BrokerError(
        `${taskName(this.id)}: records ${this.position} to ${batch.logStart} were deleted from ${batch.topic} before they were read: raise its retention, and start with --accept-offsets to go on with what is left`,
        { code: 'records-lost' },
      );
    }
    this.end = batch.end;
    const missing = this.input.codec.prepare?.(batch.records);
    if (missing === undefined) return batch;
    const { codec } = this.input;
    const isReady = await this.attend((retry) => (retry ? codec.prepare?.(batch.records) : missing), signal);
    // asked to stop while it waited: the batch was not read
    return isReady ? batch : { ...batch, records: [], next: this.position, atEnd: false };
  }

  private tell(state: TaskState, reason?: string): void {
    this.state = state;
    this.context.observer.taskState?.(this.id, state, reason);
  }

  /** Does `work`; while a service it needs is out, the task waits, and commits what it has. */
  private attend(work: (retry: boolean) => Promise<void> | undefined, signal: AbortSignal): Promise<boolean> {
    const { clock, log, observer } = this.context;
    const { state } = this;
    return waitOut(work, {
      clock,
      log,
      signal,
      task: taskName(this.id),
      onWait: (reason) => this.tell('waiting', reason),
      onElapsed: async (service, ms) => {
        observer.outage?.(this.context.plan.name, service, ms / 1000);
        if (this.failure !== undefined) throw this.failure;
        if (!this.replaying && this.isDue()) await this.commit(false);
      },
      onBack: () => this.tell(state),
    });
  }

  /** Reads what lies between checkpoint and committed position again, outputs discarded; it must come out the same. */
  private async *replay(
    signal: AbortSignal,
  ): AsyncGenerator<Frame, { readonly batch: Batch; readonly from: number } | undefined> {
    const { committed } = this.channel.start;
    const target = this.position;
    if (!this.hasCheckpoint || committed === undefined || committed.checkpointAt >= target) return undefined;
    const { observer, log, accept } = this.context;
    this.tell('replaying');
    this.replaying = true;
    this.channel.seek(committed.checkpointAt);
    this.position = committed.checkpointAt;
    let records = 0;
    let rest: { readonly batch: Batch; readonly from: number } | undefined;
    while (this.position < target) {
      signal.throwIfAborted();
      const batch = await this.poll(signal);
      const cut = before(batch, target);
      if (cut > 0) {
        this.ended = false;
        yield this.frameOf(batch, 0, cut);
      }
      records += cut;
      // a batch that straddles the committed position: what lies behind it is new
      if (batch.next > target) rest = { batch, from: cut };
      this.position = Math.min(batch.next, target);
      const done = this.position - committed.checkpointAt;
      observer.taskProgress?.(this.id, { unit: 'records again', done, of: target - committed.checkpointAt });
    }
    if ((this.digest.count !== committed.emitted || this.digest.value !== committed.digest) && !accept.replay) {
      throw new StateError(
        `${taskName(this.id)}: reading records ${committed.checkpointAt} to ${target} again gave ${this.digest.count} emissions (digest ${this.digest.value}) instead of ${committed.emitted} (${committed.digest}): the input or an operator is not what it was`,
        { code: 'replay-differs' },
      );
    }
    this.replaying = false;
    addCounts(this.totals, this.open.counts);
    this.open = new OpenCommit(target);
    this.resumed = true;
    observer.replayed?.(this.context.plan.name, records);
    log.info('replayed', `read ${records} records again after the last checkpoint`, { task: taskName(this.id) });
    return rest;
  }

  private frameOf(batch: Batch, from: number, to: number): Frame {
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

  private tickFrame(tick: Tick): Frame {
    return new Frame({
      tick,
      position: this.position,
      roots: [],
      edgeCount: this.stagePlan.edgeCount,
      portCount: this.stage.portCount,
    });
  }

  /** Tells the next stage, in every partition, that nothing more comes from here, or not for now; after what the tick released. */
  private writeControl(frame: Frame, control: 'end' | 'idle'): void {
    for (const sink of this.stagePlan.sinks) {
      if (sink.role !== 'repartition' || sink.topic === undefined) continue;
      const record = new DataRecord({ source: this.id, offset: -1, payload: null, codec: this.input.codec });
      frame.outgoing.push({
        topic: sink.topic,
        role: 'repartition',
        records: [record],
        values: [null],
        findings: 'none',
        upstream: [{ task: taskName(this.id), time: this.clock.state.streamTime, control }],
      });
    }
  }

  private idleTick(): Tick | undefined {
    const { idleAfterMs } = this.context.plan;
    const now = this.context.clock.elapsed();
    if (idleAfterMs === undefined || now - Math.max(this.idleSince, this.idleTickAt) < idleAfterMs) return undefined;
    const { streamTime } = this.clock.state;
    if (Number.isNaN(streamTime)) return undefined;
    this.idleTickAt = now;
    return { kind: 'idle', time: streamTime + (now - this.idleSince) };
  }

  private collect(frame: Frame): void {
    const kind = frame.tick?.kind;
    if (!this.replaying) this.sampler?.add(frame);
    const { observer, clock, plan } = this.context;
    if (frame.batch !== undefined && !this.replaying)
      observer.batch?.(plan.name, (clock.elapsed() - this.batchSince) / 1000, frame.roots.length);
    if (kind === 'end' || kind === 'idle') this.writeControl(frame, kind);
    this.open.add(frame, {
      portNames: this.stage.portNames,
      digest: this.digest,
      elapsedMs: this.context.clock.elapsed(),
      replaying: this.replaying,
      stage: (batch) => this.channel.stage?.(batch) ?? false,
    });
  }

  private get commitEveryMs(): number {
    return this.context.plan.commit.everyMs ?? this.context.defaults.commitEveryMs;
  }

  private isDue(): boolean {
    const now = this.context.clock.elapsed();
    if (this.open.isEmpty) return this.checkpointAt < this.position && this.checkpointIsDue(now);
    return (
      this.open.records >= this.context.plan.commit.records || now - (this.open.since ?? now) >= this.commitEveryMs
    );
  }

  private checkpointIsDue(now: number): boolean {
    return now - this.checkpointTime >= this.context.plan.checkpointEveryMs;
  }

  private async finish(): Promise<void> {
    const durable = this.hasCheckpoint && this.open.isEmpty && this.checkpointAt === this.position;
    if (!durable) await this.commit(true);
    await this.inFlight;
    if (this.failure !== undefined) throw this.failure;
  }

  /** Waits for the commit in flight, then starts this one; at most one is in flight while the next fills. */
  private async commit(withCheckpoint: boolean): Promise<void> {
    const { context, open } = this;
    const now = context.clock.elapsed();
    if (!isConserved(open.counts))
      throw new OperatorError(`${taskName(this.id)}: records read and fates counted differ`, { code: 'not-conserved' });
    addCounts(this.totals, open.counts);
    const takes = withCheckpoint || open.needsCheckpoint || this.checkpointIsDue(now);
    const checkpoint = takes ? takeCheckpoint(this.stage, () => this.memory(), this.stale) : undefined;
    const checkpointBytes = checkpoint?.put.reduce((sum, part) => sum + part.bytes.length, 0);
    const samples = this.sampler?.take(this.stage.steps);
    if (takes) this.noteCheckpoint(open.next, now);
    const info: CommitInfo = {
      checkpoint: this.checkpoint,
      checkpointAt: this.checkpointAt,
      fingerprint: context.plan.fingerprint,
      emitted: this.digest.count,
      digest: this.digest.value,
    };
    this.open = new OpenCommit(open.next);
    await this.inFlight;
    if (this.failure !== undefined) throw this.failure;
    const started = context.clock.elapsed();
    const request = {
      outputs: open.outputs,
      next: open.next,
      info,
      ...(checkpoint === undefined ? {} : { checkpoint }),
    };
    this.inFlight = this.channel.commit(request).then(
      () =>
        this.publish(open, started, {
          ...(checkpointBytes === undefined ? {} : { checkpointBytes }),
          ...(samples === undefined ? {} : { samples }),
        }),
      (error) => {
        context.observer.commitFailed?.(context.plan.name);
        this.failure = error;
      },
    );
  }

  private noteCheckpoint(at: Position, now: number): void {
    this.checkpoint++;
    this.checkpointAt = at;
    this.checkpointTime = now;
    this.hasCheckpoint = true;
    this.stale = [];
    this.digest.reset();
  }

  private memory() {
    return {
      clock: this.clock.state,
      upstream: this.upstream.save(),
      ended: this.ended,
      totals: this.totals,
      roots: this.held.save(),
      commands: this.commands.save(),
      keyMismatches: this.keys?.mismatches ?? 0,
      watch: this.watch.save(),
      stages: this.stageIds,
    };
  }

  private publish(open: OpenCommit, startedMs: number, more: Pick<CommitReport, 'checkpointBytes' | 'samples'>): void {
    const { context } = this;
    context.observer.commit?.({
      topology: context.plan.name,
      task: this.id,
      counts: open.counts,
      seconds: (context.clock.elapsed() - startedMs) / 1000,
      ...more,
      position: open.next,
      end: this.end,
      streamTime: this.clock.state.streamTime,
      stats: [
        ...this.stage.steps.flatMap((step) => {
          const stats = step.kernel.stats?.();
          return stats === undefined ? [] : [{ step: step.plan.id, stats }];
        }),
        ...this.watch.stats(),
      ],
    });
  }
}

/** How many records of the batch lie before `target`. */
function before(batch: Batch, target: Position): number {
  if (batch.next <= target) return batch.records.length;
  let n = 0;
  while (n < batch.records.length && (batch.positions?.[n] ?? (batch.records[n] as DataRecord).offset) < target) n++; // n is below the length
  return n;
}
