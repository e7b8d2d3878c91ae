import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoText } from '../../src/core/time.ts';

const instants = fc.oneof(
  fc.integer({ min: 1_767_225_540_000, max: 1_767_225_780_000 }),
  fc.integer({ min: -200_000, max: 200_000 }),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
  fc.double({ min: -1e5, max: 1e5, noNaN: true }),
);

it('is what Date.toISOString gives, whichever instants were asked for before', () => {
  fc.assert(
    fc.property(fc.array(instants, { minLength: 1, maxLength: 30 }), (list) => {
      for (const ms of list) expect(isoText(ms)).toBe(new Date(ms).toISOString());
    }),
  );
});

it('throws for what no Date holds', () => {
  expect(() => isoText(8.64e15 + 1)).toThrow(RangeError);
});
