import { type CommitInfo, type Position, type TaskChannel, type TaskId, taskName } from '../core/broker.ts';
import { OperatorError, StateError } from '../core/errors.ts';
import type { CommitReport, Counts } from '../core/observer.ts';
import type { Frame } from '../topology/frame.ts';
import { addCounts, isConserved } from './counters.ts';
import { EmissionDigest } from './digest.ts';
import { OpenCommit } from './open-commit.ts';
import { Sampler } from './samples.ts';
import type { TaskContext } from './task-context.ts';
import type { TaskInput } from './task-input.ts';
import type { TaskStage } from './task-stage.ts';
import { takeCheckpoint } from './task-state.ts';

interface TaskCommitsOptions {
  readonly id: TaskId;
  readonly context: TaskContext;
  readonly channel: TaskChannel;
  readonly stage: TaskStage;
  readonly input: TaskInput;
  /** Since the task's first record; grows with every commit. */
  readonly totals: Counts;
  /** The task found a checkpoint. */
  readonly hasState: boolean;
  /** Parts of steps that were reset: dropped with the next checkpoint. */
  readonly stale: readonly string[];
}

/** Its multiples, whichever of them, lie far apart within 1. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;
/** A checkpoint that comes before its time does so behind this share of the interval. */
const EARLIEST_SHARE = 1 / 10;

/** One commit that fills, and at most one in flight; a checkpoint rides along when it is due. */
export class TaskCommits {
  private readonly options: TaskCommitsOptions;
  private readonly sampler: Sampler | undefined;
  /** Emissions since the last checkpoint. */
  private readonly digest = new EmissionDigest();
  private open: OpenCommit;
  private inFlight: Promise<void> | undefined;
  /** Monotonic milliseconds at which the last commit ended. */
  private endedAt = Number.NEGATIVE_INFINITY;
  private failure: unknown;
  private checkpoint = 0;
  private checkpointAt: Position = 0;
  private checkpointTime: number;
  private hasCheckpoint: boolean;
  private stale: readonly string[];
  private replaying = false;

  constructor(options: TaskCommitsOptions) {
    const { context, channel, hasState, stale } = options;
    const { committed, position } = channel.start;
    this.options = options;
    this.sampler = context.observer.wantsSamples === true ? new Sampler(context.plan) : undefined;
    this.stale = stale;
    this.hasCheckpoint = hasState;
    this.checkpointTime = context.clock.elapsed();
    if (committed !== undefined) {
      this.checkpoint = committed.checkpoint;
      this.checkpointAt = committed.checkpointAt;
    }
    this.open = new OpenCommit(hasState && committed !== undefined ? committed.checkpointAt : position);
  }

  /** Where records must be read again from; undefined when the checkpoint is as new as the commit. */
  get replayFrom(): Position | undefined {
    const { committed, position } = this.options.channel.start;
    if (!this.hasCheckpoint || committed === undefined || committed.checkpointAt >= position) return undefined;
    return committed.checkpointAt;
  }

  get isReplaying(): boolean {
    return this.replaying;
  }

  /** Monotonic milliseconds at which the commit that fills is due. */
  get dueAt(): number {
    return this.nextBeat(this.options.context.clock.elapsed(), this.everyMs);
  }

  /** What is added from now on was committed before: it is counted and digested, and goes nowhere. */
  beginReplay(): void {
    this.replaying = true;
  }

  /** Throws unless what was added since beginReplay() is what was committed then. */
  endReplay(): void {
    const { id, context, channel, totals } = this.options;
    const { committed, position } = channel.start;
    const { count, value } = this.digest;
    if (
      committed !== undefined &&
      (count !== committed.emitted || value !== committed.digest) &&
      !context.accept.replay
    )
      throw new StateError(
        `${taskName(id)}: reading records ${committed.checkpointAt} to ${position} again gave ${count} emissions (digest ${value}) instead of ${committed.emitted} (${committed.digest}): the input or an operator is not what it was`,
        { code: 'replay-differs' },
      );
    this.replaying = false;
    addCounts(totals, this.open.counts);
    this.open = new OpenCommit(position);
  }

  /** A task without a checkpoint takes one with its first commit. Gives whether it has one. */
  wantFirstCheckpoint(): boolean {
    if (!this.hasCheckpoint) this.open.needsCheckpoint = true;
    return this.hasCheckpoint;
  }

  add(frame: Frame): void {
    const { stage, context, channel } = this.options;
    if (!this.replaying) this.sampler?.add(frame);
    this.open.add(frame, {
      portNames: stage.compiled.portNames,
      digest: this.digest,
      elapsedMs: context.clock.elapsed(),
      replaying: this.replaying,
      stage: (batch) => channel.stage?.(batch) ?? false,
    });
  }

  /** Everything before `position` was added. */
  reach(position: Position): void {
    this.open.next = position;
  }

  /** Commits when that is due. Throws what an earlier commit failed with. */
  async commitWhenDue(): Promise<void> {
    this.refuseFailed();
    if (!this.replaying && this.isDue()) await this.commit(false);
  }

  /** The last commit, with a checkpoint, unless there is nothing to commit. */
  async finish(): Promise<void> {
    const durable = this.hasCheckpoint && this.open.isEmpty && this.checkpointAt === this.options.input.position;
    if (!durable) await this.commit(true);
    await this.inFlight;
    this.refuseFailed();
  }

