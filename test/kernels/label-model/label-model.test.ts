import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { LabelModel } from '../../../src/kernels/label-model/label-model.ts';
import { SILENT } from '../../../src/kernels/label-model/pattern-table.ts';
import { runRules } from './rule-streams.ts';

describe('label model', () => {
  it('on 20 streams beats majority by .02, comes within .01 of knowing the accuracies, and learns them within .05', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const score = runRules(seed);
      expect(score.model, `seed ${seed}`).toBeGreaterThanOrEqual(score.majority + 0.02);
      expect(score.model, `seed ${seed}`).toBeGreaterThanOrEqual(score.oracle - 0.01);
      for (const [r, accuracy] of score.accuracy.entries())
        expect(Math.abs(score.learned[r]! - accuracy), `seed ${seed}, rule ${r}`).toBeLessThanOrEqual(0.05);
      expect(score.copies.every((copy) => copy !== undefined)).toBe(true);
    }
  }, 120_000);

  it('200 verdicts bring the precision of a rule that is always wrong below .5', () => {
    const model = new LabelModel({ rules: 3, labels: 2 });
    for (let n = 0; n < 200; n++) model.verdict(Int16Array.of(0, 1, SILENT), 1);
    expect(model.precision(0)).toBe(0);
    expect(model.precision(1)).toBe(1);
    expect(model.precision(2)).toBeUndefined();
  });

  it('patterns stay within their bound', () => {
    const model = new LabelModel({ rules: 12, labels: 3, maxPatterns: 256 });
    for (let n = 0; n < 5_000; n++)
      model.observe(Int16Array.from({ length: 12 }, (_, r) => Math.floor(uniform(5, n, r) * 4) - 1));
    expect(model.patterns.size).toBeLessThanOrEqual(256);
  });

  it('silence says nothing: the prior comes back and it is said that no rule spoke', () => {
    const model = new LabelModel({ rules: 2, labels: 2 });
    const q = new Float64Array(2);
    expect(model.posterior(Int16Array.of(SILENT, SILENT), q)).toBe(false);
    expect([...q]).toEqual([0.5, 0.5]);
  });
});
