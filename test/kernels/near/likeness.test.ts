import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeness, editLikeness, jaroWinkler, trigramLikeness } from '../../../src/kernels/near/likeness.ts';

const LIKENESSES = { editLikeness, jaroWinkler, trigramLikeness };

describe('likeness of two values', () => {
  // examples of Winkler's tables of string comparators, which have three digits
  for (const [a, b, expected] of [
    ['martha', 'marhta', 0.961],
    ['dwayne', 'duane', 0.84],
    ['dixon', 'dicksonx', 0.813],
    ['jones', 'johnson', 0.832],
    ['massey', 'massie', 0.933],
    ['abroms', 'abrams', 0.922],
    ['itman', 'smith', 0.467],
    ['abc', 'xyz', 0],
  ] as const)
    it(`jaro-winkler of ${a} and ${b} is ${expected}`, () => {
      expect(jaroWinkler(a, b)).toBeCloseTo(expected, 3);
    });

  it('edit is the share of characters no edit touches, a swap being one edit', () => {
    expect(editLikeness('kitten', 'sitting')).toBeCloseTo(4 / 7, 12);
    expect(editLikeness('ab', 'ba')).toBe(0.5);
    expect(editLikeness('ab', 'xy')).toBe(0);
  });

  it('trigrams are shared as sets, with the blanks around', () => {
    // " ab", "abc", "bc " and " ab", "abd", "bd "
    expect(trigramLikeness('abc', 'abd')).toBeCloseTo(1 / 5, 12);
  });

  it('numbers are half alike at the distance given, and not at all at twice that', () => {
    expect([0, 5, 10, 20, 30].map((apart) => closeness(100, 100 + apart, 10))).toEqual([1, 0.75, 0.5, 0, 0]);
    expect([closeness(1, 1, 0), closeness(1, 1.001, 0)]).toEqual([1, 0]);
  });

  for (const [name, like] of Object.entries(LIKENESSES))
    it(`${name} is symmetric, from 0 to 1, and 1 of a text with itself`, () => {
      const text = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'c', ' ', 'é', '😀') });
      fc.assert(
        fc.property(text, text, (a, b) => {
          const found = like(a, b);
          expect(found).toBeCloseTo(like(b, a), 12);
          expect(found).toBeGreaterThanOrEqual(0);
          expect(found).toBeLessThanOrEqual(1);
          expect(like(a, a)).toBe(1);
        }),
      );
    });
});
