import { describe, expect, it } from 'vitest';
import { MemoryBroker } from '../../src/brokers/memory/broker.ts';
import { MemoryCluster } from '../../src/brokers/memory/cluster.ts';
import type { Assignment, Stage } from '../../src/core/broker.ts';
import { taskName } from '../../src/core/broker.ts';
import { type BrokerHarness, brokerContract, CONTRACT_OUTPUT } from '../../src/testing/broker-contract.ts';
import { jsonCodec } from '../../src/testing/json-codec.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';

async function harness(): Promise<BrokerHarness> {
  const clock = new ManualClock();
  const cluster = new MemoryCluster({ clock });
  cluster.createTopic('in');
  cluster.createTopic(CONTRACT_OUTPUT);
  cluster.bound('in');
  return {
    clock,
    input: 'in',
    zombies: true,
    append: async (values) => cluster.append('in', values),
    connect: async (options) => new MemoryBroker(cluster, { bounded: true, ...options }),
    read: async () => cluster.read(CONTRACT_OUTPUT).map(({ value }) => String(value)),
    dispose: async () => {},
  };
}

describe('memory broker', () => {
  for (const { name, run } of brokerContract('memory', harness)) it(name, run);
});

const stage: Stage = {
  topology: 't',
  id: 'source',
  inputs: [{ topic: 'in', codec: jsonCodec }],
  hasState: false,
  start: 'earliest',
  internal: false,
};

function member(cluster: MemoryCluster) {
  const stop = new AbortController();
  const seen: Assignment[] = [];
  new MemoryBroker(cluster).tasks([stage], stop.signal).subscribe((assignment) => seen.push(assignment));
  return { seen, stop: () => stop.abort() };
}

describe('memory group', () => {
  it('hands a task over only after its owner has let it go', () => {
    const cluster = new MemoryCluster({ clock: new ManualClock() });
    cluster.createTopic('in', 4);
    const first = member(cluster);
    expect(first.seen[0]?.assigned.map(taskName)).toEqual([
      't/source/in/0',
      't/source/in/1',
      't/source/in/2',
      't/source/in/3',
    ]);
    const second = member(cluster);
    expect(first.seen[1]?.revoked.map(taskName)).toEqual(['t/source/in/2', 't/source/in/3']);
    expect(second.seen).toEqual([]);
    first.seen[1]?.released();
    expect(second.seen[0]?.assigned.map(taskName)).toEqual(['t/source/in/2', 't/source/in/3']);
    first.stop();
    expect(second.seen[1]?.assigned.map(taskName)).toEqual(['t/source/in/0', 't/source/in/1']);
    expect(second.seen[1]?.retained.map(taskName)).toEqual(['t/source/in/2', 't/source/in/3']);
  });
});
