import { Subject } from 'rxjs';
import { type Assignment, type Stage, type TaskId, taskName } from '../../core/broker.ts';
import { type MemoryCluster, tasksOf } from './cluster.ts';

export interface Member {
  readonly id: number;
  readonly assignments$: Subject<Assignment>;
  owned: readonly TaskId[];
  wanted: readonly TaskId[];
  /** Tasks it was told to give up and has not released yet. */
  leaving: number;
}

/** Who works for a topology. Sticky: a member keeps what it has, up to its share. */
export class Group {
  private readonly cluster: MemoryCluster;
  private readonly members = new Map<number, Member>();
  private stages: readonly Stage[] = [];
  private generation = 0;
  private lastId = 0;

  constructor(cluster: MemoryCluster) {
    this.cluster = cluster;
  }

  join(stages: readonly Stage[]): Member {
    this.stages = stages;
    const member: Member = {
      id: ++this.lastId,
      assignments$: new Subject(),
      owned: [],
      wanted: [],
      leaving: 0,
    };
    this.members.set(member.id, member);
    return member;
  }

  leave(id: number): void {
    const member = this.members.get(id);
    if (member === undefined) return;
    this.members.delete(id);
    this.rebalance();
  }

  /** The group takes a member for dead, which does not know: what it has goes to the others at once. */
  expel(id: number): void {
    if (this.members.delete(id)) this.rebalance();
  }

  /** An expelled member hears of its loss and joins again. */
  revive(member: Member): void {
    if (this.members.has(member.id)) return;
    const lost = member.owned;
    member.owned = [];
    member.leaving = 0;
    const { generation } = this;
    member.assignments$.next({ generation, assigned: [], retained: [], revoked: [], lost, released: () => {} });
    this.members.set(member.id, member);
    this.rebalance();
  }

  /** True while the current generation gives the task to this member. */
  owns(id: number, task: TaskId): boolean {
    const name = taskName(task);
    return this.members.get(id)?.wanted.some((one) => taskName(one) === name) === true;
  }

  /** Takes tasks from members above their share, then hands out what nobody has once it is free. */
  rebalance(): void {
    if (this.members.size === 0) return;
    this.generation++;
    const all = this.stages.flatMap((stage) => tasksOf(stage, this.cluster));
    const members = [...this.members.values()];
    const share = Math.ceil(all.length / members.length);
    const names = new Set(all.map(taskName));
    const kept = new Set<string>();
    for (const member of members) {
      member.wanted = member.owned.filter((task) => names.has(taskName(task))).slice(0, share);
      for (const task of member.wanted) kept.add(taskName(task));
    }
    for (const task of all) {
      if (kept.has(taskName(task))) continue;
      const least = members.reduce((a, b) => (b.wanted.length < a.wanted.length ? b : a));
      least.wanted = [...least.wanted, task];
    }
    for (const member of members) this.revoke(member);
    this.assign();
  }

  private revoke(member: Member): void {
    const wanted = new Set(member.wanted.map(taskName));
    const revoked = member.owned.filter((task) => !wanted.has(taskName(task)));
    if (revoked.length === 0) return;
    const retained = member.owned.filter((task) => wanted.has(taskName(task)));
    member.leaving++;
    const given = new Set(revoked.map(taskName));
    let open = true;
    const released = (): void => {
      if (!open) return;
      open = false;
      member.leaving--;
      member.owned = member.owned.filter((task) => !given.has(taskName(task)));
      this.assign();
    };
    const { generation } = this;
    member.assignments$.next({ generation, assigned: [], retained, revoked, lost: [], released });
  }

  /** Gives every member what it should have and nobody else holds any more. */
  private assign(): void {
    for (const member of this.members.values()) {
      if (member.leaving > 0) continue;
      const owned = new Set(member.owned.map(taskName));
      const others = new Set(
        [...this.members.values()].flatMap((one) => (one === member ? [] : one.owned.map(taskName))),
      );
      const assigned = member.wanted.filter((task) => !owned.has(taskName(task)) && !others.has(taskName(task)));
      if (assigned.length === 0) continue;
      const retained = member.owned;
      member.owned = [...retained, ...assigned];
      const { generation } = this;
      member.assignments$.next({ generation, assigned, retained, revoked: [], lost: [], released: () => {} });
    }
  }
}
