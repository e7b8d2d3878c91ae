import { expect, it } from 'vitest';
import { collect, winner } from '../../../src/kernels/vote/ballots.ts';
import { DAWID_SKENE, emBatch, ONE_COIN } from '../../../src/kernels/vote/em.ts';
import { majority } from '../../../src/kernels/vote/majority.ts';
import { pooledBatch } from '../../../src/kernels/vote/pooled.ts';
import { describeWithData } from '../../data.ts';
import { BUDGET, buyLabels } from './active-labels.ts';
import { runGrouped, runPartitioned, runToEnd, scoreLabels, shuffled } from './stream-runs.ts';
import { accuracyOf, readSet, reference, SETS } from './vote-sets.ts';

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const EIGHT = SETS.filter((name) => name !== 'wsd' && name !== 'adult2');

describeWithData('vote on the public sets', 'vote/REFERENCE.csv', () => {
  const table = reference();
  const sets = new Map(SETS.map((name) => [name, readSet(name)]));
  const ballots = new Map(SETS.map((name) => [name, collect(sets.get(name)!.votes)]));

  it.each(SETS)('majority on %s is what the reference says', (name) => {
    const score = accuracyOf(ballots.get(name)!, majority(ballots.get(name)!), sets.get(name)!.truth);
    expect(Math.abs(score - table.get(name)!.MVfrac!)).toBeLessThanOrEqual(0.0005);
  });

  it.each(['rte', 'dog', 'temp', 'bluebirds'] as const)('Dawid-Skene on %s is what the reference says', (name) => {
    const score = accuracyOf(ballots.get(name)!, emBatch(ballots.get(name)!, DAWID_SKENE), sets.get(name)!.truth);
    expect(Math.abs(score - table.get(name)!.DS!)).toBeLessThanOrEqual(0.005);
  });

  it('the default over a whole set has a mean of .875 or more over ten sets, and is never .01 below majority', () => {
    const scores = SETS.map((name) => {
      const { truth } = sets.get(name)!;
      const score = accuracyOf(ballots.get(name)!, pooledBatch(ballots.get(name)!), truth);
      expect(score, name).toBeGreaterThanOrEqual(table.get(name)!.MVfrac! - 0.01);
      return score;
    });
    expect(mean(scores)).toBeGreaterThanOrEqual(0.875);
  });

  it.each(SETS)('%s: a stream that ends says what the batch forms say', (name) => {
    const { votes } = sets.get(name)!;
    const batch = ballots.get(name)!;
    for (const [method, form] of [
      ['hds', pooledBatch(batch)],
      ['dawid-skene', emBatch(batch, DAWID_SKENE)],
      ['one-coin', emBatch(batch, ONE_COIN)],
    ] as const) {
      const { last } = runToEnd(votes, method);
      let equal = 0;
      for (const [i, item] of batch.items.entries()) {
        const { label } = winner(form.posterior, i * batch.labels.length, batch.labels.length);
        if (last.get(item) === (label < 0 ? null : batch.labels[label])) equal++;
      }
      expect(equal / batch.items.length, method).toBeGreaterThanOrEqual(0.995);
    }
  });

  it('the default in one pass has a mean of .862 or more over eight sets, and more after revision', () => {
    const runs = EIGHT.map((name) => ({ run: runGrouped(sets.get(name)!.votes, 'hds'), truth: sets.get(name)!.truth }));
    const closed = mean(runs.map(({ run, truth }) => scoreLabels(run.first, truth)));
    const revised = mean(runs.map(({ run, truth }) => scoreLabels(run.last, truth)));
    expect(closed).toBeGreaterThanOrEqual(0.862);
    expect(revised).toBeGreaterThan(closed);
  });

  it('votes delivered twice give the same bytes', () => {
    const votes = sets.get('rte')!.votes;
    const twice = votes.flatMap((vote, v) => (v >= 40 ? [vote, votes[v - 40]!, vote] : [vote]));
    expect(runToEnd(twice, 'hds').output).toBe(runToEnd(votes, 'hds').output);
  });

  it('shuffled votes give at least 98 % equal labels and the same accuracy within .004', () => {
    const { votes, truth } = sets.get('rte')!;
    const plain = runToEnd(votes, 'hds').last;
    const mixed = runToEnd(shuffled(votes, 7), 'hds').last;
    let equal = 0;
    for (const [item, label] of plain) if (mixed.get(item) === label) equal++;
    expect(equal / plain.size).toBeGreaterThanOrEqual(0.98);
    expect(Math.abs(scoreLabels(plain, truth) - scoreLabels(mixed, truth))).toBeLessThanOrEqual(0.004);
  });

  it('four partitions by item give the same majority and an hds mean within .01', () => {
    const whole: number[] = [];
    const split: number[] = [];
    for (const name of EIGHT) {
      const { votes, truth } = sets.get(name)!;
      expect(Object.fromEntries(runPartitioned(votes, 'majority', 4))).toEqual(
        Object.fromEntries(runToEnd(votes, 'majority').last),
      );
      whole.push(scoreLabels(runToEnd(votes, 'hds').last, truth));
      split.push(scoreLabels(runPartitioned(votes, 'hds', 4), truth));
    }
    expect(Math.abs(mean(whole) - mean(split))).toBeLessThanOrEqual(0.01);
  });

  it.each(['rte', 'temp', 'web'] as const)(
    'asking for labels on %s beats drawing items by lot by .01, within budget',
    (name) => {
      const runs = (who: 'asked' | 'lot') => [1, 2, 3, 4, 5].map((seed) => buyLabels(sets.get(name)!, who, seed));
      const asked = runs('asked');
      for (const { bought, limit, requestRatio } of asked) {
        expect(bought).toBeLessThanOrEqual(limit);
        expect(requestRatio).toBeLessThanOrEqual(BUDGET);
      }
      const accuracy = (list: readonly { readonly accuracy: number }[]) => mean(list.map((score) => score.accuracy));
      expect(accuracy(asked)).toBeGreaterThanOrEqual(accuracy(runs('lot')) + 0.01);
    },
  );
});
