import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textOf, wordBounds } from '../../../src/kernels/near/words.ts';

const strings = fc.string({ unit: fc.constantFrom(...'aB9 \t\n-_.éﬁß字٣\u0301\u00a0'), maxLength: 20 });

it('words are letters and digits in a row, of any script', () => {
  fc.assert(
    fc.property(strings, (value) => {
      const text = textOf(value);
      const bounds = wordBounds(text);
      const words: string[] = [];
      for (let i = 0; i < bounds.length; i += 2) words.push(text.slice(bounds[i], bounds[i + 1]));
      expect(words).toEqual(text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []);
    }),
  );
});

it('compatibility forms, case and white space do not count', () => {
  fc.assert(
    fc.property(strings, (value) => {
      expect(textOf(value)).toBe(value.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim());
    }),
  );
});
