import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataRecord } from '../../src/core/record.ts';
import { SharedWork } from '../../src/core/shared-work.ts';

const RECORD = {} as DataRecord; // the work below does not look at it

/** Steps that each ask for the same work on a share of the values, frame by frame; gives how often it was done. */
function run(
  values: readonly object[],
  shares: readonly ((value: object, i: number) => boolean)[],
  frame: number,
): number {
  let done = 0;
  const shared = new SharedWork(new Set(['double']));
  const steps = shares.map(() =>
    shared.once('double', (data) => {
      done++;
      return 2 * (data as { n: number }).n; // as made by the tests
    }),
  );
  for (let from = 0; from < values.length; from += frame) {
    const batch = values.slice(from, from + frame);
    steps.forEach((step, s) => {
      batch.forEach((value, i) => {
        if (shares[s]?.(value, from + i) !== true) return;
        expect(step?.(value, RECORD)).toBe(2 * (value as { n: number }).n); // as above
      });
    });
  }
  return done;
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

describe('shared work', () => {
  it('is done once for all steps that see the same values', () => {
    expect(run(numbered(1000), [() => true, () => true, () => true], 256)).toBe(1000);
  });

  it('is done once also where steps between leave records out', () => {
    expect(run(numbered(2000), [() => true, (_, i) => i % 3 === 0, (_, i) => i % 60 === 0], 256)).toBe(2000);
    expect(run(numbered(2000), [(_, i) => i % 2 === 0, (_, i) => i % 2 === 1], 256)).toBe(2000);
  });

  it('is nobody’s where one step alone asks', () => {
    expect(new SharedWork(new Set()).once('double', () => 1)).toBeUndefined();
  });

  it('gives what doing it anew would give, whatever the values, the frames and what each step sees', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { maxLength: 600 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        (picks, moduli, frame) => {
          const pool = numbered(301);
          const values = picks.map((i) => pool[i] ?? { n: 0 });
          run(
            values,
            moduli.map((m) => (_: object, i: number) => i % m === 0),
            frame,
          );
        },
      ),
      { seed: 9, numRuns: 200 },
    );
  });

  it('does not hold more than its bound, and values that are no objects are not kept', () => {
    expect(run(numbered(50_000), [() => true, () => true], 5000)).toBeGreaterThan(50_000);
    const shared = new SharedWork(new Set(['type']));
    const once = shared.once('type', (data) => typeof data);
    expect([once?.(null, RECORD), once?.('x', RECORD), once?.(1, RECORD)]).toEqual(['object', 'string', 'number']);
  });
});
