import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { Choice } from '../../src/quarantine/choice.ts';
import type { QuarantineEntry } from '../../src/quarantine/entry.ts';
import { defineTopology, planTopology } from '../../src/topology/index.ts';

function choiceFor(format: 'json' | 'text' | 'csv', wasBefore = false): Choice {
  const topology = defineTopology({
    name: 'shop',
    input: { topic: 'in', format },
    steps: [
      { id: 'early', use: 'check', with: { rules: [{ field: 'value', required: true }] } },
      { id: 'by', use: 'repartition', with: { key: ['value'] } },
      { id: 'late', use: 'check', with: { rules: [{ field: 'value', required: true }] } },
    ],
    output: { topic: 'out' },
  });
  const plan = planTopology(topology, { operators: operatorRegistry(), formats: createCodec, onePartition: true });
  return new Choice({ plan, maxAttempts: 3, wasBefore: () => wasBefore });
}

const entry: QuarantineEntry = {
  at: 0,
  partition: 0,
  value: 'x',
  key: null,
  timestamp: Number.NaN,
  time: Number.NaN,
  headers: [],
  findings: [],
  origin: { topic: 'in', partition: 0, offset: 0 },
  step: 'early',
  attempt: 1,
  redacted: false,
};

describe('what goes back', () => {
  it('is whatever was kept as it came', () => {
    const choice = choiceFor('json');
    expect(choice.takes(entry)).toBe(true);
    expect(choice.takes({ ...entry, step: 'late' })).toBe(true);
    expect(choice.leftOut()).toEqual([]);
  });

  it.each([
    ['refused 3 times', { attempt: 3 }],
    ['not kept', { value: null }],
    ['redacted', { redacted: true }],
    ['no longer reads', { origin: { ...entry.origin, topic: 'gone' } }],
  ])('is nothing that was %s, which is counted', (why, change) => {
    const choice = choiceFor('json');
    expect([choice.takes({ ...entry, ...change }), choice.takes({ ...entry, ...change })]).toEqual([false, false]);
    expect(choice.leftOut()).toMatchObject([{ n: 2, why: expect.stringContaining(why) }]);
  });

  it('is nothing that went before', () => {
    expect(choiceFor('json', true).takes(entry)).toBe(false);
  });

  it('is nothing that a later stage keeps in another format; rows of files are JSON when they come back', () => {
    expect(choiceFor('text').takes(entry)).toBe(true);
    const choice = choiceFor('text');
    expect(choice.takes({ ...entry, step: 'late' })).toBe(false);
    expect(choice.leftOut()).toMatchObject([{ n: 1, why: expect.stringContaining('another format') }]);
    const row = { ...entry, step: 'late', origin: { ...entry.origin, part: 'a.csv', record: 0 } };
    expect(choiceFor('csv').takes(row)).toBe(true);
    expect(choiceFor('csv').takes({ ...entry, step: 'late' })).toBe(false);
  });
});