  /** Nothing is in flight any more, whatever became of it. */
  async settled(): Promise<void> {
    await this.inFlight?.catch(() => {}); // whoever runs the task was told
  }

  /** Throws what a commit failed with. */
  refuseFailed(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private get everyMs(): number {
    const { plan, defaults } = this.options.context;
    return plan.commit.everyMs ?? defaults.commitEveryMs;
  }

  private isDue(): boolean {
    const { context, input } = this.options;
    const now = context.clock.elapsed();
    if (this.open.isEmpty) return this.checkpointAt < input.position && this.checkpointIsDue(now);
    if (this.open.records >= context.plan.commit.records) return true;
    // it could not start yet, and there is work meanwhile
    if (this.inFlight !== undefined && input.backlog > 0) return false;
    return now >= this.nextBeat(now, this.mostMs);
  }

  /**
   * Commits begin at whole multiples of their distance: those of several tasks then reach the broker together, and share what it
   * does for each; not before the one in flight has ended. Without a distance there is nothing to wait for.
   */
  private nextBeat(now: number, everyMs: number): number {
    const from = this.inFlight === undefined ? Math.max(this.open.since ?? now, this.endedAt) : now;
    return everyMs === 0 ? from : (Math.floor(from / everyMs) + 1) * everyMs;
  }

  /** While more waits than a commit takes, records are late whatever is done: fewer commits catch up sooner. */
  private get mostMs(): number {
    const { context, input } = this.options;
    const { commit } = context.plan;
    const isBehind = commit.everyMs === undefined && input.backlog >= commit.records;
    return isBehind ? context.defaults.commitBehindMs : this.everyMs;
  }

  /** Tasks of a process take turns within the interval: a checkpoint is much work, and all at once would hold everything up. */
  private checkpointIsDue(now: number): boolean {
    const every = this.options.context.plan.checkpointEveryMs;
    const turn = (at: number) => Math.floor(at / every + this.phase);
    return every === 0 || turn(now) > turn(this.checkpointTime) || this.isFull(now, every);
  }

  /** What has changed would soon make the outputs of its commit wait longer. Not at the same size for all tasks: their turns would fall together. */
  private isFull(now: number, every: number): boolean {
    const { channel, stage } = this.options;
    const { checkpointBytes } = channel;
    if (checkpointBytes === undefined || now - this.checkpointTime < every * EARLIEST_SHARE) return false;
    const pending = stage.compiled.steps.reduce((sum, { kernel }) => sum + (kernel.pendingBytes ?? 0), 0);
    return pending >= checkpointBytes * (1 - this.phase / 2);
  }

  /** Within 1, far from that of other tasks. */
  private get phase(): number {
    return (GOLDEN_RATIO * this.options.id.partition) % 1;
  }

  /** Waits for the commit in flight, then starts this one; at most one is in flight while the next fills. */
  private async commit(withCheckpoint: boolean): Promise<void> {
    const { open } = this;
    const { id, context, channel, stage, totals } = this.options;
    const now = context.clock.elapsed();
    if (!isConserved(open.counts))
      throw new OperatorError(`${taskName(id)}: records read and fates counted differ`, { code: 'not-conserved' });
    addCounts(totals, open.counts);
    const takes = withCheckpoint || open.needsCheckpoint || this.checkpointIsDue(now);
    const checkpoint = takes ? takeCheckpoint(stage.compiled, () => this.remember(), this.stale) : undefined;
    const checkpointBytes = checkpoint?.put.reduce((sum, part) => sum + part.bytes.length, 0);
    const samples = this.sampler?.take(stage.compiled.steps);
    if (takes) this.noteCheckpoint(open.next, now);
    const info = this.info();
    this.open = new OpenCommit(open.next);
    await this.inFlight;
    this.refuseFailed();
    const started = context.clock.elapsed();
    const request = { outputs: open.outputs, next: open.next, info };
    this.inFlight = channel.commit(checkpoint === undefined ? request : { ...request, checkpoint }).then(
      () => {
        this.publish(open, started, {
          ...(checkpointBytes === undefined ? {} : { checkpointBytes }),
          ...(samples === undefined ? {} : { samples }),
        });
        this.inFlight = undefined;
        this.endedAt = context.clock.elapsed();
      },
      (error) => {
        context.observer.commitFailed?.(context.plan.name);
        this.failure = error;
      },
    );
  }

  private info(): CommitInfo {
    return {
      checkpoint: this.checkpoint,
      checkpointAt: this.checkpointAt,
      fingerprint: this.options.context.plan.fingerprint,
      emitted: this.digest.count,
      digest: this.digest.value,
    };
  }

  private remember() {
    const { stage, input, totals } = this.options;
    return { ...stage.save(), ended: input.ended, totals };
  }

  private noteCheckpoint(at: Position, now: number): void {
    this.checkpoint++;
    this.checkpointAt = at;
    this.checkpointTime = now;
    this.hasCheckpoint = true;
    this.stale = [];
    this.digest.reset();
  }

  private publish(open: OpenCommit, startedMs: number, more: Pick<CommitReport, 'checkpointBytes' | 'samples'>): void {
    const { id, context, stage, input } = this.options;
    context.observer.commit?.({
      topology: context.plan.name,
      task: id,
      counts: open.counts,
      seconds: (context.clock.elapsed() - startedMs) / 1000,
      ...more,
      position: open.next,
      end: input.end,
      streamTime: stage.streamTime,
      stats: stage.stats(),
    });
  }
}
