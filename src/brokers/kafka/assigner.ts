/** A stage's input as members tell each other: every partition of `topic` is a task of `stage`. */
export interface StageTopic {
  readonly stage: string;
  readonly topic: string;
}

export interface TaskKey extends StageTopic {
  readonly partition: number;
}

/** What a member says of itself when it joins. */
export interface MemberClaim {
  readonly memberId: string;
  /** Of its plan: members of different plans do not share work. */
  readonly fingerprint: string;
  readonly reads: readonly StageTopic[];
  /** Generation in which it was given what it owns, -1 for a new member. */
  readonly generation: number;
  readonly owned: readonly TaskKey[];
}

export interface MemberTasks {
  readonly tasks: readonly TaskKey[];
  /** Fingerprint of the plan that owns the group's tasks, when it is not this member's: it gets none. */
  readonly conflict?: string;
}

/** The plan whose tasks are handed out: that of the members that own some; in a fresh group that of the first one. */
export function rulingMembers(members: readonly MemberClaim[]): readonly MemberClaim[] {
  const owners = members.filter(({ owned }) => owned.length > 0);
  const ruler = owners.reduce<MemberClaim | undefined>(
    (best, one) => (best === undefined || one.generation > best.generation ? one : best),
    undefined,
  );
  const fingerprint = (ruler ?? members[0])?.fingerprint;
  return members.filter((member) => member.fingerprint === fingerprint);
}

/**
 * Shares tasks out: even within every stage (counts differ by at most one), and everybody keeps what it owns up to its share.
 * What an owner has above its share goes to nobody yet: the owner hears that it lost it, finishes its commit, joins again, and only
 * then does it move. So a task never has two owners, though the protocol hands out everything at once. Where two
 * members claim one task, the later generation is believed.
 */
export function shareTasks(
  members: readonly MemberClaim[],
  partitions: (topic: string) => number,
): ReadonlyMap<string, MemberTasks> {
  const ruling = [...rulingMembers(members)].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const given = new Map<string, TaskKey[]>(ruling.map(({ memberId }) => [memberId, []]));
  const owner = ownersOf(ruling);
  for (const read of ruling[0]?.reads ?? []) {
    const tasks = Array.from({ length: partitions(read.topic) }, (_, partition): TaskKey => ({ ...read, partition }));
    shareStage(tasks, owner, given);
  }
  const fingerprint = ruling[0]?.fingerprint ?? '';
  return new Map(
    members.map((member) => [
      member.memberId,
      given.has(member.memberId) ? { tasks: given.get(member.memberId) ?? [] } : { tasks: [], conflict: fingerprint },
    ]),
  );
}

export function keyOf({ stage, topic, partition }: TaskKey): string {
  return `${stage}/${topic}/${partition}`;
}

function ownersOf(members: readonly MemberClaim[]): ReadonlyMap<string, string> {
  const claims = new Map<string, MemberClaim>();
  for (const member of members)
    for (const task of member.owned) {
      const known = claims.get(keyOf(task));
      if (known === undefined || member.generation > known.generation) claims.set(keyOf(task), member);
    }
  return new Map([...claims].map(([key, { memberId }]) => [key, memberId]));
}

function shareStage(
  tasks: readonly TaskKey[],
  owner: ReadonlyMap<string, string>,
  given: ReadonlyMap<string, TaskKey[]>,
): void {
  const owned = new Map<string, TaskKey[]>([...given.keys()].map((memberId) => [memberId, []]));
  const free: TaskKey[] = [];
  for (const task of tasks) (owned.get(owner.get(keyOf(task)) ?? '') ?? free).push(task);
  const quota = quotas(tasks.length, owned, given);
  for (const [memberId, list] of owned) given.get(memberId)?.push(...list.slice(0, quota.get(memberId)));
  for (const [memberId, list] of owned) {
    const room = (quota.get(memberId) ?? 0) - list.length;
    if (room > 0) given.get(memberId)?.push(...free.splice(0, room));
  }
}

/** The odd tasks go to whoever owns more than the even share already, then to whoever has least in all. */
function quotas(
  count: number,
  owned: ReadonlyMap<string, readonly TaskKey[]>,
  given: ReadonlyMap<string, readonly TaskKey[]>,
): ReadonlyMap<string, number> {
  const even = Math.floor(count / Math.max(1, owned.size));
  let odd = count - even * owned.size;
  const order = [...owned].sort(
    ([a, listA], [b, listB]) =>
      Number(listB.length > even) - Number(listA.length > even) ||
      (given.get(a)?.length ?? 0) - (given.get(b)?.length ?? 0),
  );
  return new Map(order.map(([memberId]) => [memberId, even + (odd-- > 0 ? 1 : 0)]));
}
