import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { StatePart } from '../../../src/core/state.ts';
import type { Vote } from '../../../src/kernels/vote/ballots.ts';
import { ConfusionModel } from '../../../src/kernels/vote/confusion-model.ts';
import type { VoteMethod, VoteSettings } from '../../../src/kernels/vote/vote-settings.ts';
import { VoteState } from '../../../src/kernels/vote/vote-state.ts';
import { stream, summary } from './stream-runs.ts';

const METHODS: readonly VoteMethod[] = ['majority', 'weighted', 'dawid-skene', 'hds', 'one-coin'];
const AT_END: Partial<VoteSettings> = { close: { minVotes: 'all', confidence: 0.95 } };

/** `items` items of two labels, `voters` voters that are right with a probability of .6 to .95. */
function crowd(items: number, voters: number, seed: number): Vote[] {
  const votes: Vote[] = [];
  for (let i = 0; i < items; i++)
    for (let w = 0; w < voters; w++) {
      const right = uniform(seed, i, w) < 0.6 + (0.35 * w) / voters;
      votes.push({ item: `i${i}`, voter: `w${w}`, label: (i % 3 === 0) === right ? 'yes' : 'no' });
    }
  return votes;
}

describe('vote stream', () => {
  it('a tie is said, never broken', () => {
    const { votes, kept } = stream({ ...AT_END, method: 'majority' });
    votes.vote({ item: 'a', voter: 'x', label: 'cat' }, 0);
    votes.vote({ item: 'a', voter: 'y', label: 'dog' }, 0);
    votes.end();
    expect(kept.results).toEqual([
      {
        item: 'a',
        label: null,
        confidence: 0.5,
        share: 0.5,
        votes: 2,
        method: 'majority',
        revision: 0,
        closedBy: 'end',
        tie: true,
      },
    ]);
  });

  it('the last vote of a voter on an item counts, and once', () => {
    const { votes, kept } = stream({ ...AT_END, method: 'majority' });
    expect(votes.vote({ item: 'a', voter: 'x', label: 'cat' }, 0)).toBe('counted');
    expect(votes.vote({ item: 'a', voter: 'x', label: 'cat' }, 0)).toBe('repeated');
    expect(votes.vote({ item: 'a', voter: 'x', label: 'dog' }, 0)).toBe('counted');
    votes.end();
    expect(kept.results[0]).toMatchObject({ label: 'dog', votes: 1, share: 1 });
  });

  it('each close rule is named in what it closes', () => {
    const { votes, kept } = stream({
      method: 'majority',
      close: { minVotes: 2, confidence: 0.95, maxVotes: 3, afterMs: 100, idleMs: 30 },
    });
    const say = (item: string, voter: string, label: string, time: number) => {
      votes.advance(time);
      votes.vote({ item, voter, label }, time);
    };
    say('votes', 'x', 'a', 0);
    say('votes', 'y', 'a', 0);
    say('max', 'x', 'a', 0);
    say('max', 'y', 'b', 0);
    say('max', 'z', 'b', 0);
    say('idle', 'x', 'a', 5);
    for (const [n, time] of [6, 30, 55, 80, 104].entries()) say('after', `v`, n % 2 === 0 ? 'a' : 'b', time);
    votes.advance(106);
    say('end', 'x', 'a', 107);
    votes.end();
    expect(kept.results.map(({ item, closedBy }) => [item, closedBy])).toEqual([
      ['votes', 'votes'],
      ['max', 'max-votes'],
      ['idle', 'idle'],
      ['after', 'after'],
      ['end', 'end'],
    ]);
  });

  it('a late vote inside the buffer gives a revision with the next number; after the buffer it is late', () => {
    const { votes, kept } = stream({
      method: 'majority',
      close: { minVotes: 'all', confidence: 1, maxVotes: 2 },
      bufferItems: 1,
    });
    votes.vote({ item: 'a', voter: 'x', label: 'cat' }, 0);
    votes.vote({ item: 'a', voter: 'y', label: 'cat' }, 0);
    votes.vote({ item: 'a', voter: 'x', label: 'dog' }, 0);
    votes.vote({ item: 'a', voter: 'z', label: 'dog' }, 0);
    expect(kept.results.map(({ label, revision, tie }) => [label, revision, tie])).toEqual([
      ['cat', 0, false],
      [null, 1, true],
      ['dog', 2, false],
    ]);
    expect(kept.changes).toEqual([
      { item: 'a', from: 'cat', to: null, revision: 1, cause: 'late-vote' },
      { item: 'a', from: null, to: 'dog', revision: 2, cause: 'late-vote' },
    ]);
    votes.vote({ item: 'b', voter: 'x', label: 'cat' }, 0);
    votes.vote({ item: 'b', voter: 'y', label: 'cat' }, 0);
    expect(votes.vote({ item: 'a', voter: 'q', label: 'cat' }, 0)).toBe('late');
  });

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

  it.each(METHODS)('%s: stopping anywhere and restoring from the checkpoints changes no byte', (method) => {
    const settings: Partial<VoteSettings> = {
      method,
      close: { minVotes: 3, confidence: 0.9, maxVotes: 6, afterMs: 400, idleMs: 150 },
      bufferItems: 20,
      sweepEvery: 5,
      warmUpItems: 4,
      rememberItems: 30,
      requests: { budget: 0.2, windowVotes: 20, below: 0.9 },
    };
    const input = crowd(60, 7, 11).map((vote, n) => ({ vote, at: Math.floor(uniform(1, n) * 420) + n }));
    input.sort((a, b) => a.at - b.at);
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: input.length - 1 }), { maxLength: 4 }), (cuts) => {
        const whole = stream(settings);
        for (const { vote, at } of input) {
          whole.votes.advance(at);
          whole.votes.vote(vote, at);
        }
        whole.votes.end();
        const parts = new Map<string, StatePart>();
        let now = stream(settings);
        let state = new VoteState(now.votes);
        const results: string[] = [];
        for (const [n, { vote, at }] of input.entries()) {
          if (cuts.includes(n)) {
            const delta = state.checkpoint();
            for (const part of delta.put) parts.set(part.name, part);
            for (const name of delta.drop) parts.delete(name);
            results.push(
              ...now.kept.results.map((r) => JSON.stringify(r)),
              ...now.kept.requests.map((r) => JSON.stringify(r)),
            );
            now = stream(settings);
            state = new VoteState(now.votes);
            for (const part of parts.values()) state.restore(part);
            state.finish();
          }
          now.votes.advance(at);
          now.votes.vote(vote, at);
        }
        now.votes.end();
        results.push(
          ...now.kept.results.map((r) => JSON.stringify(r)),
          ...now.kept.requests.map((r) => JSON.stringify(r)),
        );
        const expected = [
          ...whole.kept.results.map((r) => JSON.stringify(r)),
          ...whole.kept.requests.map((r) => JSON.stringify(r)),
        ];
        expect(results.sort()).toEqual(expected.sort());
      }),
      { numRuns: 12, seed: 5 },
    );
  });

  it('requests keep to the budget and ask for what is least sure first', () => {
    const { votes, kept } = stream({
      ...AT_END,
      method: 'hds',
      warmUpItems: 0,
      requests: { budget: 0.05, windowVotes: 100, below: 0.95 },
    });
    const input = crowd(200, 5, 2);
    for (const [n, vote] of input.entries()) {
      votes.vote(vote, 0);
      expect(kept.requests.length).toBeLessThanOrEqual(0.05 * (n + 1));
    }
    expect(kept.requests.length).toBeGreaterThan(20);
    const firstRound = kept.requests.slice(0, 5).map(({ entropy }) => entropy);
    expect(firstRound).toEqual([...firstRound].sort((a, b) => b - a));
  });
});
