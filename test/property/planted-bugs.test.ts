import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Law, oneFateARecord, sameAfterKills, sameBytesWhateverTheCut } from './laws.ts';
import type { ToyTopology } from './toy-plan.ts';

/** The bug alone, or behind or before an operator without one. */
function around(bug: string): fc.Arbitrary<ToyTopology> {
  const step = (use: string, reads = 0) => ({ use, reads: [reads] });
  return fc.constantFrom(
    { stages: [[step(bug)]], leave: 0 },
    { stages: [[step('tag'), step(bug, 1)]], leave: 0 },
    { stages: [[step(bug), step('tag', 1)]], leave: 0 },
  );
}

const BUGS: readonly (readonly [bug: string, breaks: string, law: Law, says: RegExp])[] = [
  ['sees-the-cut', 'the same bytes whatever the cut', sameBytesWhateverTheCut, /to deeply equal/],
  ['speaks-once-a-batch', 'the same bytes whatever the cut', sameBytesWhateverTheCut, /to deeply equal/],
  ['loses', 'one fate a record', oneFateARecord, /neither emitted nor absorbed/],
  ['keeps', 'one fate a record', oneFateARecord, /to be \+0/],
  ['forgets-all', 'the same after kills', sameAfterKills, /to deeply equal|gave \d+ emissions/],
  ['forgets-some', 'the same after kills', sameAfterKills, /to deeply equal|gave \d+ emissions/],
  ['outlives-its-task', 'the same after kills', sameAfterKills, /to deeply equal|gave \d+ emissions/],
];

describe('an operator that breaks its promise is found', () => {
  it.each(BUGS)('%s: %s', async (bug, _breaks, law, says) => {
    const run = law(around(bug), { numRuns: 60, seed: 14, endOnFailure: true, includeErrorInReport: true });
    await expect(run).rejects.toThrow(says);
  });
});
