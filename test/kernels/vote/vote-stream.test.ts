import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { StatePart } from '../../../src/core/state.ts';
import type { VoteMethod, VoteSettings } from '../../../src/kernels/vote/vote-settings.ts';
import { VoteState } from '../../../src/kernels/vote/vote-state.ts';
import { crowd, stream } from './stream-runs.ts';

const METHODS: readonly VoteMethod[] = ['majority', 'weighted', 'dawid-skene', 'hds', 'one-coin'];
const AT_END: Partial<VoteSettings> = { close: { minVotes: 'all', confidence: 0.95 } };

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

  it('votes on open items are bounded: the item opened first closes', () => {
    const { votes, kept } = stream({ method: 'majority', maxOpen: 10, close: { minVotes: 'all', confidence: 1 } });
    for (let n = 0; n < 1_500; n++) votes.vote({ item: 'first', voter: n, label: n % 2 }, 0);
    votes.vote({ item: 'second', voter: 'x', label: 1 }, 0);
    expect(kept.results).toMatchObject([{ item: 'first', closedBy: 'evicted' }]);
    expect(kept.evictions).toEqual([{ entries: 1, bound: 'votes' }]);
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
