import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writeJson } from '../../../src/formats/json/write.ts';

it('writes a number as JSON.stringify does, whatever its decimals', () => {
  const cents = fc.integer({ min: -1e13, max: 1e13 }).map((n) => n / 100);
  const near = fc.integer({ min: 0, max: 200_000_000 }).map((n) => n / 100);
  const any = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 });
  fc.assert(
    fc.property(fc.oneof(near, cents, any), (n) => {
      expect(writeJson(n)).toBe(Object.is(n, -0) ? '-0' : JSON.stringify(n));
    }),
    { numRuns: 2000 },
  );
  for (const n of [0.01, 0.1, 9.99, 999, 999.99, 1000, 1000.5, 1001.05, 999_999.99, 1_000_000.01, 1e9, 1e9 + 0.01])
    expect(writeJson(n)).toBe(JSON.stringify(n));
});
