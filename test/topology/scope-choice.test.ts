import { expect, it } from 'vitest';
import { checkPlan } from '../../src/topology/index.ts';
import { plan } from './literal-operators.ts';

const made = (config: string) =>
  plan(
    `name: mended\ninput: { topic: raw, key: [id] }\nsteps: [{ id: mend, use: repair, with: ${config} }]\noutput: { topic: out }`,
  );
const on = (partitions: number) => ({ timestamps: true, partitions: () => partitions });

it('repair without a scope runs on one partition, and asks for a choice on several', () => {
  expect(() => checkPlan(made('{}'), on(1))).not.toThrow();
  expect(() => checkPlan(made('{}'), on(4))).toThrow(
    /does not say what it sees.*`partition` learns from its own partition only, `topic` is bound by one process; raw has 4; add `scope: partition` or `scope: topic`/,
  );
});

it('with a scope that is chosen it runs on several', () => {
  expect(() => checkPlan(made('{ scope: partition }'), on(4))).not.toThrow();
});
