import { describe, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
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

/** Series with spikes and gaps, groups with errors: what the made-up records of the suite do not bring about. */
const ROWS = Array.from({ length: 300 }, (_, i) => ({
  eventTime: i * 1000,
  value: {
    id: i % 2,
    zip: `z${i % 5}`,
    city: uniform(1, i) < 0.1 ? 'birminghxm' : `birmingham ${'abcde'[i % 5]}`,
    x: uniform(2, i) < 0.1 ? null : Math.sin(i / 9) + (uniform(3, i) < 0.05 ? 40 : 0),
    y: Math.sin(i / 9) * 2,
  },
}));
const SERIES = { key: ['id'], outliers: { fields: ['x'] }, impute: { fields: ['x'] } };

for (const [name, over] of [
  ['nothing held', { grace: { records: 0 } }],
  ['some records held', { grace: { records: 17 } }],
] as const) {
  describe(`repair of series and groups, ${name}`, () => {
    const config = { ...SERIES, dependencies: ['zip -> city'], spelling: { fields: ['city'] }, ...over };
    const except = { bounded: 'the suite above looks at it' };
    for (const { name, run } of operatorContract(repair as never, { config, rows: ROWS, except })) it(name, run);
  });
}
