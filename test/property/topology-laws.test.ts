import { describe, it } from 'vitest';
import { oneFateARecord, sameAfterKills, sameBytesWhateverTheCut } from './laws.ts';
import { toyTopology } from './toy-plan.ts';

describe('any topology', { timeout: 60_000 }, () => {
  it('gives the same bytes whatever the cut', async () => {
    await sameBytesWhateverTheCut(toyTopology(2), { numRuns: 100, seed: 11 });
  });

  it('gives every input record exactly one fate', async () => {
    await oneFateARecord(toyTopology(1), { numRuns: 100, seed: 12 });
  });

  it('survives being killed anywhere, and comes to the same outputs and totals', async () => {
    await sameAfterKills(toyTopology(2), { numRuns: 100, seed: 13 });
  });
});
