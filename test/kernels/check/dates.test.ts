import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOf, isDate, isDateTime, toUtcText } from '../../../src/kernels/check/dates.ts';

describe('dates', () => {
  it.each([
    ['2024-02-29', true],
    ['2023-02-29', false],
    ['1900-02-29', false],
    ['2000-02-29', true],
    ['2026-13-01', false],
    ['2026-00-10', false],
    ['2026-04-31', false],
    ['2026-4-3', false],
    ['２026-04-03', false],
    ['2026-04-03 ', false],
  ])('isDate(%j) is %s', (text, expected) => expect(isDate(text)).toBe(expected));

  it.each([
    ['2026-01-01T00:00:00Z', true],
    ['2026-01-01t00:00:00.123456z', true],
    ['2026-01-01T00:00:00+05:30', true],
    ['2026-01-01 00:00:00Z', true],
    ['2026-01-01T00:00:00', false],
    ['2026-01-01T24:00:00Z', false],
    ['2026-01-01T00:60:00Z', false],
    ['2026-01-01T00:00:00.Z', false],
    ['2026-01-01T00:00:00+0530', false],
    ['2016-12-31T23:59:60Z', true],
    ['2016-12-31T22:59:60Z', false],
    ['2017-01-01T00:59:60+01:00', true],
    ['2026-01-01T00:00:00Zjunk', false],
  ])('isDateTime(%j) is %s', (text, expected) => expect(isDateTime(text)).toBe(expected));

  it('agrees with Date on every instant from year 0 to 9999', () => {
    const low = Date.UTC(2000, 0, 1) - 2000 * 365.2425 * 864e5 + 864e5;
    fc.assert(
      fc.property(fc.integer({ min: Math.ceil(low), max: Date.UTC(9999, 11, 31) }), (ms) => {
        expect(instantOf(new Date(ms).toISOString())).toBe(ms);
        expect(instantOf(toUtcText(ms))).toBe(ms);
      }),
      { seed: 3 },
    );
  });

  it('is NaN for text that is no date', () => expect(instantOf('tomorrow')).toBeNaN());
});
