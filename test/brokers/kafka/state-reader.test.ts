import { expect, it } from 'vitest';
import type { Lane } from '../../../src/brokers/kafka/lane.ts';
import type { Offsets } from '../../../src/brokers/kafka/offsets.ts';
import { readPartition } from '../../../src/brokers/kafka/state-reader.ts';

const place = { topic: 't.state', partition: 3 };

/** A partition that answers every fetch with nothing. */
function empty(stable: number, high: number) {
  let now = 0;
  const answer = { ...place, code: 0, records: Buffer.alloc(0), aborted: [] };
  return {
    place,
    lane: { onLeader: async () => answer } as unknown as Lane, // the one call that is made
    offsets: {
      highWatermark: async () => high,
      logStart: async () => 0,
      lastStable: async () => stable,
    } as unknown as Offsets, // these three
    patienceMs: 1000,
    elapsed: () => {
      now += 100;
      return now;
    },
  };
}

it('ends where the last offsets of a partition were taken by the cleaner', async () => {
  await readPartition(empty(7, 7), () => expect.unreachable());
});

it('says that an open transaction holds the rest back, once that has lasted', async () => {
  await expect(readPartition(empty(5, 7), () => expect.unreachable())).rejects.toMatchObject({
    code: 'state-held-back',
    retryable: true,
    message: expect.stringContaining('t.state/3 holds back offsets 0 to 7'),
  });
});
