import { expect, it } from 'vitest';
import type { Operator } from '../../src/core/operator.ts';
import { check } from '../../src/operators/check.ts';
import { label } from '../../src/operators/label.ts';
import { resolve } from '../../src/operators/resolve.ts';
import { vote } from '../../src/operators/vote.ts';
import { METRICS } from '../../src/telemetry/catalogue.ts';
import { configure, makeKernel } from './vote-harness.ts';

const CASES = [
  [vote, { exclude: { below: 0.5 } }, (n: number) => ({ item: n % 40, voter: n % 7, label: n % 2 })],
  [resolve, {}, (n: number) => ({ entity: n % 40, attribute: 'a', source: n % 7, value: n % 2 })],
  [label, label.example, (n: number) => ({ text: n % 2 === 0 ? 'http://x' : 'hello' })],
  [
    check,
    { verdict: 'label-model', rules: ['a', 'b', 'c'].map((field) => ({ field, min: 0 })) },
    (n: number) => ({ a: n % 2, b: 1, c: -(n % 3) }),
  ],
] as const;

it.each(CASES)('gauges of $name are in the catalogue, with its labels', async (operator, config, value) => {
  const one = operator as unknown as Operator<never>; // one of four configs
  const { kernel, feed } = await makeKernel(one, configure(one, config), value);
  feed(0, 300);
  const gauges = kernel.stats!().gauges ?? [];
  expect(gauges.length).toBeGreaterThan(0);
  for (const { name, labels = {}, value: found } of gauges) {
    const metric = METRICS.find((spec) => spec.name === `sluice_${name}`);
    expect(metric?.type).toBe('gauge');
    expect(metric?.labels).toEqual(['topology', 'step', ...Object.keys(labels)]);
    expect(Number.isFinite(found)).toBe(true);
  }
});
