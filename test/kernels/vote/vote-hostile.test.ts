import { describe, expect, it } from 'vitest';
import { stream } from './stream-runs.ts';

describe('hostile votes', () => {
  it('a label set without end is cut at the bound', () => {
    const { votes } = stream({ method: 'hds', maxLabels: 20 });
    const taken = Array.from({ length: 500 }, (_, n) => votes.vote({ item: n, voter: 'w', label: `l${n}` }, 0));
    expect(taken.filter((what) => what === 'counted')).toHaveLength(20);
    expect(votes.learning.labels.size).toBe(20);
    expect(votes.items.size).toBe(20);
  });

  it('one-coin takes any number of labels without growing by them', () => {
    const { votes } = stream({
      method: 'one-coin',
      close: { minVotes: 'all', confidence: 1, maxVotes: 1 },
      bufferItems: 100,
    });
    for (let n = 0; n < 20_000; n++) votes.vote({ item: n, voter: 'w', label: `l${n}` }, 0);
    expect(votes.items.size).toBe(100);
    expect(votes.learning.distinct.size).toBeLessThanOrEqual(1_000);
  });

  it('an item with 100,000 votes, half of them late or changed, stays quick', () => {
    const { votes, kept } = stream({
      method: 'hds',
      close: { minVotes: 3, confidence: 0.999, maxVotes: 50_000 },
      warmUpItems: 0,
    });
    const before = process.cpuUsage();
    for (let n = 0; n < 100_000; n++) votes.vote({ item: 'a', voter: n, label: n % 2 }, 0);
    for (let n = 0; n < 20_000; n++) votes.vote({ item: 'a', voter: n, label: (n + 1) % 2 }, 0);
    votes.end();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(10);
    expect(kept.results[0]).toMatchObject({ votes: 50_000, closedBy: 'max-votes' });
  }, 120_000);

  it('a voter with a million votes is one entry', () => {
    const { votes } = stream({
      method: 'majority',
      close: { minVotes: 1, confidence: 0.5 },
      bufferItems: 10,
      rememberItems: 10,
      reportEvery: 0,
      sweepEvery: 0,
    });
    for (let n = 0; n < 1_000_000; n++) votes.vote({ item: n, voter: 'w', label: 'a' }, 0);
    expect(votes.learning.voters.size).toBe(1);
    expect(votes.items.size).toBe(10);
  }, 120_000);

  it('more voters and items than the bounds allow: the longest silent and the first opened leave, and it is said', () => {
    const { votes, kept } = stream({
      method: 'hds',
      maxVoters: 64,
      maxOpen: 100,
      bufferItems: 10,
      warmUpItems: 0,
      close: { minVotes: 'all', confidence: 1 },
    });
    for (let n = 0; n < 2_000; n++) votes.vote({ item: n, voter: `w${n}`, label: n % 2 }, 0);
    expect(votes.open.size).toBe(100);
    expect(votes.learning.voters.size).toBeLessThanOrEqual(120);
    expect(new Set(kept.evictions.map(({ bound }) => bound))).toEqual(new Set(['items', 'voters']));
  });
});
