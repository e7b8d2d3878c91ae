import { expect } from 'vitest';
import { calm, emptyTally, storm, type Tally } from './simulate.ts';

/**
 * A storm a seed, held against what one undisturbed process makes of the same: outputs, totals, and progress of every
 * partition. Odd seeds have one stage, even ones two. Throws with the seed that failed; it fails again when run alone.
 */
export async function runSeeds(options: { readonly first: number; readonly count: number }): Promise<Tally> {
  const sum = emptyTally();
  for (let seed = options.first; seed < options.first + options.count; seed++) {
    const stages = seed % 2 === 1 ? 1 : 2;
    const expected = await calm(seed, stages);
    const found = await storm(seed, stages).catch((error) => {
      throw new Error(`seed ${seed} failed: run it alone with SIM_SEED=${seed}`, { cause: error });
    });
    expect(found.outputs, `SIM_SEED=${seed}: outputs`).toEqual(expected.outputs);
    expect(found.totals, `SIM_SEED=${seed}: totals`).toEqual(expected.totals);
    for (const kind of Object.keys(sum) as (keyof Tally)[]) sum[kind] += found.tally[kind]; // its own keys
  }
  return sum;
}
