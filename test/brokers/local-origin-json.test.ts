import fc from 'fast-check';
import { expect, it } from 'vitest';
import { originJson } from '../../src/brokers/local/origin-json.ts';
import { DataRecord } from '../../src/core/record.ts';
import { jsonCodec } from '../../src/formats/json/codec.ts';

const codec = jsonCodec();
const sources = fc.record(
  { topic: fc.string(), partition: fc.nat(), part: fc.string(), partStart: fc.nat() },
  { requiredKeys: ['topic', 'partition'] },
);

it('is the JSON of the origin, whatever source was asked for before', () => {
  const records = fc.record({ source: sources, offset: fc.maxSafeNat(), index: fc.integer({ min: -1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(records, { maxLength: 5 }), (list) => {
      for (const init of list) {
        const record = new DataRecord({ ...init, payload: '{}', codec });
        expect(originJson(record)).toBe(JSON.stringify(record.origin));
      }
    }),
  );
});
