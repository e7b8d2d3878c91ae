import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/operators/check.ts';
import { clean } from '../../src/operators/clean.ts';
import { runOperator } from '../support/collect-out.ts';

const STEPS = [
  'to-string',
  'to-number',
  'to-integer',
  'to-boolean',
  'trim',
  'collapse-whitespace',
  'lower-case',
  'upper-case',
  'title-case',
  'unicode',
  'strip-control',
  'nulls',
  'parse-time',
  'parse-duration',
  'mask',
  { 'to-number': { decimal: ',' } },
  { unicode: 'NFKC' },
  { default: {} },
  { 'parse-date': ['dd.MM.yy HH:mm a', 'EEE, d MMM yyyy', "yyyy-MM-dd'T'HH:mm:ss.SSSX"] },
  { 'parse-date': { patterns: ['yyyyMMdd H:m'], zone: 'Europe/Berlin' } },
  { convert: { from: 'F', to: 'C' } },
  { map: { a: 1 } },
  { replace: { pattern: '(a*)*b?', with: '$1' } },
  { round: 2 },
  { clamp: [0, 1] },
  { hash: { secret: 'long enough a secret' } },
  { split: '' + ',' },
  { join: ',' },
  { derive: 'record.v + record.v' },
] as const;
const CHECKS = [
  { required: true },
  { type: 'integer' },
  { between: [0, 1] },
  { between: ['2020-01-01', 'now'] },
  { min: { field: 'w' } },
  { before: { field: 'w' } },
  { in: ['a', 1] },
  { pattern: '^(a+)+$' },
  { notPattern: '\\s{2,}$' },
  { length: { min: 1, max: 3 } },
  { format: 'date-time' },
  { format: 'email' },
  { format: 'ipv6' },
  { format: 'uri' },
  { multipleOf: 0.1 },
  { equals: { field: 'w' } },
  { notEquals: 'x' },
  { schema: { type: 'object', maxProperties: 2 } },
];
const CELS = [
  'record.v > record.w',
  'record.v + record.w == record.v',
  'record.v.all(x, x > 1)',
  'record.v in record.w',
  'size(record.v) > 1',
  'timestamp(record.v) < timestamp(record.w)',
  'record.v.matches(record.w)',
  'record.v[record.w] == 1',
];

const nasty = fc.oneof(
  fc.constantFrom(
    '',
    '\ud800',
    '\u0000',
    '-',
    '%',
    '$',
    '1e999',
    '-0',
    'a'.repeat(5000),
    '1'.repeat(500),
    ' '.repeat(5000),
    '٣',
    'İ',
    'ﬃ',
    '__proto__',
    '2020-02-30',
    '{{',
    '\u001b[31m',
    '\n',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(-0, 1e308, 5e-324, Number.MAX_SAFE_INTEGER + 2),
  fc.constant(JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1},"toString":1,"length":-1}')),
);

describe('hostile values', () => {
  it('come out of every cleaning step with the rest of the record as it was', async () => {
    const config = {
      fields: Object.fromEntries(STEPS.map((step, i) => [`f${i}`, [step]])),
      trace: true,
    } as unknown as Parameters<typeof clean.create>[0];
    expect(clean.validate!(config)).toEqual([]);
    await fc.assert(
      fc.asyncProperty(nasty, async (value) => {
        const data = { ...Object.fromEntries(STEPS.map((_, i) => [`f${i}`, value])), v: value, untouched: value };
        const out = await runOperator(clean, config, [JSON.stringify(data)]);
        const result = out.emissions[0]!.record.data as Record<string, unknown>;
        expect(JSON.stringify(result.untouched)).toBe(JSON.stringify(JSON.parse(JSON.stringify(data)).untouched));
        for (const finding of out.findings) expect(JSON.stringify(finding.observed ?? '').length).toBeLessThan(2000);
      }),
      { seed: 21, numRuns: 120 },
    );
  });

  it('are judged by every check without a throw, and findings stay small', async () => {
    const rules = [
      ...CHECKS.map((rule) => ({ field: 'v', ...rule })),
      ...CELS.map((cel, i) => ({ name: `c${i}`, cel })),
    ];
    const config = { rules } as unknown as Parameters<typeof check.create>[0];
    expect(check.validate!(config)).toEqual([]);
    await fc.assert(
      fc.asyncProperty(nasty, nasty, async (v, w) => {
        const out = await runOperator(check, config, [JSON.stringify({ v, w })], { time: 0 });
        expect(out.emissions).toHaveLength(1);
        for (const finding of out.findings) expect(JSON.stringify(finding).length).toBeLessThan(2500);
      }),
      { seed: 22, numRuns: 120 },
    );
  });
});
