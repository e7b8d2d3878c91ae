import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CharPatterns, patternOf } from '../../../src/kernels/profile/char-patterns.ts';
import { FieldProfile, WINDOW_SETTINGS } from '../../../src/kernels/profile/field-profile.ts';
import { inferType } from '../../../src/kernels/profile/infer-type.ts';
import { ValueKinds } from '../../../src/kernels/sketch/value-kinds.ts';

const OPTIONS = { quantiles: [0.5], top: 5, hidden: false };
const value = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, 'a', 'b', 'ab-12', '7', ''),
  fc.integer({ min: -50, max: 50 }),
  fc.string({ maxLength: 12 }),
  fc.array(fc.integer(), { maxLength: 3 }),
);

function of(values: readonly unknown[]): FieldProfile {
  const profile = new FieldProfile(WINDOW_SETTINGS);
  for (const one of values) profile.add(one);
  return profile;
}

describe('a profile of a field', () => {
  it('of two parts merged is that of the whole', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), fc.array(value, { maxLength: 50 }), (a, b) => {
        const merged = of(a);
        merged.merge(of(b));
        const whole = of([...a, ...b]);
        const n = a.length + b.length;
        expect(roughly(merged.report('x', n, OPTIONS))).toEqual(roughly(whole.report('x', n, OPTIONS)));
      }),
      { numRuns: 100 },
    );
  });

  it('is what it was after saving and loading', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 300 }), fc.array(value, { maxLength: 20 }), (a, more) => {
        const profile = of(a);
        const again = FieldProfile.load(WINDOW_SETTINGS, JSON.parse(JSON.stringify(profile.save())));
        for (const one of more) {
          profile.add(one);
          again.add(one);
        }
        expect(again.report('x', 999, OPTIONS)).toEqual(profile.report('x', 999, OPTIONS));
      }),
      { numRuns: 60 },
    );
  });
});

/** Moments differ in the last digits with the order of adding. */
function roughly(report: unknown): unknown {
  return JSON.parse(JSON.stringify(report), (_key, one) =>
    typeof one === 'number' && !Number.isInteger(one) ? Math.round(one * 1e8) / 1e8 + 0 : one,
  );
}

describe('a profile of a million categories', () => {
  it('stays small, and counts them within 5 %', () => {
    const profile = new FieldProfile(WINDOW_SETTINGS);
    for (let i = 0; i < 1_000_000; i++) profile.add(`k${i}`);
    expect(profile.bytes).toBeLessThan(40_000);
    const { distinct, top, patterns } = profile.report('x', 1_000_000, OPTIONS);
    expect(distinct).toBeGreaterThan(950_000);
    expect(distinct).toBeLessThan(1_050_000);
    expect(top).toEqual([]); // none is known to be frequent
    expect(patterns).toEqual([{ pattern: '^\\p{L}[0-9]{1,6}$', count: 1_000_000 }]);
  });
});

describe('forms of texts', () => {
  it('become patterns that the texts fit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 20, unit: 'grapheme' }), { minLength: 1, maxLength: 20 }),
        (texts) => {
          const forms = new CharPatterns();
          for (const text of texts) forms.add(text);
          const patterns = forms.top(64).map((form) => new RegExp(patternOf(form), 'u'));
          const fits = texts.filter((text) => patterns.some((pattern) => pattern.test(text))).length;
          expect(fits).toBe(texts.length - forms.others);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are bounded in number', () => {
    const forms = new CharPatterns();
    for (let i = 0; i < 1000; i++)
      forms.add('.'.repeat(1 + (i % 19)) + 'a'.repeat(i % 2) + (i % 300 < 150 ? '!' : '?').repeat(i % 7));
    expect(forms.top(1000).length).toBeLessThanOrEqual(64);
    expect(forms.n).toBe(1000);
    expect(forms.top(1000).reduce((sum, { count }) => sum + count, 0) + forms.others).toBe(1000);
  });
});

describe('the inferred type', () => {
  it.each<[unknown[], string, boolean]>([
    [[1, 2, 3], 'integer', false],
    [[1, 2.5, null], 'number', false],
    [['1', '2'], 'integer', true],
    [['1', '2.5'], 'number', true],
    [['2026-01-31', '2026-02-01'], 'date', true],
    [['a@b.de', 'c@d.org'], 'email', true],
    [['true', 'FALSE'], 'boolean', true],
    [['x', 'y'], 'text', true],
    [['x', 1], 'mixed', false],
    [[null, undefined], 'empty', false],
    [[[1], []], 'list', false],
  ])('of %j is %s', (values, type, asText) => {
    const kinds = new ValueKinds();
    for (const one of values) kinds.add(one);
    expect(inferType(kinds)).toMatchObject({ type, asText });
  });
});
