import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { Vote } from '../../../src/kernels/vote/ballots.ts';
import { ConfusionModel } from '../../../src/kernels/vote/confusion-model.ts';
import type { VoteSettings } from '../../../src/kernels/vote/vote-settings.ts';
import { crowd, stream, summary } from './stream-runs.ts';

const AT_END: Partial<VoteSettings> = { close: { minVotes: 'all', confidence: 0.95 } };

describe('what a vote stream learns', () => {
  it('gold pins an item, closed or open, and teaches who is right', () => {
    const { votes, kept } = stream({ ...AT_END, method: 'hds', warmUpItems: 0 });
    for (const vote of crowd(40, 5, 1)) votes.vote(vote, 0);
    votes.gold('i1', 'yes', 0);
    votes.close('i1');
    votes.close('i2');
    const other = kept.results.at(-1)!.label === 'yes' ? 'no' : 'yes';
    votes.gold('i2', other, 0);
    expect(kept.results.filter(({ item }) => item === 'i1')).toMatchObject([{ label: 'yes', confidence: 1 }]);
    expect(kept.results.filter(({ item }) => item === 'i2').at(-1)).toMatchObject({
      label: other,
      revision: 1,
      confidence: 1,
    });
  });

  it('taking shares out and putting them back leaves no ghosts when K grows', () => {
    const { votes } = stream({
      method: 'hds',
      close: { minVotes: 2, confidence: 0.6, maxVotes: 4 },
      bufferItems: 30,
      sweepEvery: 7,
      warmUpItems: 5,
    });
    for (let n = 0; n < 4_000; n++) {
      const label = `l${Math.floor(uniform(3, n, 1) * Math.min(12, 2 + n / 300))}`;
      votes.vote({ item: Math.floor(uniform(3, n) * 60) + Math.floor(n / 100) * 10, voter: n % 9, label }, 0);
    }
    const model = votes.learning.model;
    if (!(model instanceof ConfusionModel)) throw new Error('hds learns confusion rows');
    expect(model.floor()).toBeGreaterThanOrEqual(-1e-9);
    const total = votes.learning.voters.names.reduce((sum: number, _, w) => sum + model.accuracy(w).votes, 0);
    expect(Math.abs(total - Math.round(total))).toBeLessThan(1e-6);
  });

  it('after an end, sweeps leave what was concluded from all alone; a late vote does not', () => {
    const { votes, kept } = stream({
      ...AT_END,
      close: { minVotes: 'all', confidence: 1, maxVotes: 5 },
      method: 'hds',
      sweepEvery: 5,
    });
    for (const vote of crowd(80, 4, 21)) votes.vote(vote, 0);
    votes.end();
    const told = kept.changes.length;
    for (const vote of crowd(60, 5, 22)) votes.vote({ ...vote, item: `later-${vote.item}` }, 0);
    const changed = (from: number) => kept.changes.slice(from).map((change) => (change as { item: string }).item); // ids above
    expect(changed(told).filter((item) => !item.startsWith('later-'))).toEqual([]);
    const label = kept.results.find(({ item }) => item === 'i1')!.label === 'yes' ? 'no' : 'yes';
    for (const voter of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) votes.vote({ item: 'i1', voter, label }, 0);
    expect(changed(told)).toContain('i1');
  });

  it('label names and voter names do not matter', () => {
    const input = crowd(120, 6, 5);
    const swap = new Map([
      ['yes', 'no'],
      ['no', 'yes'],
    ]);
    const run = (list: readonly Vote[]) => {
      const { votes, kept } = stream({ ...AT_END, method: 'hds' });
      for (const vote of list) votes.vote(vote, 0);
      votes.end();
      return summary(kept).last;
    };
    const plain = run(input);
    const renamed = run(
      input.map((vote) => ({ item: vote.item, voter: `${vote.voter}-x`, label: swap.get(String(vote.label))! })),
    );
    for (const [item, label] of plain) expect(renamed.get(item)).toBe(swap.get(String(label)));
  });

  it.each(['hds', 'one-coin'] as const)('%s with a half-life sees sooner that a voter has turned', (method) => {
    const accuracyOf = (halfLifeVotes: number): number => {
      const { votes } = stream({
        method,
        halfLifeVotes,
        close: { minVotes: 'all', confidence: 1, maxVotes: 5 },
        bufferItems: 50,
        sweepEvery: 20,
      });
      for (let i = 0; i < 1_200; i++)
        for (let w = 0; w < 5; w++) {
          const accuracy = w > 0 ? 0.8 : i < 900 ? 0.95 : 0.2;
          const right = uniform(6, i, w) < accuracy;
          votes.vote({ item: i, voter: `w${w}`, label: right === (i % 2 === 0) ? 'yes' : 'no' }, 0);
        }
      const { model, voters } = votes.learning;
      return model.accuracy(voters.find('w0')).accuracy;
    };
    expect(accuracyOf(0)).toBeGreaterThan(0.65);
    expect(accuracyOf(100)).toBeLessThan(0.45);
  });
});
