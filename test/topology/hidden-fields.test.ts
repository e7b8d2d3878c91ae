import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { TopologyDriver } from '../../src/testing/index.ts';
import { defineTopology, planTopology } from '../../src/topology/index.ts';
import type { TopologySpec } from '../../src/topology/schema.ts';

const SECRET = 'AT61-1904-3002-3457-3201';

function plan(extra: Partial<TopologySpec> = {}) {
  const topology = defineTopology({
    name: 'guarded',
    input: { topic: 'in', format: 'json' },
    steps: [
      { id: 'early', use: 'check', with: { rules: [{ field: 'IBAN', length: { max: 5 }, severity: 'warn' }] } },
      {
        id: 'tidy',
        use: 'clean',
        with: { rename: { IBAN: 'iban' }, fields: { iban: [{ mask: { keep: 4 } }] }, trace: true },
      },
      {
        id: 'sane',
        use: 'check',
        with: {
          rules: [
            { field: 'n', required: true },
            { field: 'iban', length: { max: 5 }, severity: 'warn' },
          ],
        },
      },
    ],
    output: { topic: 'out' },
    ...extra,
  });
  return planTopology(topology, { operators: operatorRegistry(), formats: createCodec });
}

describe('masked fields', () => {
  it('ask what becomes of their values in quarantine', () => {
    expect(() => plan()).toThrow(/IBAN[\s\S]*quarantine: \{ value: redact \}/);
  });

  it.each(['redact', 'omit'] as const)(
    'show nowhere: not in findings before the mask, not in evidence, not in quarantine with value: %s',
    async (value) => {
      const driver = new TopologyDriver(plan({ quarantine: { value } }));
      driver.feed('in', [`{"IBAN":"${SECRET}","n":1}`, `{"IBAN":"${SECRET}"}`]);
      await driver.end();
      const everything = ['out', 'guarded.quarantine', 'guarded.events'].flatMap((topic) => driver.lines(topic));
      expect(everything.length).toBeGreaterThanOrEqual(2);
      expect(everything.join('\n')).not.toContain(SECRET.slice(0, 12));
      expect(driver.values('out')[0]).toContain(SECRET.slice(-4));
    },
  );
});
