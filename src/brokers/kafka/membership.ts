import { Observable, Subject } from 'rxjs';
import { type Assignment, type TaskId, taskName } from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import { BrokerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { keyOf, type MemberClaim, type StageTopic, type TaskKey } from './assigner.ts';
import type { Cluster } from './cluster.ts';
import { GroupCoordinator, PATIENCE_MS } from './group-coordinator.ts';
import { leadGroup, leaveGroup } from './group-leader.ts';
import { decodeTasks, encodeClaim, PROTOCOL_NAME, PROTOCOL_TYPE } from './group-protocol.ts';
import { codeOf, kindOf, REBALANCE_IN_PROGRESS } from './protocol-errors.ts';

export interface MembershipOptions {
  readonly cluster: Cluster;
  readonly group: string;
  /** First word of the tasks' names. */
  readonly topology: string;
  readonly fingerprint: string;
  readonly reads: readonly StageTopic[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly log: Log;
  readonly onRebalance?: () => void;
  /** Another plan owns the group's tasks (its fingerprint), or no longer does (undefined). */
  readonly onConflict?: (fingerprint: string | undefined) => void;
}

/** A member that waits longer than this share of the rebalance time-out for its tasks to close joins with them still open. */
const RELEASE_SHARE = 0.5;
const REJOIN_EVERY_MS = 1000;
/** What an owner gives up moves in the next generation, and waits until everybody has heard of that: so long members beat faster. */
const SECOND_STEP_MS = 3000;
const SECOND_STEP_SHARE = 0.2;

/**
 * One process's place in the consumer group: joins, leads when asked to, beats by a timer, and tells who owns what.
 * The protocol hands out everything at once; our assigner makes it gradual (see shareTasks), so tasks that stay work on during a
 * rebalance and tasks that go are closed before this member joins again.
 */
export class Membership {
  private readonly options: MembershipOptions;
  private readonly clock: Clock;
  private readonly coordinator: GroupCoordinator;
  private readonly assignments = new Subject<Assignment>();
  private readonly stopping = new AbortController();
  /** Resolves with `stopping`. */
  private readonly stopped = new Promise<void>((resolve) => {
    this.stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  private memberId = '';
  private generation = -1;
  /** Given to this member in `generation`. */
  private given: ReadonlyMap<string, TaskKey> = new Map();
  /** Until what was told to close is closed. */
  private releasing: Promise<void> | undefined;
  /** Something was closed that the group has not heard of: others get it once this member joins again. */
  private owesJoin = false;
  private settled = Promise.withResolvers<void>();
  private running: Promise<void> | undefined;
  private frozen = false;
  /** Fell out with nobody listening any more: it does not join again. */
  private isOver = false;
  private conflict: string | undefined;
  private unreachableSince: number | undefined;

  constructor(options: MembershipOptions) {
    this.options = options;
    this.clock = options.cluster.clock;
    this.coordinator = new GroupCoordinator(options.cluster, options.group);
  }

  /** Joins with the first subscriber. Completes when `signal` aborts; the group is left by close(). */
  assignments$(signal: AbortSignal): Observable<Assignment> {
    return new Observable((subscriber) => {
      const subscription = this.assignments.subscribe(subscriber);
      const complete = () => subscriber.complete();
      if (signal.aborted) complete();
      signal.addEventListener('abort', complete, { once: true });
      this.running ??= this.run().catch((error) => this.assignments.error(error));
      return () => {
        subscription.unsubscribe();
        signal.removeEventListener('abort', complete);
      };
    });
  }

  /**
   * The current generation, asked of the coordinator, once no rebalance is under way. Throws `not-assigned` when it does
   * not give the task to this member.
   */
  async generationOf(task: TaskId): Promise<number> {
    for (;;) {
      this.mustHave(task); // before it waits too: who fell out joins again only when its tasks are closed
      await Promise.race([this.settled.promise, this.running]);
      this.mustHave(task);
      const { generation } = this;
      const verdict = await this.coordinator.beat(this.member);
      if (verdict === 'ok' && generation === this.generation) return generation;
      if (verdict !== 'ok' && generation === this.generation) this.unsettle();
      await this.clock.sleep(this.options.heartbeatMs / 4, this.stopping.signal);
    }
  }

  private mustHave(task: TaskId): void {
    if (this.given.has(keyOf(task))) return;
    throw new BrokerError(`${taskName(task)} is another member's now`, { code: 'not-assigned' });
  }

  get member(): { readonly memberId: string; readonly generation: number } {
    return { memberId: this.memberId, generation: this.generation };
  }

  /** For tests: stops beating without a word, as a frozen process does. */
  freeze(): void {
    this.frozen = true;
  }

  /** Leaves the group, so that the others need not wait for the session to end. */
  async close(): Promise<void> {
    this.stopping.abort(new BrokerError('the group was left', { code: 'closed' }));
    this.settled.resolve();
    const { group: groupId } = this.options;
    if (this.memberId !== '' && !this.frozen) {
      await leaveGroup(this.options.cluster, { groupId, memberId: this.memberId }).catch((error) =>
        this.options.log.debug('leave-failed', 'the group was not told', { error: String(error) }),
      );
    }
    await this.coordinator.close();
    await this.running;
    this.assignments.complete();
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted && !this.isOver) {
      try {
        await this.join();
        await this.work();
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        if (await this.waits(error)) continue;
        if (kindOf(error) !== 'member') throw error;
        if (codeOf(error) !== REBALANCE_IN_PROGRESS) await this.fallOut();
      }
    }
  }

  /** No node answers (a restart of the cluster): the group is joined again when one does. False when that has lasted too long. */
  private async waits(error: unknown): Promise<boolean> {
    if (!(error instanceof BrokerError) || error.code !== 'unreachable' || !error.retryable) return false;
    this.unreachableSince ??= this.clock.elapsed();
    if (this.clock.elapsed() - this.unreachableSince > PATIENCE_MS) return false;
    this.options.log.warn('unreachable', 'no broker answers: the group is joined again when one does', {
      error: error.message,
    });
    await this.clock.sleep(REJOIN_EVERY_MS, this.stopping.signal).catch(() => {}); // the stop is seen by run()
    return true;
  }

  private async join(): Promise<void> {
    this.unsettle();
    await this.released();
    this.owesJoin = false;
    const { options } = this;
    const joined = await this.coordinator.ask((node) =>
      node.joinGroup({
        groupId: options.group,
        sessionTimeout: options.sessionTimeoutMs,
        rebalanceTimeout: options.rebalanceTimeoutMs,
        memberId: this.memberId,
        protocolType: PROTOCOL_TYPE,
        groupProtocols: [{ name: PROTOCOL_NAME, metadata: encodeClaim(this.claim()) }],
      }),
    );
    this.memberId = joined.memberId;
    this.unreachableSince = undefined;
    const groupAssignment = joined.leaderId === joined.memberId ? await leadGroup(joined, options.cluster) : [];
    const { memberAssignment } = await this.coordinator.ask((node) =>
      node.syncGroup({
        groupId: options.group,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupAssignment,
      }),
    );
    const { tasks, conflict } = decodeTasks(memberAssignment);
    options.onRebalance?.();
    this.noteConflict(conflict);
    this.take(joined.generationId, tasks);
  }

  private claim(): Omit<MemberClaim, 'memberId'> {
    const { fingerprint, reads } = this.options;
    return { fingerprint, reads, generation: this.generation, owned: [...this.given.values()] };
  }

  private noteConflict(conflict: string | undefined): void {
    if (conflict === this.conflict) return;
    this.conflict = conflict;
    this.options.onConflict?.(conflict);
    if (conflict !== undefined)
      this.options.log.error(
        'plan-conflict',
        `members of group ${this.options.group} run another plan (${conflict}; this one is ${this.options.fingerprint}) and own its tasks: this process gets none until they have stopped. Stop them, or give this topology another name`,
      );
  }

  private take(generation: number, tasks: readonly TaskKey[]): void {
    const given = new Map(tasks.map((task) => [keyOf(task), task]));
    const before = [...this.given.values()];
    const assigned = tasks.filter((task) => !this.given.has(keyOf(task)));
    const revoked = before.filter((task) => !given.has(keyOf(task)));
    const retained = before.filter((task) => given.has(keyOf(task)));
    this.generation = generation;
    this.given = given;
    this.settled.resolve();
    if (assigned.length > 0 || revoked.length > 0) this.tell({ assigned, retained, revoked, lost: [] });
  }

  /** This member is out: everything it had may be another's already. */
  private async fallOut(): Promise<void> {
    const lost = [...this.given.values()];
    this.options.log.warn('left-behind', 'the group went on without this member: its tasks are opened again', {
      group: this.options.group,
      tasks: lost.length,
    });
    this.memberId = '';
    this.generation = -1;
    this.given = new Map();
    this.unsettle();
    if (!this.assignments.observed) {
      // the run is ending: nobody would close the tasks and say so, and those that wait for a generation get none
      this.isOver = true;
      this.settled.resolve();
      return;
    }
    if (lost.length > 0) this.tell({ assigned: [], retained: [], revoked: [], lost });
    await Promise.race([this.releasing, this.stopped]);
  }

  private tell(change: Record<'assigned' | 'retained' | 'revoked' | 'lost', readonly TaskKey[]>): void {
    const going = [...change.revoked, ...change.lost];
    const done = Promise.withResolvers<void>();
    if (going.length > 0) {
      const before = this.releasing;
      const releasing = Promise.all([before, done.promise]).then(() => {
        if (this.releasing === releasing) this.releasing = undefined;
        this.owesJoin = true;
      });
      this.releasing = releasing;
    }
    const ids = (tasks: readonly TaskKey[]) =>
      tasks.map((task): TaskId => ({ topology: this.options.topology, ...task }));
    this.assignments.next({
      generation: this.generation,
      assigned: ids(change.assigned),
      retained: ids(change.retained),
      revoked: ids(change.revoked),
      lost: ids(change.lost),
      released: done.resolve,
    });
  }

  /** What was told to close is closed, or has had its time. */
  private async released(): Promise<void> {
    if (this.releasing === undefined) return;
    const { rebalanceTimeoutMs } = this.options;
    const timer = new AbortController();
    const late = this.clock.sleep(rebalanceTimeoutMs * RELEASE_SHARE, timer.signal).catch(() => {});
    await Promise.race([this.releasing, late, this.stopped]);
    timer.abort();
  }

  /** Beats until the group rebalances, or tasks were given up and may move on. */
  private async work(): Promise<void> {
    const { signal } = this.stopping;
    const { heartbeatMs } = this.options;
    const secondStepEnds = this.clock.elapsed() + SECOND_STEP_MS;
    while (!signal.aborted) {
      const share = this.clock.elapsed() < secondStepEnds ? SECOND_STEP_SHARE : 1;
      const beat = this.clock.sleep(heartbeatMs * share, signal);
      await Promise.race(this.releasing === undefined ? [beat] : [beat, this.releasing]);
      if (this.owesJoin) return;
      if (this.frozen) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      const verdict = await this.coordinator.beat(this.member);
      if (verdict === 'rebalance') return;
      if (verdict === 'out') return this.fallOut();
    }
  }

  private unsettle(): void {
    this.settled.resolve();
    this.settled = Promise.withResolvers<void>();
  }
}
