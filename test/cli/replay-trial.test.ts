import { expect, it } from 'vitest';
import { trialFates } from '../../src/cli/replay-kafka-trial.ts';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import type { QuarantineEntry } from '../../src/quarantine/entry.ts';
import { defineTopology, planTopology } from '../../src/topology/index.ts';

const entry = {
  at: 0,
  partition: 0,
  key: null,
  timestamp: 5,
  time: Number.NaN,
  headers: [],
  findings: [],
  step: 'sane',
  attempt: 1,
  redacted: false,
} satisfies Partial<QuarantineEntry>;

it('a trial takes elements of a message one by one, as they come back', async () => {
  const topology = defineTopology({
    name: 'shop',
    input: { topic: 'in', format: 'json', explode: 'items', batchVerdict: { rejectWhen: { quarantined: 0.5 } } },
    steps: [{ id: 'sane', use: 'check', with: { rules: [{ field: 'n', type: 'number' }] } }],
    output: { topic: 'out' },
  });
  const plan = planTopology(topology, { operators: operatorRegistry(), formats: createCodec, onePartition: false });
  const values = ['{"n":1}', '{"n":"x"}', '{"n":2}'];
  const entries = values.map((value, index) => ({
    ...entry,
    value,
    origin: { topic: 'in', partition: 3, offset: 7, index },
  }));
  expect(await trialFates(plan, entries, values)).toEqual({ curated: 2, quarantined: 1 });
});
