import { defer, from, lastValueFrom, tap } from 'rxjs';
import { type Batch, type TaskChannel, type TaskId, taskName } from '../core/broker.ts';
import type { TaskState } from '../core/observer.ts';
import type { Tick } from '../core/operator.ts';
import type { Frame } from '../topology/frame.ts';
import { waitOut } from './outage.ts';
import type { TaskCommits } from './task-commits.ts';
import type { TaskContext } from './task-context.ts';
import { recordsBefore, type TaskInput } from './task-input.ts';
import type { TaskStage } from './task-stage.ts';

interface TaskLoopOptions {
  readonly id: TaskId;
  readonly context: TaskContext;
  readonly channel: TaskChannel;
  readonly stage: TaskStage;
  readonly input: TaskInput;
  readonly commits: TaskCommits;
}

/** A batch that straddles the committed position: what lies behind it is new. */
interface Rest {
  readonly batch: Batch;
  readonly from: number;
}

/** The work of a task whose state is back: reads again what it must, then polls, processes and commits until the end or a stop. */
export class TaskLoop {
  private readonly options: TaskLoopOptions;
  private state: TaskState = 'opening';
  /** Monotonic milliseconds at which the batch in hand was taken. */
  private batchSince = 0;

  constructor(options: TaskLoopOptions) {
    this.options = options;
  }

  /** Resolves when the input has ended or `signal` asked to stop, with everything committed. */
  async run(signal: AbortSignal): Promise<void> {
    const { stage, commits } = this.options;
    const frames = defer(() => from(this.frames(signal))).pipe(
      stage.through(() => !commits.isReplaying),
      tap((frame) => this.collect(frame)),
    );
    await lastValueFrom(frames, { defaultValue: undefined });
  }

  private async *frames(signal: AbortSignal): AsyncGenerator<Frame> {
    const { id, context, stage, input, commits } = this.options;
    if (!(await this.openCodecs(signal))) return;
    const rest = yield* this.replay(signal);
    this.tell('running');
    const hasState = commits.wantFirstCheckpoint();
    stage.watch.refuseOpen(taskName(id));
    for (const command of stage.commands.due(stage.streamTime, hasState)) yield this.tickFrame(command);
    if (rest !== undefined && !input.isAtLimit) yield* this.take(rest.batch, rest.from);
    while (!signal.aborted && !input.isAtLimit) {
      const batch = await this.poll(signal);
      commits.refuseFailed();
      yield* this.take(batch, 0);
      const idle = input.idleTick(stage.streamTime);
      if (idle !== undefined) yield this.tickFrame(idle);
      if (batch.records.length === 0 && batch.atEnd && context.untilEnd) {
        if (!input.ended) yield this.tickFrame({ kind: 'end', time: stage.streamTime });
        input.ended = true;
        break;
      }
      await commits.commitWhenDue();
    }
    await commits.finish();
    stage.watch.refuseOpen(taskName(id));
  }

  /** Reads what lies between checkpoint and committed position again, outputs discarded; it must come out the same. */
  private async *replay(signal: AbortSignal): AsyncGenerator<Frame, Rest | undefined> {
    const { id, context, channel, stage, input, commits } = this.options;
    const start = commits.replayFrom;
    if (start === undefined) return undefined;
    const { observer, log, plan } = context;
    const target = input.position;
    this.tell('replaying');
    commits.beginReplay();
    channel.seek(start);
    input.position = start;
    let records = 0;
    let rest: Rest | undefined;
    while (input.position < target) {
      signal.throwIfAborted();
      const batch = await this.poll(signal);
      const cut = recordsBefore(batch, target);
      if (cut > 0) {
        input.ended = false;
        yield stage.frameOf(batch, 0, cut);
      }
      records += cut;
      if (batch.next > target) rest = { batch, from: cut };
      input.position = Math.min(batch.next, target);
      observer.taskProgress?.(id, { unit: 'records again', done: input.position - start, of: target - start });
    }
    commits.endReplay();
    observer.replayed?.(plan.name, records);
    log.info('replayed', `read ${records} records again after the last checkpoint`, { task: taskName(id) });
    return rest;
  }

  /** The records of a batch from index `from` on, and then its position. */
  private *take(batch: Batch, from: number): Generator<Frame> {
    const { context, stage, input, commits } = this.options;
    const { to, next } = input.takingOf(batch, from);
    if (to > from) {
      this.batchSince = context.clock.elapsed();
      yield stage.frameOf(batch, from, to);
    }
    input.position = next;
    commits.reach(next);
  }

  /** The next records, once their format can decode them. */
  private async poll(signal: AbortSignal): Promise<Batch> {
    const { stage, input, commits } = this.options;
    const { codec } = stage.input;
    const batch = await input.poll(commits.dueAt, signal);
    const missing = codec.prepare?.(batch.records);
    if (missing === undefined) return batch;
    const isReady = await this.attend((retry) => (retry ? codec.prepare?.(batch.records) : missing), signal);
    // asked to stop while it waited: the batch was not read
    return isReady ? batch : { ...batch, records: [], next: input.position, atEnd: false };
  }

  /** False when asked to stop before it was done. */
  private async openCodecs(signal: AbortSignal): Promise<boolean> {
    const { stage } = this.options;
    const codecs = new Set([stage.input.codec, ...stage.compiled.plan.sinks.map((sink) => sink.codec)]);
    for (const codec of codecs)
      if (codec?.open !== undefined && !(await this.attend(() => codec.open?.(), signal))) return false;
    return true;
  }

  /** Does `work`; while a service it needs is out, the task waits, and commits what it has. */
  private attend(work: (retry: boolean) => Promise<void> | undefined, signal: AbortSignal): Promise<boolean> {
    const { id, context, commits } = this.options;
    const { clock, log, observer, plan } = context;
    const { state } = this;
    return waitOut(work, {
      clock,
      log,
      signal,
      task: taskName(id),
      onWait: (reason) => this.tell('waiting', reason),
      onElapsed: async (service, ms) => {
        observer.outage?.(plan.name, service, ms / 1000);
        await commits.commitWhenDue();
      },
      onBack: () => this.tell(state),
    });
  }

  private collect(frame: Frame): void {
    const { context, commits } = this.options;
    const { observer, clock, plan } = context;
    if (frame.batch !== undefined && !commits.isReplaying)
      observer.batch?.(plan.name, (clock.elapsed() - this.batchSince) / 1000, frame.roots.length);
    commits.add(frame);
  }

  private tickFrame(tick: Tick): Frame {
    const { stage, input } = this.options;
    return stage.tickFrame(tick, input.position);
  }

  private tell(state: TaskState, reason?: string): void {
    this.state = state;
    this.options.context.observer.taskState?.(this.options.id, state, reason);
  }
}
