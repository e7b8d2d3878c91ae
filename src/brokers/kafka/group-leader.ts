import { rulingMembers, shareTasks } from './assigner.ts';
import type { JoinedGroup } from './client.ts';
import type { Cluster } from './cluster.ts';
import { decodeClaim, encodeTasks } from './group-protocol.ts';
import { Lane } from './lane.ts';

/** Longest a member that goes waits for the coordinator to hear of it. */
const LEAVE_PATIENCE_MS = 1000;

/** What the leader of a generation answers for everybody: who works on what. */
export async function leadGroup(
  joined: JoinedGroup,
  cluster: Cluster,
): Promise<readonly { memberId: string; memberAssignment: Buffer }[]> {
  const members = joined.members
    .map(({ memberId, memberMetadata }) => decodeClaim(memberId, memberMetadata))
    .filter((claim) => claim !== undefined);
  const topics = rulingMembers(members)[0]?.reads.map(({ topic }) => topic) ?? [];
  const known = await cluster.describe(topics);
  const shares = shareTasks(members, (topic) => known.get(topic)?.partitions.length ?? 0);
  return [...shares].map(([memberId, tasks]) => ({ memberId, memberAssignment: encodeTasks(tasks) }));
}

/** Tells the coordinator over sockets of its own: those of the member may wait for something. */
export async function leaveGroup(cluster: Cluster, member: { groupId: string; memberId: string }): Promise<void> {
  const lane = new Lane(cluster);
  try {
    const coordinator = { kind: 'group', key: member.groupId } as const;
    await lane.onCoordinator(coordinator, { patienceMs: LEAVE_PATIENCE_MS }, (node) => node.leaveGroup(member));
  } finally {
    await lane.close();
  }
}
