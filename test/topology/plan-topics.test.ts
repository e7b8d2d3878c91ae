import { expect, it } from 'vitest';
import { planTopics } from '../../src/topology/index.ts';
import { plan } from './literal-operators.ts';

it('lists every topic of a plan once, with the partitions it must have', () => {
  const made = plan(`
    name: all
    input: { topics: [a, b] }
    steps:
      - { id: check, use: sane, with: { rules: [{ field: x }] } }
      - { id: by-id, use: repartition, with: { key: [id], partitions: 6 } }
      - { id: unique, use: once, with: { key: [id], window: all } }
      - { id: mend, use: repair, with: { scope: topic } }
    output: { topic: out }
    outputs: { unique.duplicates: again, unique.late: again }
  `);
  expect(planTopics(made)).toEqual([
    { topic: 'a', role: 'input' },
    { topic: 'b', role: 'input' },
    { topic: 'all.quarantine', role: 'quarantine', like: ['a', 'b'] },
    { topic: 'all.by-id.repartition', role: 'repartition', partitions: 6 },
    { topic: 'again', role: 'output', like: ['all.by-id.repartition'] },
    { topic: 'all.mend.repartition', role: 'repartition', partitions: 1 },
    { topic: 'out', role: 'output', like: ['all.mend.repartition'] },
    { topic: 'all.events', role: 'events', like: ['a', 'b'] },
    { topic: 'all.source.state', role: 'state', like: ['a', 'b'] },
    { topic: 'all.by-id.state', role: 'state', like: ['all.by-id.repartition'] },
    { topic: 'all.mend.state', role: 'state', like: ['all.mend.repartition'] },
  ]);
});
