import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { operatorRegistry } from '../../src/operators/index.ts';
import { describePlan, lintTopology, loadTopology, planTopology, topologySchema } from '../../src/topology/index.ts';
import { dataPath, describeWithData } from '../data.ts';
import { literalFormats } from './literal-operators.ts';

const operators = operatorRegistry();
const acceptsInEditor = new Ajv2020({ strict: false }).compile(topologySchema(operators));
const options = { operators, formats: literalFormats, onePartition: true };

describeWithData('the example topologies', '../examples', () => {
  const folder = dataPath('../examples');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

  it('are all here', () => {
    expect(names.sort()).toEqual(
      ['hospital', 'labels', 'movies', 'orders', 'products', 'queries', 'sensor', 'sources'].map(
        (name) => `${name}.yaml`,
      ),
    );
  });

  it.each(names)('%s has no error but operators that do not exist, and plans when all do', async (name) => {
    const topology = await loadTopology(join(folder, name));
    const errors = lintTopology(topology, options).filter((issue) => issue.level === 'error');
    const { steps } = topology.raw as { steps: readonly { use: string }[] }; // as the files are written
    const unknown = steps.map((step) => step.use).filter((use) => !operators.has(use));
    expect(errors.map((issue) => issue.message.split('`')[1])).toEqual(unknown);
    expect(errors.every((issue) => issue.code === 'unknown-operator')).toBe(true);
    if (unknown.length > 0) return;
    expect(acceptsInEditor(topology.raw), JSON.stringify(acceptsInEditor.errors)).toBe(true);
    const plan = planTopology(topology, options);
    expect(plan.stages).toHaveLength(1);
    expect(describePlan(plan, 'json')).toBe(describePlan(planTopology(topology, options), 'json'));
  });
});
