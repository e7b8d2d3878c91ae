import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DataRecord } from '../../src/core/record.ts';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { TopologyDriver } from '../../src/testing/index.ts';
import { defineTopology, planTopology } from '../../src/topology/index.ts';

/** Half an hour, or what FUZZ_MINUTES says. */
const MINUTES = Number(process.env.FUZZ_MINUTES ?? 30);

const topology = defineTopology({
  name: 'fuzz',
  input: { topic: 'in', format: 'json' },
  steps: [
    {
      id: 'tidy',
      use: 'clean',
      with: {
        fields: {
          a: ['trim', 'lower-case'],
          b: ['to-number'],
          c: [{ 'parse-date': ['yyyy-MM-dd', 'dd.MM.yyyy'] }],
          'd.e': ['to-string', 'collapse-whitespace'],
          'f[].g': ['to-integer'],
        },
      },
    },
    {
      id: 'sane',
      use: 'check',
      with: {
        rules: [
          { field: 'a', pattern: '^[a-z ]+$', severity: 'warn' },
          { field: 'b', between: [0, 100] },
          { field: 'f[].g', type: 'integer', severity: 'info' },
          { name: 'cel', cel: 'size(record.a) < 20 || record.b > 5', severity: 'warn' },
        ],
      },
    },
  ],
  output: { topic: 'out' },
});

// an own key that is the whole text of a path is what the path means
const TOUCHED = new Set(['a', 'b', 'c', 'd', 'd.e', 'f', 'f[].g']);
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(' X ', '1,234.5', '2026-01-31', '31.12.2025', 'null', '-0', '1e400'),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('any'), { maxKeys: 4 }),
  ),
})).any;
const object = fc
  .record({ a: value, b: value, c: value, d: value, f: value }, { requiredKeys: [] })
  .chain((known) => fc.dictionary(fc.string(), value, { maxKeys: 4 }).map((rest) => ({ ...rest, ...known })));
/** Numbers no double holds, written into the text where a marker stands. */
const text = fc
  .tuple(object, fc.constantFrom('12345678901234567890', '1e400', '-0', '0.1000000000000000055511151231257827'))
  .map(([data, number]) => JSON.stringify({ ...data, exact: 'MARK' }).replace('"MARK"', number));
const line = fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) });

it('decode, clean, check and encode never throw, and change no byte outside the changes they report', {
  timeout: (MINUTES + 2) * 60_000,
}, async () => {
  const plan = planTopology(topology, { operators: operatorRegistry(), formats: createCodec });
  const codec = createCodec('json');
  const end = performance.now() + MINUTES * 60_000;
  let records = 0;
  for (let seed = 1; performance.now() < end; seed++) {
    const lines = fc.sample(line, { seed, numRuns: 500 });
    const driver = new TopologyDriver(plan);
    driver.feed('in', lines);
    const summary = await driver.end();
    expect({ seed, in: summary.in, sum: summary.curated + summary.quarantined }).toEqual({
      seed,
      in: lines.length,
      sum: lines.length,
    });
    expect([seed, summary.rules['operator-error'] ?? 0]).toEqual([seed, 0]);
    for (const { value: bytes, headers } of driver.read('out')) {
      const origin = JSON.parse(
        Buffer.from(headers.find(({ name }) => name === 'sluice-origin')?.value ?? '{}').toString(),
      );
      compare(seed, lines[origin.offset] ?? '', Buffer.from(bytes ?? '').toString(), codec.name);
    }
    records += lines.length;
  }
  console.info(`fuzz: ${records} records in ${MINUTES} minutes`);
});

/** What no step touches is the same text, number for number. */
function compare(seed: number, before: string, after: string, codec: string): void {
  const read = (payload: string) =>
    new DataRecord({ source: { topic: 't', partition: 0 }, offset: 0, payload, codec: createCodec(codec) })
      .data as Record<string, unknown>; // a curated record is an object
  const [old, now] = [read(before), read(after)];
  for (const key of Object.keys(old))
    if (!TOUCHED.has(key)) expect([seed, key, now[key]]).toEqual([seed, key, old[key]]);
  const exact = /"exact":([^,}]+)/.exec(before)?.[1];
  if (exact !== undefined) expect([seed, after.includes(exact)]).toEqual([seed, true]);
}
