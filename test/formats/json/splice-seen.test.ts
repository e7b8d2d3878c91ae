import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DataRecord, type Patch } from '../../../src/core/record.ts';
import { createCodec, makeFramer } from '../../../src/formats/index.ts';
import { splice } from '../../../src/formats/json/splice.ts';
import { writeJson } from '../../../src/formats/json/write.ts';

const codec = createCodec('json');

/** The second line as its reader gives it: with the places of its fields. */
function seen(line: string): DataRecord {
  const framer = makeFramer({ extension: 'ndjson', codec, path: 'x.ndjson' });
  framer.push(Buffer.from(`${line}\n${line}\n`));
  framer.next();
  framer.next();
  const { payload, data, layout, layoutAt } = framer;
  expect(layout).toBeDefined();
  return new DataRecord({
    source: { topic: 't', partition: 0 },
    offset: 1,
    payload,
    codec,
    data,
    layout,
    layoutAt: layoutAt ?? 0,
  });
}

const field = fc.constantFrom('id', 'name', 'amount', 'gone', 'other');
const patch: fc.Arbitrary<Patch> = fc.record({
  path: fc.oneof(
    { weight: 8, arbitrary: field.map((name) => [name]) },
    { weight: 1, arbitrary: field.map((name) => [name, 'in']) },
  ),
  value: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.oneof(
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true, max: 1e6, min: -1e6 }),
        fc.boolean(),
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(null, undefined, { a: 1 }, [1], 'a"b', 'é\n') },
  ),
});

it('patches go to the places the reader saw as they go where a search finds them', () => {
  const line = '{"id":12345, "name":"Ann  ","amount":"1,000.50","other":1.50}';
  fc.assert(
    fc.property(fc.array(patch, { minLength: 1, maxLength: 4 }), (patches) => {
      const draft = seen(line).edit();
      for (const { path, value } of patches) draft.patch(path, value);
      expect(codec.encode(draft)).toBe(splice(line, draft.patches ?? []));
      expect(JSON.parse(String(codec.encode(draft)))).toEqual(draft.data);
    }),
    { numRuns: 500 },
  );
});

it('numbers and texts are written as JSON.stringify writes them', () => {
  const decimal = fc
    .tuple(fc.integer({ min: -2e9, max: 2e9 }), fc.integer({ min: 0, max: 4 }))
    .map(([n, d]) => n / 10 ** d);
  fc.assert(
    fc.property(fc.oneof(decimal, fc.double({ noNaN: true, noDefaultInfinity: true })), (number) => {
      fc.pre(Math.abs(number) < 2 ** 53 && !Object.is(number, -0));
      expect(writeJson(number)).toBe(JSON.stringify(number));
    }),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 60, maxLength: 70 })),
      (text) => {
        expect(writeJson(text)).toBe(JSON.stringify(text));
      },
    ),
  );
});
