import { describe, expect, it } from 'vitest';
import { LabelModel } from '../../../src/kernels/label-model/label-model.ts';
import { SILENT } from '../../../src/kernels/label-model/pattern-table.ts';
import { anyError, INVALID, majorityVerdict, modelVerdict, VALID } from '../../../src/kernels/label-model/verdict.ts';

/** Every combination of answers of `rules` rules. */
function* combinations(rules: number): Generator<Int16Array> {
  for (let n = 0; n < 3 ** rules; n++)
    yield Int16Array.from({ length: rules }, (_, r) => (Math.floor(n / 3 ** r) % 3) - 1);
}

describe.each([3, 4, 5, 6, 7])('verdict of %i rules, every combination', (rules) => {
  it('any-error: one against is enough', () => {
    for (const answers of combinations(rules)) {
      const against = [...answers].filter((answer) => answer === INVALID).length;
      expect(anyError(answers)).toBe(against > 0 ? 'quarantined' : 'curated');
    }
  });

  it('majority: more against than for; as many is a review, silence passes', () => {
    for (const answers of combinations(rules)) {
      const against = [...answers].filter((answer) => answer === INVALID).length;
      const inFavor = [...answers].filter((answer) => answer === VALID).length;
      const expected =
        against > inFavor ? 'quarantined' : against === inFavor && against > 0 ? 'review' : 'curated'; // biome-ignore format: a table
      expect(majorityVerdict(answers)).toBe(expected);
    }
  });

  it('label-model before anything is learned: thresholds on the odds of equal rules', () => {
    const model = new LabelModel({ rules, labels: 2 });
    for (const answers of combinations(rules)) {
      const balance = [...answers].reduce((sum, a) => sum + (a === VALID ? 1 : a === INVALID ? -1 : 0), 0);
      const spoke = [...answers].some((answer) => answer !== SILENT);
      const odds = (0.7 / 0.3) ** balance;
      const valid = odds / (1 + odds);
      const expected = !spoke || valid >= 0.8 ? 'curated' : valid <= 0.2 ? 'quarantined' : 'review';
      const found = modelVerdict(model, answers);
      expect(found.verdict).toBe(expected);
      expect(found.valid).toBeCloseTo(valid, 9);
    }
  });
});
