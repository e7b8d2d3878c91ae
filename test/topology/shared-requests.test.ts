import { describe, expect, it } from 'vitest';
import type { Operator } from '../../src/core/operator.ts';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import { defineTopology, describePlan, planTopology } from '../../src/topology/index.ts';
import { sharedRequests } from '../../src/topology/shared-requests.ts';
import { Dice } from '../kernels/query/sql-model.ts';

const topology = defineTopology({
  name: 'shared',
  input: { topic: 'in', format: 'json' },
  steps: [
    { id: 'early', use: 'profile', with: { window: { records: 50 }, fields: ['qty', 'country'] } },
    { id: 'large', use: 'route', with: { routes: { large: 'record.qty > 50 && record.country == "DE"' } } },
    {
      id: 'first',
      use: 'check',
      with: {
        rules: [
          { field: 'country', pattern: '^[A-Z]{2}$' },
          { field: 'qty', between: [0, 90], severity: 'warn' },
          { name: 'german', cel: 'record.qty>50&&(record.country=="DE")', severity: 'warn' },
          { field: 'at', after: 'now-1d', severity: 'info' },
        ],
      },
    },
    { id: 'again', use: 'profile', with: { window: { records: 70 }, fields: ['qty', 'country'], top: 3 } },
    { id: 'half', use: 'set', with: { fields: { qty: { cel: 'record.qty / 2' } } } },
    {
      id: 'second',
      use: 'check',
      with: {
        rules: [
          { name: 'two-letters', field: 'country', pattern: '^[A-Z]{2}$', severity: 'warn' },
          { field: 'qty', between: [0, 90] },
          { field: 'at', after: 'now-1d', severity: 'info' },
        ],
      },
    },
    { id: 'kept', use: 'filter', with: { where: 'record.country != "FR"' } },
  ],
  output: { topic: 'out' },
  outputs: { 'large.large': 'large' },
});

function planOf(withWork: boolean) {
  const operators = new Map<string, Operator>();
  for (const [name, operator] of operatorRegistry()) {
    const { work, ...rest } = operator;
    operators.set(name, withWork || work === undefined ? operator : { ...rest });
  }
  return planTopology(topology, { operators, formats: createCodec, onePartition: true });
}

/** Records with values that pass, fail, lack or have another type. */
function records(): string[] {
  const dice = new Dice(3);
  return Array.from({ length: 1000 }, (_, id) =>
    JSON.stringify({
      id,
      qty: dice.pick([10, 60, 95, -1, null, 'x']),
      country: dice.pick(['DE', 'FR', 'de', null, 5]),
      at: dice.pick(['2024-01-01', 'x']),
    }),
  );
}

describe('work that several steps ask for', () => {
  it('is what they have in common, as long as no step between writes what it reads', () => {
    const [stage] = planOf(true).stages;
    const found = stage === undefined ? [] : sharedRequests(stage).map(({ what, steps }) => [what, steps]);
    expect(found).toEqual([
      ['profile of qty, country', ['early', 'again']],
      ['cel record.qty > 50 && record.country == "DE"', ['large', 'first']],
      ['country pattern "^[A-Z]{2}$"', ['first', 'second']],
    ]);
  });

  it('is shown by describe', () => {
    const text = describePlan(planOf(true), 'text');
    expect(text).toContain('done once for first, second: country pattern "^[A-Z]{2}$"');
    expect(JSON.parse(describePlan(planOf(true), 'json')).stages[0].doneOnce).toHaveLength(3);
  });

  it.each([1, 7, 1000])('gives the same outputs as doing it anew in each step, in batches of %i', async (cut) => {
    const outputs = await Promise.all(
      [true, false].map(async (withWork) => {
        const driver = new TopologyDriver(planOf(withWork), { cut });
        driver.feed('in', records());
        const summary = await driver.end();
        const topics = ['out', 'large', 'shared.quarantine', 'shared.events'].map((topic) => driver.lines(topic));
        return { topics, rules: summary.rules };
      }),
    );
    expect(outputs[0]?.topics.map((lines) => lines.length > 5)).toEqual([true, true, true, true]);
    expect(outputs[0]).toEqual(outputs[1]);
  });
});
