import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { vote } from '../../src/operators/vote.ts';
import { dataPath } from '../data.ts';
import { configure, runOperator, type Step } from './vote-harness.ts';

const ballots = (rows: readonly (readonly [string, string, unknown])[]): Step[] =>
  rows.map(([item, voter, label]) => ({ value: { item, voter, label } }));

/** 80 items, 6 voters, in an order that mixes items; times rise by 10 ms. */
function mixed(): Step[] {
  const rows: { readonly at: number; readonly value: unknown }[] = [];
  for (let i = 0; i < 80; i++)
    for (let w = 0; w < 6; w++)
      rows.push({
        at: i * 20 + uniform(9, i, w) * 900,
        value: { item: `i${i}`, voter: `w${w}`, label: uniform(4, i, w) < 0.55 + w / 15 ? 'yes' : 'no' },
      });
  return rows.sort((a, b) => a.at - b.at).map(({ value }, n) => ({ value, time: n * 10 }));
}

describe('vote', () => {
  it('takes its own example and fills in the defaults', () => {
    expect(configure(vote, vote.example)).toMatchObject({ method: 'hds', warmUp: 50, buffer: 2000, sweepEvery: 100 });
  });

  it('gives one consensus record an item, keyed by it, ties apart', async () => {
    const trace = await runOperator(
      vote,
      { method: 'majority', close: { minVotes: 'all' } },
      ballots([
        ['a', 'x', 'cat'],
        ['a', 'y', 'cat'],
        ['a', 'z', 'dog'],
        ['b', 'x', 'cat'],
        ['b', 'y', 'dog'],
      ]),
    );
    expect(trace.out).toEqual({
      out: [
        { item: 'a', label: 'cat', confidence: 0.666667, share: 0.666667, votes: 3, method: 'majority', revision: 0, closedBy: 'end', tie: false },
      ],
      undecided: [
        { item: 'b', label: null, confidence: 0.5, share: 0.5, votes: 2, method: 'majority', revision: 0, closedBy: 'end', tie: true },
      ],
    }); // biome-ignore format: one line a record reads better
    expect(trace.accounted).toBe(5);
    expect(trace.lines[0]).toMatch(/^out 4 a /);
  });

  it('rejects what is no vote with the reason, and counts the rest', async () => {
    const trace = await runOperator(vote, { method: 'majority', weight: 'weight', close: { minVotes: 'all' } }, [
      { value: { voter: 'x', label: 'cat' } },
      { value: { item: 'a', voter: null, label: 'cat' } },
      { value: { item: 'a', voter: 'x', label: ['cat'] } },
      { value: { item: 'a', voter: 'x', label: 'cat', weight: -1 } },
      { value: { item: 'a', voter: 'x', label: 'cat', weight: 'heavy' } },
      { value: { item: 'a', voter: 'x', label: 'cat', weight: 1e308 } },
      { value: { item: 'a', voter: 'x', label: 'cat', weight: 2 } },
      { value: 'no object' },
    ]);
    expect(trace.findings).toEqual([
      'vote-field',
      'vote-field',
      'vote-field',
      'vote-weight',
      'vote-weight',
      'vote-weight',
      'vote-field',
    ]);
    expect(trace.out.rejected).toHaveLength(7);
    expect(trace.out.out).toMatchObject([{ item: 'a', label: 'cat', votes: 1 }]);
    expect(trace.accounted).toBe(8);
  });

  it('verdicts of people on their own input pin items and change nothing when they come again', async () => {
    const steps = ballots([
      ['a', 'x', 'cat'],
      ['a', 'y', 'cat'],
      ['b', 'x', 'cat'],
      ['b', 'y', 'cat'],
    ]);
    const verdict: Step = { value: { item: 'a', label: 'dog' }, input: 'verdicts' };
    const config = { method: 'majority', feedback: { input: 'verdicts' }, close: { minVotes: 'all', maxVotes: 2 } };
    const once = await runOperator(vote, config, [...steps, verdict]);
    expect(once.out.out).toMatchObject([
      { item: 'a', label: 'cat', revision: 0 },
      { item: 'b', label: 'cat', revision: 0 },
      { item: 'a', label: 'dog', revision: 1, confidence: 1 },
    ]);
    expect(once.events[0]).toEqual({
      type: 'vote.revised',
      data: { item: 'a', from: 'cat', to: 'dog', revision: 1, cause: 'gold' },
    });
    const twice = await runOperator(vote, config, [...steps, verdict, verdict]);
    expect(twice.out).toEqual(once.out);
  });

  it.each(['majority', 'weighted', 'hds', 'one-coin'])('%s: cuts and restarts change nothing', async (method) => {
    const config = {
      method,
      close: { minVotes: 3, confidence: 0.9, maxVotes: 6, after: '2s', idle: '900ms' },
      buffer: 15,
      sweepEvery: 4,
      warmUp: 5,
      reportEvery: 20,
      requests: { every: 50, budget: 0.1 },
    };
    const steps = mixed();
    const whole = await runOperator(vote, config, steps);
    expect(whole.out.out!.length).toBeGreaterThan(60);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 7, 500),
        fc.uniqueArray(fc.integer({ min: 1, max: steps.length - 1 }), { maxLength: 3 }),
        async (cut, restartAt) => {
          const again = await runOperator(vote, config, steps, { cut, restartAt });
          expect(again.lines).toEqual(whole.lines);
          expect(again.accounted).toBe(steps.length);
        },
      ),
      { numRuns: 8, seed: 3 },
    );
  });

  it('a checkpoint after little change is small', async () => {
    const config = configure(vote, { method: 'hds', close: { minVotes: 'all' } });
    const { kernel, feed } = await kernelWith(config);
    feed(0, 4000);
    const full = kernel.checkpoint!().put.reduce((sum, part) => sum + part.bytes.length, 0);
    feed(4000, 4010);
    const delta = kernel.checkpoint!().put.reduce((sum, part) => sum + part.bytes.length, 0);
    expect(full).toBeGreaterThan(100_000);
    expect(delta).toBeLessThan(full / 10);
  });

  it.skipIf(!hasExamples())('runs the example of the front door', async () => {
    const steps = readFileSync(dataPath('../examples/data/labels.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => ({ value: JSON.parse(line) as unknown }));
    const trace = await runOperator(
      vote,
      { item: 'item', voter: 'voter', label: 'label', method: 'hds', close: { minVotes: 'all' } },
      steps,
    );
    const items = new Set(steps.map(({ value }) => (value as { item: string }).item)); // written by hand, each has one
    const results = [...(trace.out.out ?? []), ...(trace.out.undecided ?? [])];
    expect(new Set(results.map((result) => (result as { item: string }).item))).toEqual(items);
    expect(Object.keys(results[0] as object)).toEqual([
      'item', 'label', 'confidence', 'share', 'votes', 'method', 'revision', 'closedBy', 'tie',
    ]); // biome-ignore format: one line reads better
  });
});

function hasExamples(): boolean {
  try {
    readFileSync(dataPath('../examples/data/labels.ndjson'));
    return true;
  } catch {
    return false;
  }
}

async function kernelWith(config: ReturnType<typeof configure<Parameters<typeof vote.create>[0]>>) {
  const { makeKernel } = await import('./vote-harness.ts');
  return makeKernel(vote, config, (n) => ({ item: `i${n % 2000}`, voter: `w${n % 37}`, label: n % 3 }));
}
