import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileField } from '../../../src/core/field.ts';
import { compileRules, flattenRules } from '../../../src/kernels/check/compile-rules.ts';
import { fuseChecks, hasFailed } from '../../../src/kernels/check/fuse.ts';
import { FORMAT_NAMES, type RuleConfig, TYPE_NAMES } from '../../../src/kernels/check/rule-schema.ts';
import { recordOf } from '../../support/collect-out.ts';

const context = { field: compileField, redacted: () => false, list: () => new Set(), schema: () => ({}) };

function compile(rules: readonly RuleConfig[]) {
  return compileRules(flattenRules(rules), context);
}

const field = fc.constantFrom('a', 'b', 'constructor', '__proto__', 'x"; throw 1; "', 'n.m', 'list[].p');
const bound = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('2020-01-01', 'now-1d'),
  field.map((name) => ({ field: name })),
);
const rule = fc.oneof(
  field.map((f) => ({ field: f, required: true })),
  fc.record({
    field,
    type: fc.constantFrom('string' as const, 'number' as const, 'integer' as const, 'list' as const, 'map' as const),
  }),
  fc.record({ field, min: bound }),
  fc.record({ field, below: bound }),
  fc.record({ field, between: fc.tuple(bound, bound) }),
  fc.record({
    field,
    in: fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('a', 'b')), { minLength: 1 }),
  }),
  fc.record({ field, notIn: fc.constant(['a', 1]) }),
  fc.record({ field, pattern: fc.constantFrom('^a', '(a+)+$', '^[ab]+@[ab]+$') }),
  fc.record({ field, format: fc.constantFrom('date' as const, 'ipv4' as const) }),
  fc.record({ field, length: fc.constant({ min: 1, max: 2 }) }),
  fc.record({
    field,
    equals: fc.oneof(
      fc.constantFrom(1, 'a', true),
      field.map((name) => ({ field: name })),
    ),
  }),
  fc.record({ name: fc.constant('c'), cel: fc.constantFrom('record.a > 1', 'record.b == "a"', 'has(record.a)') }),
  fc.record({ oneOf: fc.tuple(field, field) }),
);
const scalar = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.constantFrom(
    'a',
    'b',
    'aaaaaaaaaaaaaaaaab',
    'a@b',
    '2020-01-01',
    '2019-12-31T23:59:59Z',
    '127.0.0.1',
    '',
    true,
    null,
  ),
);
const data = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.dictionary(
      field,
      fc.oneof(scalar, fc.array(fc.dictionary(fc.constant('p'), scalar), { maxLength: 3 }), fc.record({ m: scalar })),
    ),
  },
  { weight: 1, arbitrary: fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })) },
);

describe('fuseChecks', () => {
  it('gives the same verdict by generated code as by closures', () => {
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 70 }),
        fc.array(data, { maxLength: 8 }),
        (rules, values) => {
          const checks = compile(rules as RuleConfig[]); // each shape above is one
          const fused = fuseChecks(checks);
          const plain = fuseChecks(checks, { generate: false });
          expect(fused.generated && !plain.generated).toBe(true);
          const time = Date.UTC(2020, 0, 2);
          for (const value of values) {
            const record = recordOf(JSON.stringify(value));
            const a = new Int32Array(fused.words);
            const b = new Int32Array(plain.words);
            const verdict = fused.predicate(record, record.data, time, a);
            expect(verdict).toBe(plain.predicate(record, record.data, time, b));
            if (verdict === 1) expect([...a]).toEqual([...b]);
          }
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });

  it('agrees with closures for every kind of check at and beside its bounds', () => {
    const bounds = [1, 2.5, '2020-01-01', 'now-1d', { field: 'b' }];
    const kinds = ['min', 'max', 'above', 'below', 'before', 'after'] as const;
    const rules = [
      ...kinds.flatMap((kind) => bounds.map((limit) => ({ field: 'a', [kind]: limit }))),
      ...bounds.flatMap((low) => bounds.map((high) => ({ field: 'a', between: [low, high] }))),
      ...TYPE_NAMES.map((type) => ({ field: 'a', type })),
      ...FORMAT_NAMES.map((format) => ({ field: 'a', format })),
      ...[1, '1', true, { field: 'b' }].flatMap((equals) => [
        { field: 'a', equals },
        { field: 'a', notEquals: equals },
      ]),
      ...['^[ab]$', '(a|ab)*c', 'b'].flatMap((pattern) => [
        { field: 'a', pattern },
        { field: 'a', notPattern: pattern },
      ]),
      { field: 'a', in: [1, '1', true] },
      { field: 'a', notIn: [1, '1', true] },
      { field: 'a', required: true },
      { field: 'a', length: { min: 1, max: 2 } },
      { field: 'a', multipleOf: 0.5 },
      { name: 'c', cel: 'record.a > record.b' },
      { allOrNone: ['a', 'b'] },
    ] as RuleConfig[];
    const values = [
      undefined,
      null,
      0,
      1,
      1.0000001,
      2,
      2.5,
      3,
      '',
      'a',
      'abc',
      '1',
      '2020-01-01',
      '2020-01-01T00:00:01Z',
      '2019-12-31',
      true,
      [],
      [1, 2],
      {},
    ];
    const time = Date.UTC(2020, 0, 2);
    for (const one of rules) {
      const checks = compile([one]);
      const fused = fuseChecks(checks).predicate;
      const plain = fuseChecks(checks, { generate: false }).predicate;
      for (const a of values) {
        for (const b of values) {
          const record = recordOf({ a, b });
          const failed = new Int32Array(1);
          const verdict = plain(record, record.data, time, failed);
          expect([one, a, b, fused(record, record.data, time, failed)]).toEqual([one, a, b, verdict]);
        }
      }
    }
  });

  it('tells the failed checks apart beyond one word', () => {
    const checks = compile(Array.from({ length: 65 }, (_, i) => ({ field: `f${i}`, required: true })));
    const { predicate, words } = fuseChecks(checks);
    const failed = new Int32Array(words);
    const present = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`f${i}`, i]).filter(([, i]) => i !== 40));
    expect(predicate(recordOf(present), present, 0, failed)).toBe(1);
    expect(checks.flatMap((_, i) => (hasFailed(failed, i) ? [i] : []))).toEqual([40]);
  });

  it('keeps names and constants of the user out of the code', () => {
    const hostile = '"; broken = 1; "';
    const checks = compile([
      { field: hostile, equals: hostile },
      { field: hostile, pattern: ';' },
    ]);
    const { predicate, words } = fuseChecks(checks);
    expect(predicate(recordOf({ [hostile]: hostile }), { [hostile]: hostile }, 0, new Int32Array(words))).toBe(0);
    expect('broken' in globalThis).toBe(false);
  });
});
