import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { slowness } from '../../support/slowness.ts';
import { stream } from './stream-runs.ts';

const VOTES = 300_000;
const LEAST_PER_SECOND = 200_000;

it('200,000 votes a second of CPU at two labels without sweeps, by the best of three', () => {
  const votes = Array.from({ length: VOTES }, (_, n) => ({
    item: `item-${Math.floor(n / 10)}`,
    voter: `voter-${Math.floor(uniform(1, n) * 100)}`,
    label: uniform(1, n, 1) < 0.8 ? 'yes' : 'no',
  }));
  const rates = [1, 2, 3].map(() => {
    const { votes: into } = stream({
      method: 'hds',
      close: { minVotes: 'all', confidence: 1, maxVotes: 9 },
      sweepEvery: 0,
    });
    const before = process.cpuUsage();
    for (const vote of votes) into.vote(vote, 0);
    const { user, system } = process.cpuUsage(before);
    return VOTES / ((user + system) / 1e6);
  });
  expect(Math.max(...rates) * slowness()).toBeGreaterThanOrEqual(LEAST_PER_SECOND);
});
