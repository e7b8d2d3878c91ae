import fc from 'fast-check';
import { expect } from 'vitest';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import type { Plan } from '../../src/topology/plan.ts';
import { type ToyTopology, toyPlan } from './toy-plan.ts';

const TOPICS = ['out0', 'out1', 'side0', 'side1', 'bad', 'events', 'toy.r0'] as const;
/** Steps and tasks of the second stage are named so. */
const SECOND_STAGE = /s1x|\br0\b/;

const value = fc.oneof(
  { weight: 20, arbitrary: fc.record({ n: fc.nat(60), t: fc.nat(4000) }).map((data) => JSON.stringify(data)) },
  { weight: 1, arbitrary: fc.constant('{"n":') },
  { weight: 1, arbitrary: fc.nat(60).map((n) => `{"n":${n},"t":"never"}`) },
  { weight: 1, arbitrary: fc.constant(null) },
);
// without a size they would be ten at most, which is one commit
const values = fc.array(value, { minLength: 1, maxLength: 60, size: 'max' });

function driverOf(plan: Plan, records: readonly (string | null)[], cut: number | ((poll: number) => number)) {
  const driver = new TopologyDriver(plan, { cut });
  driver.feed(
    'in',
    records.map((one) => ({ value: one })),
  );
  return driver;
}

/** Lines by topic and stage: two stages are two tasks, whose turns at a topic that both write are nobody's promise. */
function outputs(driver: TopologyDriver): Record<string, readonly string[][]> {
  return Object.fromEntries(
    TOPICS.map((topic) => {
      const lines = driver.lines(topic);
      return [
        topic,
        [lines.filter((line) => !SECOND_STAGE.test(line)), lines.filter((line) => SECOND_STAGE.test(line))],
      ];
    }),
  );
}

async function undisturbed(plan: Plan, records: readonly (string | null)[], cut: number) {
  const driver = driverOf(plan, records, cut);
  const summary = await driver.end();
  return { outputs: outputs(driver), summary: { ...summary, seconds: 0, recordsPerSecond: 0 } };
}

/** Checks a law over topologies and records; throws where it does not hold. */
export type Law = (topologies: fc.Arbitrary<ToyTopology>, options: fc.Parameters<unknown>) => Promise<void>;

export const sameBytesWhateverTheCut: Law = (topologies, options) =>
  fc.assert(
    fc.asyncProperty(
      topologies,
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
    options as fc.Parameters<[ToyTopology, (string | null)[], number[]]>,
  );

export const oneFateARecord: Law = (topologies, options) =>
  fc.assert(
    fc.asyncProperty(topologies, values, async (topology, records) => {
      const { summary } = await undisturbed(toyPlan(topology), records, 7);
      const { curated, routed, quarantined, duplicate, late, merged, held, dropped } = summary;
      expect(curated + routed + quarantined + duplicate + late + merged + held + dropped).toBe(records.length);
      expect(held).toBe(0);
    }),
    options as fc.Parameters<[ToyTopology, (string | null)[]]>,
  );

export const sameAfterKills: Law = (topologies, options) =>
  fc.assert(
    fc.asyncProperty(
      topologies,
      values,
      fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
      // with every commit, or so rarely that much is read again
      fc.constantFrom(0, 200),
      async (topology, records, kills, checkpointEveryMs) => {
        const plan = toyPlan(topology, { checkpointEveryMs });
        const calm = await undisturbed(plan, records, 3);
        const driver = driverOf(plan, records, 3);
        for (const nth of kills) await driver.crashAt(nth);
        const { seconds: _s, recordsPerSecond: _r, read: _n, resumed: _z, ...totals } = await driver.end();
        expect(outputs(driver)).toEqual(calm.outputs);
        expect(calm.summary).toMatchObject(totals);
      },
    ),
    options as fc.Parameters<[ToyTopology, (string | null)[], number[], number]>,
  );
