import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Operator } from '../../src/core/operator.ts';
import { label } from '../../src/operators/label.ts';
import { resolve } from '../../src/operators/resolve.ts';
import { vote } from '../../src/operators/vote.ts';
import { runOperator } from './vote-harness.ts';

const folder = join(import.meta.dirname, '..', '..', 'topologies');

/** What the last step of a gallery topology says to the first case beside it, by topic. */
async function firstCase(name: string, operator: Operator<never>) {
  const read = (file: string) => parse(readFileSync(join(folder, file), 'utf8'));
  const topology = read(`${name}.yaml`);
  const [first] = read(`${name}.test.yaml`).cases;
  const step = topology.steps.at(-1);
  const rows: unknown[] = Object.values(first.input as Record<string, unknown[]>).flat();
  const trace = await runOperator(operator, step.with, rows.map((value) => ({ value }))); // biome-ignore format: one call
  const topics: Record<string, unknown> = { [topology.output.topic]: trace.out.out };
  for (const [port, topic] of Object.entries(topology.outputs as Record<string, string>))
    topics[topic] = trace.out[port.split('.')[1]!];
  return { expected: first.expect as Record<string, unknown>, topics, trace };
}

describe('gallery of votes', () => {
  it.each([
    ['crowd-labels', vote],
    ['conflicting-sources', resolve],
    ['label-functions', label],
  ] as const)('%s says what its case expects', async (name, operator) => {
    const { expected, topics, trace } = await firstCase(name, operator as unknown as Operator<never>); // one of three configs
    for (const [topic, rows] of Object.entries(expected)) {
      if (topic.endsWith('.quarantine')) expect(trace.out.rejected).toHaveLength((rows as { count: number }).count);
      else expect(topics[topic], topic).toMatchObject(rows as object[]);
    }
  });
});
