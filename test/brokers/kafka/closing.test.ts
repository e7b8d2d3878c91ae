import { expect, it } from 'vitest';
import { disconnect, type KafkaNode, nodeFactory } from '../../../src/brokers/kafka/client.ts';
import { Cluster } from '../../../src/brokers/kafka/cluster.ts';
import { Lane } from '../../../src/brokers/kafka/lane.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';

// a socket that nobody knows of keeps a process that has been told to stop alive
await describeWithKafka('what was closed', (brokers) => {
  const { client, bootstrap } = kafkaSettings({ brokers });
  const makeNode = nodeFactory({ ...client, log: () => {} });

  const clusterOf = (makeOne: typeof makeNode) => new Cluster({ bootstrap, clock: systemClock, makeNode: makeOne });

  it('is not connected again by who still holds it', async () => {
    const node = makeNode(bootstrap[0]!);
    await node.connect();
    await disconnect(node);
    await expect(node.listGroups()).rejects.toThrow('closed by us');
    expect(node.isConnected()).toBe(false);
  });

  it('is not left open by a question that was under way', async () => {
    const made: KafkaNode[] = [];
    const cluster = clusterOf((address) => {
      made.push(makeNode(address));
      return made.at(-1)!;
    });
    const asked = cluster.refresh();
    asked.catch(() => {}); // looked at below
    await cluster.close();
    await expect(asked).rejects.toMatchObject({ code: 'closed' });
    await expect(cluster.refresh()).rejects.toMatchObject({ code: 'closed' });
    expect(made.map((node) => node.isConnected())).toEqual([false]);
  });

  it('is not left open by a node that lets nobody in', async () => {
    const made: KafkaNode[] = [];
    const cluster = clusterOf((address) => {
      const node = makeNode(address);
      if (address.nodeId === undefined) return node;
      made.push(node);
      const connect = node.connect.bind(node);
      node.connect = async () => {
        await connect();
        throw new Error('not let in');
      };
      return node;
    });
    await cluster.refresh();
    const lane = new Lane(cluster);
    await expect(lane.node(1)).rejects.toThrow('not let in');
    expect(made.map((node) => node.isConnected())).toEqual([false]);
    await lane.close();
    await cluster.close();
  });
});
