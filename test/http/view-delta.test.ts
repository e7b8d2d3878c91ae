import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta, diffViews } from '../../src/http/console/view-delta.ts';
import type { View } from '../../src/telemetry/view.ts';
import { emptyView } from './view.ts';

const problem = fc.record({
  severity: fc.constantFrom('critical' as const, 'warning' as const),
  text: fc.string({ maxLength: 3 }),
  since: fc.integer({ min: 0, max: 3 }),
  page: fc.constant('rules'),
});
const problems = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__x'), problem);
const view: fc.Arbitrary<View> = fc
  .record({
    problems,
    at: fc.integer({ min: 0, max: 2 }),
    totals: fc.constantFrom({ in: 1, fates: {}, written: {} }, { in: 2, fates: { curated: 2 }, written: {} }),
  })
  .map((more) => emptyView(more));

describe('changes of a view', () => {
  it('lead from one view to the next, whatever came, went and stayed', () => {
    fc.assert(
      fc.property(view, view, (before, after) => {
        expect(applyDelta(before, diffViews(before, after))).toEqual(after);
      }),
    );
  });

  it('hold only what changed', () => {
    const one = { severity: 'warning', text: 'x', since: 1, page: 'rules' } as const;
    const before = emptyView({ problems: { a: one, b: one } });
    const after = emptyView({ problems: { a: one, c: one }, at: 2 });
    expect(diffViews(before, after)).toEqual({
      whole: { at: 2 },
      keyed: { problems: { set: { c: one }, drop: ['b'] } },
    });
    expect(diffViews(after, after)).toEqual({ whole: {}, keyed: {} });
  });
});
