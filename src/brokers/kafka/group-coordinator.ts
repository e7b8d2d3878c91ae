import type { KafkaNode } from './client.ts';
import type { Cluster } from './cluster.ts';
import { Lane } from './lane.ts';
import { brokerError, codeOf, kindOf, REBALANCE_IN_PROGRESS } from './protocol-errors.ts';

/** Unreachable for this long: the process gives up. Kept far above a restart of the cluster. */
export const PATIENCE_MS = 300_000;

/** Requests of one member to whichever node coordinates its group. */
export class GroupCoordinator {
  private readonly lane: Lane;
  private readonly group: string;

  constructor(cluster: Cluster, group: string) {
    this.lane = new Lane(cluster);
    this.group = group;
  }

  /** What the group says of the member is thrown as it is; everything else as an error of ours. */
  async ask<T>(call: (node: KafkaNode) => Promise<T>): Promise<T> {
    const { group: key } = this;
    try {
      return await this.lane.onCoordinator({ kind: 'group', key }, { patienceMs: PATIENCE_MS, repeatLost: true }, call);
    } catch (error) {
      if (kindOf(error) === 'member') throw error;
      throw brokerError(error, { what: `as a member of the consumer group ${key}` });
    }
  }

  /** A sign of life, and what the group makes of it. */
  async beat(member: { readonly memberId: string; readonly generation: number }): Promise<'ok' | 'rebalance' | 'out'> {
    const { memberId, generation: groupGenerationId } = member;
    try {
      await this.ask((node) => node.heartbeat({ groupId: this.group, groupGenerationId, memberId }));
      return 'ok';
    } catch (error) {
      if (kindOf(error) !== 'member') throw error;
      return codeOf(error) === REBALANCE_IN_PROGRESS ? 'rebalance' : 'out';
    }
  }

  close(): Promise<void> {
    return this.lane.close();
  }
}
