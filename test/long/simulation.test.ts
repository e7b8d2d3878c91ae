import { expect, it } from 'vitest';
import { runSeeds } from '../sim/seeds.ts';

/** Beyond those that every run of the tests has. In pieces with SIM_FIRST and SIM_SEEDS. */
const FIRST = Number(process.env.SIM_FIRST ?? 1_000_001);
const SEEDS = Number(process.env.SIM_SEEDS ?? 50_000);

it(`${SEEDS} simulated storms from ${FIRST} on lose nothing, double nothing, and no partition stands still`, async () => {
  const tally = await runSeeds({ first: FIRST, count: SEEDS });
  console.info(`${SEEDS} seeds from ${FIRST}: ${JSON.stringify(tally)}`);
  expect(tally.kills).toBeGreaterThan(SEEDS / 2);
});
