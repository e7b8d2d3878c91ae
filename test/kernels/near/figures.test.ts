import { expect, it } from 'vitest';
import { describeWithData } from '../../data.ts';
import { type NearScore, scoreBatch, scoreSet } from './score.ts';
import { type MatchSet, readArticles, readCora, readFebrl, readProducts, readRestaurants, readSplink } from './sets.ts';

/** Least pairwise F1 in one pass, with one set of constants a kind. */
const MINIMA: readonly (readonly [string, () => MatchSet, number])[] = [
  ['cora', readCora, 0.83],
  ['febrl1', () => readFebrl(1), 0.99],
  ['febrl4', () => readFebrl(4), 0.99],
  ['fodors-zagats one-to-one', readRestaurants, 0.97],
  ['abt-buy one-to-one', readProducts, 0.93],
  ['splink-fake1000', readSplink, 0.94],
];

describeWithData('near-duplicates of public sets', 'dedup', () => {
  for (const size of [100, 1000] as const)
    it(`finds all copies among ${size} articles and nothing else`, async () => {
      expect(await scoreSet(readArticles(size))).toMatchObject({
        precision: 1,
        recall: 1,
      } satisfies Partial<NearScore>);
    });

  for (const [name, read, least] of MINIMA)
    it(`${name}: F1 of ${least} or more in one pass, and at most .03 below the whole set at once`, async () => {
      const set = read();
      const { f1 } = await scoreSet(set);
      expect(f1).toBeGreaterThanOrEqual(least);
      expect(f1).toBeGreaterThanOrEqual(scoreBatch(set).f1 - 0.03);
    }, 120_000);

  it('splink-fake1000 with its fields compared one by one keeps its minimum', async () => {
    const by = {
      dob: 'edit',
      email: 'edit',
      surname: 'jaro-winkler',
      first_name: 'jaro-winkler',
      city: 'jaro-winkler',
    };
    const compare = Object.entries(by).map(([field, how]) => ({ field, by: how }));
    const { f1 } = await scoreSet(readSplink(), { compare, threshold: 0.55 });
    expect(f1).toBeGreaterThanOrEqual(0.94);
  });
});
