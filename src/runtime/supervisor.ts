import {
  catchError,
  concat,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  merge,
  mergeMap,
  type Observable,
  of,
  retry,
  Subject,
  takeUntil,
} from 'rxjs';
import { type Assignment, type Stage, type TaskId, taskName } from '../core/broker.ts';
import { BrokerError, ConfigError, OperatorError, QualityStop, StateError } from '../core/errors.ts';
import { hash32 } from '../core/hash.ts';
import type { StagePlan } from '../topology/plan.ts';
import { Task } from './task.ts';
import type { TaskContext } from './task-context.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

interface Running {
  readonly controller: AbortController;
  /** The attempt that runs now, or the last one; never rejects. */
  done: Promise<void>;
}

export interface TaskOutcome {
  readonly task: Task;
  readonly result: 'ended' | 'stopped';
}

/**
 * Assignments become tasks; a failed task is closed and opened again with backoff, until it has failed too often. One
 * subscription runs all of it: it completes when the broker's assignments do, and errors with the first task that gives up.
 */
export class Supervisor {
  private readonly context: TaskContext;
  private readonly stages: ReadonlyMap<string, StagePlan>;
  private readonly running = new Map<string, Running>();
  private readonly active = new Set<Promise<void>>();
  private readonly finished = new Subject<void>();
  private readonly ended = new Set<string>();

  constructor(context: TaskContext) {
    this.context = context;
    this.stages = new Map(context.plan.stages.map((stage) => [stage.id, stage]));
  }

  /** Every outcome of a task, as it comes. `signal` asks all of them to stop after a last commit. */
  outcomes(stages: readonly Stage[], signal: AbortSignal): Observable<TaskOutcome> {
    return defer(() => {
      const stop = new AbortController();
      const onAbort = () => stop.abort(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      return this.context.broker.tasks(stages, stop.signal).pipe(
        takeUntil(this.finished),
        mergeMap((assignment) => this.apply(assignment, stop.signal)),
        finalize(() => {
          signal.removeEventListener('abort', onAbort);
          stop.abort();
        }),
      );
    });
  }

  /** Resolves once no task works any more, also after an error has ended the stream. */
  async idle(): Promise<void> {
    while (this.active.size > 0) await Promise.all(this.active);
  }

  private apply(assignment: Assignment, stop: AbortSignal): Observable<TaskOutcome> {
    const release = defer(async () => {
      const going = [...assignment.revoked, ...assignment.lost].map(taskName);
      for (const name of going) this.running.get(name)?.controller.abort(new Error('revoked'));
      await Promise.all(going.map((name) => this.running.get(name)?.done));
      assignment.released();
    }).pipe(ignoreElements());
    const start = defer(() =>
      assignment.assigned.length === 0 ? EMPTY : merge(...assignment.assigned.map((id) => this.task(id, stop))),
    );
    return concat(release, start);
  }

  /** A task with its restarts. */
  private task(id: TaskId, stop: AbortSignal): Observable<TaskOutcome> {
    const stage = this.stages.get(id.stage);
    if (stage === undefined) throw new OperatorError(`the plan has no stage ${id.stage}`, { code: 'no-stage' });
    const name = taskName(id);
    const controller = new AbortController();
    const signal = AbortSignal.any([stop, controller.signal]);
    const running: Running = { controller, done: Promise.resolve() };
    this.running.set(name, running);
    const failures: number[] = [];
    let stopAt: number | undefined;
    return defer(() => {
      const task = new Task(id, stage, this.context, stopAt);
      const run = task.run(signal);
      running.done = this.track(run);
      return from(run.then((result): TaskOutcome => ({ task, result })));
    }).pipe(
      retry({
        delay: (error) => {
          if (!(error instanceof QualityStop) || error.position === undefined)
            return this.backoff(id, error, failures, signal);
          stopAt = error.position;
          return of(undefined);
        },
      }),
      catchError((error) => {
        if (stop.aborted && error === stop.reason) {
          this.context.log.warn(
            'task-not-reopened',
            `${name} was asked to stop before it could go on: the next start does`,
          );
          return EMPTY;
        }
        // asked to stop, and its last commit was refused to it: who took the task over goes on from the one before
        const isTaken = stop.aborted && error instanceof BrokerError && error.code === 'fenced';
        if (!controller.signal.aborted && !isGone(error) && !isTaken) throw error;
        this.context.log.warn('task-given-up', `${name} went to another owner`, { error: String(error) });
        return EMPTY;
      }),
      mergeMap((outcome) => {
        if (outcome.result === 'ended') this.noteEnd(name);
        return [outcome];
      }),
      finalize(() => {
        if (this.running.get(name) === running) this.running.delete(name);
      }),
    );
  }

  private track(run: Promise<unknown>): Promise<void> {
    const done = run.then(
      () => {},
      () => {},
    );
    this.active.add(done);
    return done.then(() => void this.active.delete(done));
  }

  /** In a bounded run everything is over when every task owned has ended. */
  private noteEnd(name: string): void {
    this.ended.add(name);
    if ([...this.running.keys()].every((other) => this.ended.has(other))) queueMicrotask(() => this.finished.next());
  }

  private backoff(id: TaskId, error: unknown, failures: number[], signal: AbortSignal): Observable<unknown> {
    const { plan, clock, observer, log } = this.context;
    const now = clock.elapsed();
    while (failures.length > 0 && now - (failures[0] ?? 0) > plan.restarts.withinMs) failures.shift();
    failures.push(now);
    const hopeless =
      error instanceof StateError ||
      error instanceof ConfigError ||
      (error as { retryable?: boolean }).retryable === false;
    if (signal.aborted || hopeless || isGone(error) || failures.length > plan.restarts.max) {
      if (!isGone(error)) observer.taskFailed?.(id, error, undefined);
      throw error;
    }
    const base = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures.length - 1));
    const jitter = 0.5 + (hash32(`${taskName(id)}/${failures.length}`) / 2 ** 32) * 0.5;
    const delayMs = base * jitter;
    observer.taskFailed?.(id, error, delayMs);
    log.warn('task-restart', `${taskName(id)} failed and is opened again`, {
      delayMs: Math.round(delayMs),
      error: String(error),
    });
    return from(clock.sleep(delayMs, signal));
  }
}

/** The group gave the task to another member while we did not look. */
function isGone(error: unknown): boolean {
  return error instanceof BrokerError && error.code === 'not-assigned';
}
