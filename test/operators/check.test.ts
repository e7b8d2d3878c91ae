import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { check } from '../../src/operators/check.ts';
import { runOperator, type TestDeps } from '../support/collect-out.ts';

type Config = Parameters<typeof check.create>[0];

const EXAMPLES = join(import.meta.dirname, '..', '..', '..', 'shared', 'examples');
const DAY = 86_400_000;

/** Names of the rules each record fails; severity does not matter. */
async function failures(rules: unknown, data: readonly unknown[], options: TestDeps & { time?: number } = {}) {
  const out = await runOperator(check, { rules } as Config, data, options);
  return out.emissions.map(({ record }) => record.findings.map((f) => f.rule));
}

describe('check', () => {
  it('passes a valid record on as the same object', async () => {
    const out = await runOperator(check, { rules: [{ field: 'a', min: 1 }] }, [{ a: 1 }]);
    expect(out.emissions).toMatchObject([{ port: 0, at: 0 }]);
    expect(out.emissions[0]!.record.editable).toBe(false);
    expect(out.emissions[0]!.record.root).toBe(out.emissions[0]!.record);
    expect(out.findings).toEqual([]);
  });

  it('reports every failed rule of a record and rejects it', async () => {
    const out = await runOperator(
      check,
      {
        rules: [
          { field: 'a', required: true },
          { field: 'b', between: [0, 10] },
          { field: 'c', in: ['x', 'y'], severity: 'warn' },
        ],
      },
      [{ b: 11, c: 'z' }],
    );
    expect(out.emissions.map((e) => e.port)).toEqual([1]);
    expect(out.emissions[0]!.record.findings).toEqual([
      {
        step: 'step',
        rule: 'a.required',
        severity: 'error',
        field: 'a',
        expected: 'not null',
        dimension: 'completeness',
      },
      {
        step: 'step',
        rule: 'b.between',
        severity: 'error',
        field: 'b',
        observed: 11,
        expected: 'between 0 and 10',
        dimension: 'validity',
      },
      {
        step: 'step',
        rule: 'c.in',
        severity: 'warn',
        field: 'c',
        observed: 'z',
        expected: 'one of x, y',
        dimension: 'validity',
      },
    ]);
  });

  it('lets warnings and infos pass with the record', async () => {
    const out = await runOperator(check, { rules: [{ field: 'a', required: true, severity: 'info' }] }, [{}]);
    expect(out.emissions.map((e) => e.port)).toEqual([0]);
    expect(out.emissions[0]!.record.findings).toHaveLength(1);
  });

  it.each([
    ['required fails on null', { field: 'a', required: true }, { a: null }, ['a.required']],
    ['required holds for false, 0 and empty text', { field: 'a', required: true }, { a: '' }, []],
    ['null does not concern a range', { field: 'a', between: [0, 1] }, { a: null }, []],
    ['missing does not concern a type', { field: 'a', type: 'string' }, {}, []],
    ['a number as text is a wrong type', { field: 'a', min: 0 }, { a: '5' }, ['a.min']],
    ['min is included', { field: 'a', min: 5 }, { a: 5 }, []],
    ['above is not included', { field: 'a', above: 5 }, { a: 5 }, ['a.above']],
    ['below is not included', { field: 'a', below: 5 }, { a: 5 }, ['a.below']],
    ['max by a field', { field: 'a', max: { field: 'b' } }, { a: 2, b: 1 }, ['a.max']],
    ['max by a missing field does not apply', { field: 'a', max: { field: 'b' } }, { a: 2 }, []],
    [
      'two dates compare as instants',
      { field: 'a', max: { field: 'b' } },
      { a: '2020-01-01T01:00:00+02:00', b: '2020-01-01' },
      [],
    ],
    [
      'dates between, last day included',
      { field: 'a', between: ['1900-01-01', '2012-12-31'] },
      { a: '2012-12-31' },
      [],
    ],
    [
      'dates between, midnight is the bound',
      { field: 'a', between: ['1900-01-01', '2012-12-31'] },
      { a: '2012-12-31T00:00:01Z' },
      ['a.between'],
    ],
    ['other text is a wrong type for a date', { field: 'a', after: '1900-01-01' }, { a: 'soon' }, ['a.after']],
    ['a number is a wrong type for a date', { field: 'a', before: '1900-01-01' }, { a: 5 }, ['a.before']],
    ['a range with a field in it', { field: 'a', between: [0, { field: 'b' }] }, { a: 3, b: 2 }, ['a.between']],
    ['notIn', { field: 'a', notIn: ['x'] }, { a: 'x' }, ['a.notIn']],
    ['in compares with type', { field: 'a', in: [1, 2] }, { a: '1' }, ['a.in']],
    ['pattern', { field: 'a', pattern: '^a+$' }, { a: 'ab' }, ['a.pattern']],
    ['pattern on a number is a wrong type', { field: 'a', pattern: '1' }, { a: 1 }, ['a.pattern']],
    ['notPattern', { field: 'a', notPattern: 'x' }, { a: 'axb' }, ['a.notPattern']],
    ['length counts characters, not code units', { field: 'a', length: { max: 2 } }, { a: '👍👍' }, []],
    ['length of a list', { field: 'a', length: { min: 1 } }, { a: [] }, ['a.length']],
    ['format date wants a real day', { field: 'a', format: 'date' }, { a: '2023-02-29' }, ['a.format']],
    ['multipleOf works on decimals', { field: 'a', multipleOf: 0.01 }, { a: 0.29 }, []],
    ['multipleOf fails', { field: 'a', multipleOf: 0.25 }, { a: 0.3 }, ['a.multipleOf']],
    ['equals', { field: 'a', equals: 'x' }, { a: 'y' }, ['a.equals']],
    ['equals a field, deep', { field: 'a', equals: { field: 'b' } }, { a: [1], b: [1] }, []],
    ['notEquals a field', { field: 'a', notEquals: { field: 'b' } }, { a: 1, b: 1 }, ['a.notEquals']],
    ['oneOf', { oneOf: ['a', 'b'] }, { a: 1, b: 2 }, ['a+b.oneOf']],
    ['anyOf', { anyOf: ['a', 'b'] }, { a: null }, ['a+b.anyOf']],
    ['allOrNone', { allOrNone: ['a', 'b'] }, { a: 1 }, ['a+b.allOrNone']],
    ['cel false', { name: 'r', cel: 'record.a < record.b' }, { a: 2, b: 1 }, ['r']],
    ['cel with a null operand does not apply', { name: 'r', cel: 'record.a < record.b' }, { a: 2, b: null }, []],
    ['cel with a wrong type fails', { name: 'r', cel: 'record.a < 3' }, { a: 'x' }, ['r']],
    ['when false', { field: 'a', required: true, when: 'record.b == 1' }, { b: 2 }, []],
    ['when true', { field: 'a', required: true, when: 'record.b == 1' }, { b: 1 }, ['a.required']],
    ['country codes', { field: 'a', format: 'country' }, { a: 'XX' }, ['a.format']],
    ['currency codes', { field: 'a', format: 'currency' }, { a: 'EUR' }, []],
    ['nested fields', { field: 'a.b', min: 1 }, { a: { b: 0 } }, ['a.b.min']],
    ['names every object inherits are not fields', { field: 'toString', required: true }, {}, ['toString.required']],
    ['constructor as a field', { field: 'constructor', type: 'string' }, { constructor: 'x' }, []],
    ['several checks in one rule', { field: 'a', type: 'integer', min: 3 }, { a: 1.5 }, ['a.type', 'a.min']],
    ['a record that is no map', { field: 'length', required: true }, 5, ['length.required']],
  ])('%s', async (_, rule, data, expected) => {
    expect(await failures([rule], [data])).toEqual([expected]);
  });

  it('looks at each element of a list and names its place', async () => {
    const out = await runOperator(check, { rules: [{ field: 'items[].price', above: 0 }] }, [
      { items: [{ price: 1 }, { price: 0 }, { price: -1 }] },
    ]);
    expect(out.emissions[0]!.record.findings.map((f) => [f.field, f.observed])).toEqual([
      ['items[1].price', 0],
      ['items[2].price', -1],
    ]);
  });

  it('compares with stream time, and not at all without a clock', async () => {
    const rule = { field: 'at', after: 'now-1d' };
    const time = Date.UTC(2026, 0, 10);
    const old = new Date(time - DAY - 1).toISOString();
    const fresh = new Date(time - DAY + 1).toISOString();
    expect(await failures([rule], [{ at: old }, { at: fresh }], { time })).toEqual([['at.after'], []]);
    expect(await failures([rule], [{ at: old }])).toEqual([[]]);
  });

  it('counts what a shadow rule finds without touching the record', async () => {
    const out = await runOperator(check, { rules: [{ field: 'a', required: true, shadow: true }] }, [{}]);
    expect(out.findings).toHaveLength(1);
    expect(out.emissions).toMatchObject([{ port: 0 }]);
    expect(out.emissions[0]!.record.findings).toEqual([]);
  });

  it('lets rules of a group share conditions and severity', async () => {
    const rules = [
      {
        when: 'record.kind == "a"',
        severity: 'warn',
        rules: [
          { field: 'x', required: true },
          { field: 'y', required: true, severity: 'error' },
        ],
      },
    ];
    const out = await runOperator(check, { rules } as Config, [{ kind: 'a' }, { kind: 'b' }]);
    expect(out.emissions[0]!.record.findings.map((f) => [f.rule, f.severity])).toEqual([
      ['x.required', 'warn'],
      ['y.required', 'error'],
    ]);
    expect(out.emissions[1]!.record.findings).toEqual([]);
  });

  it('takes values and schemas and rule sets from files', async () => {
    const files = {
      'codes.txt': 'A\n# a comment\nB\n',
      'order.json': JSON.stringify({ type: 'object', required: ['id'], properties: { n: { type: 'number' } } }),
      'more.yaml': 'version: 3\nrules:\n  - { field: extra, required: true }\n',
    };
    const config = {
      rules: [{ field: 'c', in: { file: 'codes.txt' } }, { schema: 'order.json' }],
      ruleSet: 'more.yaml',
    };
    const out = await runOperator(
      check,
      config,
      [
        { c: 'C', n: 'x' },
        { c: 'B', id: 1, extra: 1 },
      ],
      { files },
    );
    expect(out.emissions[0]!.record.findings.map((f) => [f.rule, f.field])).toEqual([
      ['c.in', 'c'],
      ['record.schema', undefined],
      ['record.schema', 'n'],
      ['extra.required', 'extra'],
    ]);
    expect(out.emissions[1]!.record.findings).toEqual([]);
  });

  it('takes a million allowed values from a file', async () => {
    const files = { 'ids.txt': Array.from({ length: 1_000_000 }, (_, i) => `id-${i * 7}\n`).join('') };
    const config = { rules: [{ field: 'id', in: { file: 'ids.txt' } }] };
    const records = [{ id: 'id-0' }, { id: 'id-6999993' }, { id: 'id-1' }, { id: 'id-7000000' }, { id: 7 }];
    const out = await runOperator(check, config, records, { files });
    expect(out.emissions.map(({ port }) => port)).toEqual([0, 0, 1, 1, 1]);
    for (const finding of out.findings) expect(JSON.stringify(finding).length).toBeLessThan(1000);
  });

  it('never shows the value of a redacted field', async () => {
    const out = await runOperator(check, { rules: [{ field: 'pin', in: ['secret'] }] }, [{ pin: 'Secret' }], {
      redact: ['pin'],
    });
    expect(JSON.stringify(out.findings)).not.toMatch(/Secret"/);
    expect(out.findings[0]).not.toHaveProperty('observed');
    const rules = [
      { field: 'a', max: { field: 'pin' } },
      { name: 'c', cel: 'record.pin < record.a' },
    ];
    const others = await runOperator(
      check,
      { rules },
      [
        { a: 777777, pin: 123 },
        { a: 1, pin: 555555 },
      ],
      { redact: ['pin'] },
    );
    expect(others.findings.map((f) => f.rule)).toEqual(['a.max', 'c']);
    expect(JSON.stringify(others.findings)).not.toMatch(/123|555555/);
  });

  it('suggests the listed value that differs only a little', async () => {
    const out = await runOperator(check, { rules: [{ field: 's', in: ['active', 'idle'] }] }, [
      { s: 'Active' },
      { s: 'actve' },
      { s: 'zzz' },
    ]);
    expect(out.findings.map((f) => f.suggestion)).toEqual(['active', 'active', undefined]);
  });

  it.each([
    [{ field: 'a' }, 'rule-without-check'],
    [{ min: 3 }, 'rule-without-field'],
    [{ cel: 'record.a > 1' }, 'cel-without-name'],
    [{ name: 'x', cel: 'record.a >' }, 'cel'],
    [{ name: 'x', cel: 'size(record.a)' }, 'cel-type'],
    [{ field: 'a', min: 'tomorrow' }, 'bound'],
    [{ field: 'a', after: 5 }, 'bound'],
    [{ field: 'a', after: 'now-1x' }, 'bound'],
    [{ field: 'a', between: [5, 1] }, 'empty-range'],
    [{ field: 'a', between: [5, '2020-01-01'] }, 'mixed-range'],
    [{ field: 'a', pattern: '(' }, 'pattern'],
    [{ field: 'a', pattern: '(?=a)b' }, 'pattern'],
    [{ field: 'a', required: false }, 'required-false'],
    [{ field: 'a', length: { min: 5, max: 1 } }, 'empty-range'],
    [{ schema: { type: 'nothing' } }, 'json-schema'],
    [{ field: 'a', min: 3, examples: { valid: [2] } }, 'rule-example'],
    [{ name: 'x', cel: 'record.a > 1', examples: { invalid: [{ a: 2 }] } }, 'rule-example'],
  ])('explains what is wrong with %j', (rule, code) => {
    const issues = check.validate!({ rules: [rule] } as Config);
    expect(issues.map((issue) => issue.code)).toEqual([code]);
    expect(issues[0]!.message.length).toBeGreaterThan(20);
  });

  it('warns of a field name that reads as a subtraction', () => {
    const rules = [
      { field: 'unit-price', min: 0 },
      { name: 'x', cel: 'record.unit-price > 1' },
    ];
    expect(check.validate!({ rules } as Config)).toMatchObject([
      { code: 'cel-hyphen', level: 'error', path: ['rules', 1, 'cel'] },
    ]);
    const legal = [
      { field: 'a-record', min: 0 },
      { name: 'x', cel: 'record.a-record.b > 1' },
    ];
    expect(check.validate!({ rules: legal } as Config)).toMatchObject([{ code: 'cel-hyphen', level: 'warn' }]);
  });

  it.skipIf(!existsSync(EXAMPLES)).each(['movies', 'orders'])('accepts the rules of %s as they stand', (name) => {
    const topology = parse(readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8'));
    const config = topology.steps.find((s: { use: string }) => s.use === 'check').with;
    expect([...Value.Errors(check.config, config)]).toEqual([]);
    expect(check.validate!(config)).toEqual([]);
  });

  it.skipIf(!existsSync(EXAMPLES))('finds six bad orders among the two hundred', async () => {
    const topology = parse(readFileSync(join(EXAMPLES, 'orders.yaml'), 'utf8'));
    const config = topology.steps.find((s: { use: string }) => s.use === 'check').with;
    const rows = readFileSync(join(EXAMPLES, 'data', 'orders.ndjson'), 'utf8')
      .trim()
      .split('\n');
    const cleaned = rows.map((row) => {
      const order = JSON.parse(row);
      const amount = order.amount === null ? null : Number(String(order.amount).replaceAll(',', ''));
      return { ...order, amount };
    });
    const out = await runOperator(check, config, cleaned);
    expect(out.port(1).length + out.port(0).length).toBe(rows.length);
    expect(new Set(out.port(1).map((r) => (r.data as { id: string }).id)).size).toBe(6);
  });
});
