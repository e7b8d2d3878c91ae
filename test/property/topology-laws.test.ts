import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import type { Plan } from '../../src/topology/plan.ts';
import { toyPlan, toyTopology } from './toy-plan.ts';

const TOPICS = ['out', 'side', 'bad', 'events', 'toy.r0'] as const;

const value = fc.oneof(
  { weight: 20, arbitrary: fc.record({ n: fc.nat(60), t: fc.nat(4000) }).map((data) => JSON.stringify(data)) },
  { weight: 1, arbitrary: fc.constant('{"n":') },
  { weight: 1, arbitrary: fc.nat(60).map((n) => `{"n":${n},"t":"never"}`) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const values = fc.array(value, { minLength: 1, maxLength: 60 });

function driverOf(plan: Plan, records: readonly (string | null)[], cut: number | ((poll: number) => number)) {
  const driver = new TopologyDriver(plan, { cut });
  driver.feed(
    'in',
    records.map((one) => ({ value: one })),
  );
  return driver;
}

function outputs(driver: TopologyDriver): Record<string, string[]> {
  return Object.fromEntries(TOPICS.map((topic) => [topic, driver.lines(topic)]));
}

async function undisturbed(plan: Plan, records: readonly (string | null)[], cut: number) {
  const driver = driverOf(plan, records, cut);
  const summary = await driver.end();
  return { outputs: outputs(driver), summary: { ...summary, seconds: 0, recordsPerSecond: 0 } };
}

describe('any topology', () => {
  it('gives the same bytes whatever the cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        toyTopology(2),
        values,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (topology, records, cuts) => {
          const plan = toyPlan(topology);
          const all = await undisturbed(plan, records, 1000);
          for (const cut of [1, 7]) expect((await undisturbed(plan, records, cut)).outputs).toEqual(all.outputs);
          const mixed = driverOf(plan, records, (poll) => cuts[poll % cuts.length]!);
          await mixed.end();
          expect(outputs(mixed)).toEqual(all.outputs);
        },
      ),
      { numRuns: 60, seed: 11 },
    );
  });

  it('gives every input record exactly one fate', async () => {
    await fc.assert(
      fc.asyncProperty(toyTopology(1), values, async (topology, records) => {
        const { summary } = await undisturbed(toyPlan(topology), records, 7);
        const { curated, routed, quarantined, duplicate, late, merged, held, dropped } = summary;
        expect(curated + routed + quarantined + duplicate + late + merged + held + dropped).toBe(records.length);
        expect(held).toBe(0);
      }),
      { numRuns: 60, seed: 12 },
    );
  });

  it('survives being killed anywhere, and comes to the same outputs and totals', async () => {
    await fc.assert(
      fc.asyncProperty(
        toyTopology(2),
        values,
        fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
        async (topology, records, kills) => {
          const plan = toyPlan(topology);
          const calm = await undisturbed(plan, records, 3);
          const driver = driverOf(plan, records, 3);
          for (const nth of kills) await driver.crashAt(nth);
          const { seconds: _s, recordsPerSecond: _r, read: _n, resumed: _z, ...totals } = await driver.end();
          expect(outputs(driver)).toEqual(calm.outputs);
          expect(calm.summary).toMatchObject(totals);
        },
      ),
      { numRuns: 60, seed: 13 },
    );
  });
});
