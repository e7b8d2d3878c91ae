import type { Clock } from '../../core/clock.ts';
import { nodeFactory } from './client.ts';
import { Cluster } from './cluster.ts';
import { Lane } from './lane.ts';
import type { KafkaSettings } from './settings.ts';
import { replaceRequestQueueTimer } from './wire/index.ts';

/** A cluster and one lane to it, for work beside a group: reading a topic, sending records back. Connects when it is used. */
export function connect(
  settings: KafkaSettings,
  clock: Clock,
): { readonly cluster: Cluster; readonly lane: Lane; close(): Promise<void> } {
  replaceRequestQueueTimer(clock);
  const makeNode = nodeFactory({ ...settings.client, log: () => {} });
  const cluster = new Cluster({ bootstrap: settings.bootstrap, makeNode, clock });
  const lane = new Lane(cluster);
  const close = async () => {
    await lane.close();
    await cluster.close();
  };
  return { cluster, lane, close };
}
