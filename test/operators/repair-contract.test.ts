import { describe, it } from 'vitest';
import { repair } from '../../src/operators/repair.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';

const CASES = [
  { dependencies: ['a -> b', 'b, c -> d'], spelling: { fields: ['b'] }, grace: { records: 20 } },
  { dependencies: [{ from: 'a', to: ['b', 'c'], when: 'record.d != null', sure: true }], grace: { records: 0 } },
  { dependencies: ['a -> b'], grace: { time: '20s' }, mode: 'flag', infer: false },
  {
    key: ['a'],
    outliers: { fields: ['b', 'c'] },
    impute: { fields: ['b', 'd'], by: ['a'], bound: 0 },
    grace: { records: 12 },
  },
  { outliers: { fields: ['b'], method: 'hampel' }, impute: { fields: ['b', 'c'] }, grace: { records: 0 } },
  { spelling: { fields: ['a', 'b'] }, mode: 'observe', keep: ['a'], grace: { records: 3, time: '5s' } },
];

for (const [index, config] of CASES.entries()) {
  describe(`repair with configuration ${index}`, () => {
    for (const { name, run } of operatorContract(repair as never, { config })) it(name, run);
  });
}
