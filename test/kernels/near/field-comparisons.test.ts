import { expect, it } from 'vitest';
import { FieldComparisons } from '../../../src/kernels/near/field-comparisons.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { recordOf, testDeps } from '../../support/collect-out.ts';

it('what is kept of a long text does not keep all of it', () => {
  const comparisons = new FieldComparisons([{ slot: testDeps().field('t'), by: 'edit', within: 0, weight: 1 }]);
  const held: (readonly string[])[] = [];
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 60; i++) held.push(comparisons.valuesOf(recordOf({ t: `${i} ${'x'.repeat(1_000_000)}` }, i)));
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  expect(held.map(([text]) => text?.length)).toEqual(new Array(60).fill(128));
});
