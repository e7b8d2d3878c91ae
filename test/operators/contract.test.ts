import { describe, it } from 'vitest';
import { check } from '../../src/operators/check.ts';
import { clean } from '../../src/operators/clean.ts';
import { detectDrift } from '../../src/operators/detect-drift.ts';
import { route } from '../../src/operators/route.ts';
import { sample } from '../../src/operators/sample.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';

const CLEAN = {
  rename: { a: 'b', b: 'a' },
  drop: ['junk'],
  fields: {
    a: ['to-string', 'trim', 'collapse-whitespace', 'lower-case', 'nulls', { default: 'x' }],
    b: { steps: ['to-number', { round: 1 }, { clamp: [0, 10] }], mode: 'flag' },
    c: [{ 'parse-date': ['dd.MM.yyyy'] }, { mask: { keep: 2 } }],
    d: [{ derive: 'record.a + "!"' }, 'title-case'],
    'list[].x': ['to-integer'],
  },
};
const RULES = [
  { field: 'a', required: true, severity: 'warn' },
  { field: 'b', between: [0, 5], shadow: true },
  { field: 'c', format: 'date', when: 'record.a != null' },
  { field: 'd', after: 'now-1d', severity: 'info' },
  { field: 'list[].x', type: 'integer' },
  { name: 'both', cel: 'record.a == record.b' },
  { anyOf: ['a', 'b'] },
  { schema: { type: 'object', properties: { b: { type: 'number' } } } },
];

const DRIFT = {
  fields: { a: 'numeric', b: 'categorical', 'c.d': 'numeric' },
  reference: { records: 60 },
  falseAlarmEvery: { records: 200 },
  holdOff: { records: 20 },
  rebaseline: { after: { records: 40 } },
  rates: { odd: { when: 'record.e == true' }, failed: { finding: '*' } },
  target: { prediction: 'f', label: 'g' },
  volume: { every: '5s', reference: 30 },
  freshness: true,
  epoch: 'epoch',
};

const CASES = [
  [clean, CLEAN],
  [clean, { ...CLEAN, trace: true, mode: 'observe' }],
  [check, { rules: RULES }],
  [route, { routes: { x: 'has(record.a)', y: 'record.b > 0' }, to: 'all' }],
  [sample, { ratio: 0.5 }],
  [detectDrift, DRIFT],
  [detectDrift, { ...DRIFT, by: ['h'], maxSegments: 3 }],
  [detectDrift, { ...DRIFT, guarantee: 'run-length' }],
  [detectDrift, { ...DRIFT, rebaseline: 'never', guarantee: { falseDiscoveries: 0.5, every: { records: 50 } } }],
] as const;

for (const [index, [operator, config]] of CASES.entries()) {
  describe(`${operator.name} with configuration ${index}`, () => {
    for (const { name, run } of operatorContract(operator as never, { config })) it(name, run);
  });
}
