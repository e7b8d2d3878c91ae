import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { adviseThreshold } from '../../../src/kernels/near/advise.ts';

/** Pairs of which those above 0.6 are the same, with a tenth told wrong near the border. */
const scores = Array.from({ length: 2000 }, (_, i) => uniform(3, i));
const isSame = (score: number, i: number): boolean =>
  score > 0.6 !== (Math.abs(score - 0.6) < 0.05 && uniform(4, i) < 0.1);

it('finds the border from fifty judged pairs, and expects what comes true', () => {
  const judged = scores.slice(0, 50).map((score, i) => ({ score, isSame: isSame(score, i) }));
  const advice = adviseThreshold(judged, scores)!;
  expect(Math.abs(advice.threshold - 0.6)).toBeLessThan(0.08);
  const taken = scores.map((score, i) => ({ score, same: isSame(score, i) }));
  const above = taken.filter(({ score }) => score >= advice.threshold);
  const right = above.filter(({ same }) => same).length;
  expect(Math.abs(advice.precision - right / above.length)).toBeLessThan(0.1);
  expect(Math.abs(advice.recall - right / taken.filter(({ same }) => same).length)).toBeLessThan(0.1);
});

it('says nothing without a judgement of each sort', () => {
  expect(adviseThreshold([{ score: 0.5, isSame: true }], scores)).toBeUndefined();
  expect(adviseThreshold([{ score: 0.5, isSame: false }], scores)).toBeUndefined();
  expect(adviseThreshold([], scores)).toBeUndefined();
});

it('takes judgements that contradict the score together', () => {
  const judged = [
    { score: 0.3, isSame: true },
    { score: 0.5, isSame: false },
    { score: 0.9, isSame: true },
  ];
  expect(adviseThreshold(judged, [0.3, 0.5, 0.9])).toEqual({ threshold: 0.3, precision: 2 / 3, recall: 1 });
});
