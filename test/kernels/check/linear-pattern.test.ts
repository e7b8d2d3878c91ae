import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backtrackingDegree, linearPattern } from '../../../src/kernels/check/linear-pattern.ts';

describe('linearPattern', () => {
  it.each([
    ['(a+)+$', undefined],
    ['(a|a)*$', undefined],
    ['(?:a*b?)*', undefined],
    ['(a)\\1', undefined],
    ['^abc$', 0],
    ['^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', 3],
    ['a+b', 2],
    ['^(ab?c)+$', 1],
    ['^[(+]+$', 1],
  ])('knows how badly %s may backtrack', (source, degree) => expect(backtrackingDegree(source)).toBe(degree));

  it('answers for hostile text without long backtracking', () => {
    const hostile = `${'a'.repeat(100_000)}!`;
    for (const source of ['(a+)+$', '^(a|a)*$', 'a*a*a*a*b', '^([a-z]+)*$'])
      expect(linearPattern(source).test(hostile)).toBe(false);
  });

  it('means the same by both engines', () => {
    const sources = [
      '^\\s+$',
      '^.$',
      '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
      '\\d{2,3}',
      '^(?:ab|cd)?e',
      '[\\s.]x',
      '\\u0041+',
    ];
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '@', '.', ' ', '\u00a0', '\n', '7', 'A', 'x', '\u2028'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.constantFrom(...sources), text, (source, value) => {
        expect(linearPattern(`(?:${source}|(?:a+)+\\b\\B)`).nativeChars).toBe(0);
        expect(linearPattern(`(?:${source}|(?:q+)+zz)`).test(value)).toBe(new RegExp(source, 'u').test(value));
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it.each(['(?=a)', '(?<!a)b', '(a)\\1', '(', 'a'.repeat(3000)])('refuses %s with a reason', (source) =>
    expect(() => linearPattern(source)).toThrow(/linear time|not a usable pattern|longer than/),
  );
});
