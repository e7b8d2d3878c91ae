import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { FieldComparisons } from '../../../src/kernels/near/field-comparisons.ts';
import { recordOf, testDeps } from '../../support/collect-out.ts';

it('what is kept of a long text does not keep all of it', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // what the flag adds
  const comparisons = new FieldComparisons([{ slot: testDeps().field('t'), by: 'edit', within: 0, weight: 1 }]);
  const held: (readonly string[])[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 60; i++) held.push(comparisons.valuesOf(recordOf({ t: `${i} ${'x'.repeat(1_000_000)}` }, i)));
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  expect(held.map(([text]) => text?.length)).toEqual(new Array(60).fill(128));
});
