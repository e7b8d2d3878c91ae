import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, localToUtc } from '../../../src/kernels/clean/time-zone.ts';

/** Wall clock of an instant in a zone, as if it were UTC. */
function wallClock(utc: number, zone: string): number {
  const text = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(
    utc,
  );
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}

describe('localToUtc', () => {
  it.each([
    ['Europe/Berlin', '2026-01-01T12:00:00Z', '2026-01-01T11:00:00Z'],
    ['Europe/Berlin', '2026-07-01T12:00:00Z', '2026-07-01T10:00:00Z'],
    ['America/New_York', '2026-11-01T01:30:00Z', '2026-11-01T05:30:00Z'],
    ['America/New_York', '2026-03-08T02:30:00Z', '2026-03-08T07:30:00Z'],
    ['Asia/Kolkata', '2026-01-01T00:00:00Z', '2025-12-31T18:30:00Z'],
    ['Pacific/Apia', '2011-12-30T12:00:00Z', '2011-12-30T22:00:00Z'],
    ['UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  ])('%s %s is %s', (zone, local, expected) => {
    expect(new Date(localToUtc(Date.parse(local), zone)).toISOString()).toBe(new Date(expected).toISOString());
  });

  it('gives an instant that shows this wall clock, where there is one', () => {
    const zones = ['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Tokyo', 'America/Sao_Paulo'];
    const seconds = fc.integer({ min: Date.UTC(1975, 0, 1) / 1000, max: Date.UTC(2035, 0, 1) / 1000 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), seconds, (zone, second) => {
        const local = wallClock(second * 1000, zone);
        const utc = localToUtc(local, zone);
        expect(wallClock(utc, zone)).toBe(local);
        expect(utc).toBeLessThanOrEqual(second * 1000);
      }),
      { seed: 9, numRuns: 300 },
    );
  });

  it('knows which zones there are', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true);
    expect(isTimeZone('Mars/Base')).toBe(false);
  });
});
