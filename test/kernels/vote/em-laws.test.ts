import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { BallotItem } from '../../../src/kernels/vote/ballot-item.ts';
import { collect, type Vote } from '../../../src/kernels/vote/ballots.ts';
import { DAWID_SKENE, type EmOptions, emBatch, HDS, ONE_COIN } from '../../../src/kernels/vote/em.ts';
import { pooledBatch } from '../../../src/kernels/vote/pooled.ts';
import { stream } from './stream-runs.ts';

const LABELS = ['a', 'b', 'c'];
/** A fixed number of rounds, so that two runs cannot stop apart. */
const still = (options: EmOptions): EmOptions => ({ ...options, rounds: 8, stop: 'still', tolerance: 0 });

/** Voters of .5 to .95 on three labels; the first vote says every label once, so that codes are fixed. */
function crowd(seed: number, items = 80, voters = 6): Vote[] {
  const votes: Vote[] = [];
  for (let i = 0; i < items; i++)
    for (let w = 0; w < voters; w++) {
      const truth = Math.floor(uniform(seed, 0, i) * 3);
      const wrong = (truth + 1 + Math.floor(uniform(seed, 1, i, w) * 2)) % 3;
      const right = uniform(seed, 2, i, w) < 0.5 + (0.45 * w) / voters;
      votes.push({ item: i, voter: `w${w}`, label: LABELS[right ? truth : wrong]! });
    }
  return votes;
}

/** Posterior of a label of an item. */
function reader(votes: readonly Vote[], posteriorOf: (ballots: ReturnType<typeof collect>) => Float64Array) {
  const ballots = collect(votes);
  const posterior = posteriorOf(ballots);
  const k = ballots.labels.length;
  return (item: number, label: string) =>
    posterior[ballots.items.indexOf(item) * k + ballots.labels.indexOf(label)] ?? Number.NaN;
}

const FORMS = [
  ['hds', (b: ReturnType<typeof collect>) => emBatch(b, still(HDS)).posterior],
  ['dawid-skene', (b: ReturnType<typeof collect>) => emBatch(b, still(DAWID_SKENE)).posterior],
  ['one-coin', (b: ReturnType<typeof collect>) => emBatch(b, still(ONE_COIN)).posterior],
  ['pooled', (b: ReturnType<typeof collect>) => pooledBatch(b).posterior],
] as const;

describe.each(FORMS)('laws of %s', (_, form) => {
  it('permuting labels and renaming voters permutes the posteriors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (seed) => {
        const votes = crowd(seed, 40);
        const renamed = votes.map((vote) => ({
          item: vote.item,
          voter: `${vote.voter}-x`,
          label: LABELS[(LABELS.indexOf(String(vote.label)) + 1) % 3]!,
        }));
        const [one, two] = [reader(votes, form), reader(renamed, form)];
        for (let i = 0; i < 40; i += 7)
          for (const [l, label] of LABELS.entries()) expect(two(i, LABELS[(l + 1) % 3]!)).toBeCloseTo(one(i, label), 6);
      }),
      { numRuns: 10, seed: 1 },
    );
  });
});

describe('strengths', () => {
  it('a voter with one constant answer adds the same log odds to every item', () => {
    const { votes, kept } = stream({ method: 'hds', close: { minVotes: 'all', confidence: 1 }, warmUpItems: 0 });
    for (const vote of crowd(7)) votes.vote(vote, 0);
    for (let i = 0; i < 80; i++) votes.vote({ item: i, voter: 'same', label: 'a' }, 0);
    votes.end();
    expect(kept.results).toHaveLength(80);
    const { model, voters } = votes.learning;
    const same = voters.find('same');
    const added = (item: BallotItem): number => {
      const k = model.width(item);
      const [whole, without] = [new Float64Array(k), new Float64Array(k)];
      model.posterior(item, whole);
      voters.exclude(same, true);
      model.posterior(item, without);
      voters.exclude(same, false);
      return Math.log(whole[0]! / whole[1]!) - Math.log(without[0]! / without[1]!);
    };
    const odds = [...votes.items.values()].map(added);
    expect(Math.max(...odds) - Math.min(...odds)).toBeLessThan(1e-9);
  });

  it('0 and 0 are plain Dawid-Skene; 0 and infinity are one coin', () => {
    const ballots = collect(crowd(5));
    const bare = { ...still(HDS), poolStrength: 0, ownStrength: 0, start: 'majority', priorVotes: 0 } as const;
    const ds = emBatch(ballots, still(DAWID_SKENE)).posterior;
    for (const [at, q] of emBatch(ballots, bare).posterior.entries()) expect(q).toBeCloseTo(ds[at]!, 9);
    const nearly = emBatch(ballots, { ...still(HDS), poolStrength: 0, ownStrength: 1e9 }).posterior;
    const coin = emBatch(ballots, still(ONE_COIN)).posterior;
    for (const [at, q] of nearly.entries()) expect(q).toBeCloseTo(coin[at]!, 5);
  });

  it('a voter that answers by lot costs no accuracy', () => {
    const right = (votes: readonly Vote[], seed: number) => {
      const read = reader(votes, (b) => pooledBatch(b).posterior);
      let hits = 0;
      for (let i = 0; i < 200; i++) {
        const truth = LABELS[Math.floor(uniform(seed, 0, i) * 3)]!;
        if (LABELS.every((label) => read(i, truth) >= read(i, label))) hits++;
      }
      return hits / 200;
    };
    let loss = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const votes = crowd(seed, 200);
      const noise = Array.from({ length: 200 }, (_, i): Vote => ({ item: i, voter: 'lot', label: LABELS[Math.floor(uniform(seed, 9, i) * 3)]! })); // biome-ignore format: one list
      loss += (right(votes, seed) - right([...votes, ...noise], seed)) / 10;
    }
    expect(loss).toBeLessThanOrEqual(0.01);
  });
});
