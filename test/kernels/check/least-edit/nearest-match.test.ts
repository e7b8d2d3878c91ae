import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nearestMatch } from '../../../../src/kernels/check/least-edit/nearest-match.ts';
import { patternAutomaton } from '../../../../src/kernels/check/least-edit/pattern-automaton.ts';
import { editDistance } from '../../../../src/kernels/repair/spelling.ts';

it.each([
  ['^[A-Z]{2}-\\d{4}$', 'ab1234', 'AB-1234'],
  ['^[A-Z]{2}-\\d{4}$', 'AB-123', 'AB-1230'],
  ['^(cat|dog)s?$', 'dogz', 'dogs'],
  ['^\\d+$', '12a4', '1204'],
  ['b+', 'xyz', 'xyb'],
  ['^[^a]*$', 'banana', 'b0n0n0'],
  ['^(?:ab){2,3}$', 'ababababab', 'ababab'],
  ['^$', 'x', ''],
])('%s is nearest to %s with %s', (pattern, text, wanted) => {
  const found = nearestMatch(text, patternAutomaton(pattern)!);
  expect(found).toMatch(new RegExp(pattern));
  expect(editDistance(text, found!, 20)).toBe(editDistance(text, wanted, 20));
});

it.each(['(?=a)b', '(?i)abc', '\\bword\\b', 'a\\1', '(', '[', 'a{1000}'])('knows that it cannot read %s', (pattern) =>
  expect(patternAutomaton(pattern)).toBeUndefined(),
);

it('matches what it says, and leaves alone what matches', () => {
  const patterns = ['^[a-c]+-[0-9]{2,4}$', 'x[yz]?x', '^(a|bc)*d$', '^\\w+@\\w+\\.(com|org)$', '[0-9]+$'];
  const text = fc.string({ unit: fc.constantFrom(...'abcdxyz019-@. '), maxLength: 20 });
  fc.assert(
    fc.property(fc.constantFrom(...patterns), text, (pattern, value) => {
      const found = nearestMatch(value, patternAutomaton(pattern)!);
      expect(found).toMatch(new RegExp(pattern));
      if (new RegExp(pattern).test(value)) expect(found).toBe(value);
    }),
    { numRuns: 500, seed: 7 },
  );
});
