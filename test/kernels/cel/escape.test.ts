import { describe, expect, it } from 'vitest';
import { compileField } from '../../../src/core/field.ts';
import { CelError, compileCel } from '../../../src/kernels/cel/cel.ts';
import { check } from '../../../src/operators/check.ts';
import { clean } from '../../../src/operators/clean.ts';
import { recordOf, runOperator } from '../../support/collect-out.ts';

const DOLLAR = '$';
const NAMES = ['__proto__', 'constructor', 'prototype'];
const INHERITED = [
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__lookupGetter__',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
];

/** Expressions that try to leave the record: each is refused at load, or finds nothing. */
const PAYLOADS: readonly string[] = [
  ...NAMES.flatMap((name) => [
    `record.${name} != null`,
    `record["${name}"] != null`,
    `record.a.${name} != null`,
    `record.a["${name}"] != null`,
    `record.list[0].${name} != null`,
    `record[record.k_${name}] != null`,
    `record["${name.slice(0, 3)}" + "${name.slice(3)}"] != null`,
    `record.a["${name.slice(0, 3)}" + "${name.slice(3)}"] != null`,
    `"".${name} != null`,
    `[].${name} != null`,
    `has(record.${name})`,
    `has(record.a.${name})`,
    `record.${name}.${name} != null`,
    `record.list.exists(x, x.${name} != null)`,
    `{"${name}": 1}.${name} == 1 && record.${name} == 1`,
  ]),
  ...INHERITED.flatMap((name) => [
    `record.${name} != null`,
    `record.a.${name} != null`,
    `has(record.${name})`,
    `record["${name}"] != null`,
    `record.text.${name} != null`,
    `record.list.${name} != null`,
  ]),
  'record.constructor.constructor("return process")() != null',
  'record.list.constructor("x") != null',
  'process.exit(1)',
  'globalThis.x',
  'this.x == 1',
  'require("fs") != null',
  'import("fs") != null',
  'eval("1") == 1',
  'Function("return 1")() == 1',
  'console.log("x") == null',
  'google.protobuf.Timestamp == null',
  'cel.bind(x, record, x.a) == 1',
  'type(record) == map',
  'record.text.constructor.name == "String"',
  'record.text.__proto__.evil == 1',
  '(1).constructor == 1',
  'record.text.replace("a", "b") == "x"',
  'record.list.reduce(x, x) == 1',
  'record.a = 5',
  'record.a; record.b',
  'record.a == 1 // comment\n && record.__proto__ != null',
  `\`${DOLLAR}{record.a}\` == ""`,
  'record.text.matches("(?<a>x)\\\\k<a>")',
  'b"x".json() == {}',
  'record.list.map(__proto__, __proto__).size() > 99',
];

const HOSTILE = JSON.parse(
  '{"a":{"x":1},"text":"abc","list":[{"x":1}],"k___proto__":"__proto__","k_constructor":"constructor","k_prototype":"prototype"}',
);

describe('escapes', () => {
  it('has at least a hundred expressions to try', () => expect(PAYLOADS.length).toBeGreaterThanOrEqual(100));

  it.each(PAYLOADS)('%s is refused or finds nothing', (text) => {
    let verdict: unknown;
    try {
      verdict = compileCel(text).test(HOSTILE);
    } catch (error) {
      expect(error).toBeInstanceOf(CelError);
      return;
    }
    expect(verdict).not.toBe(true);
  });

  it.each([
    ...NAMES,
    ...INHERITED,
    'a.__proto__',
    'a.constructor',
    '/a/__proto__',
    '/__proto__',
    '__proto__.x',
    'constructor.prototype.x',
  ])('the field %s is own or missing, and setting it changes no prototype', (field) => {
    const slot = compileField(field);
    expect(slot.get(recordOf({ a: { x: 1 } }))).toBeUndefined();
    const draft = recordOf({ a: { x: 1 } }).edit();
    slot.set(draft, 'polluted');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.prototype.toString.call({})).toBe('[object Object]');
    expect(typeof Object.prototype.constructor).toBe('function');
  });

  it.each([...NAMES, ...INHERITED])('a rule and a step on %s see own values only', async (field) => {
    const own = JSON.parse(`{"${field}":" 5 "}`);
    const rules = { rules: [{ field, required: true }] };
    expect((await runOperator(check, rules, [own, {}])).emissions.map((e) => e.port)).toEqual([0, 1]);
    const out = await runOperator(clean, { fields: { [field]: ['trim', 'to-number'] } }, [own, {}]);
    expect(JSON.stringify(out.emissions[0]!.record.data)).toBe(`{"${field}":5}`);
    expect(out.emissions[1]!.record.patches).toBeUndefined();
  });

  it('keeps code in names, constants, patterns and messages from running', async () => {
    const code = '");globalThis.pwned=1;("';
    const rules = [
      { field: code, equals: code, message: code },
      { field: 'a', in: [code], name: code },
      { field: 'a', pattern: 'x', suggestion: `${DOLLAR}{globalThis.pwned=1}` },
    ];
    const out = await runOperator(check, { rules }, [{ a: code, [code]: 1 }]);
    expect(out.findings.length).toBeGreaterThan(0);
    await runOperator(
      clean,
      { fields: { a: [{ replace: { pattern: '(x)', with: `${DOLLAR}{pwned}$1` } }, { map: { [code]: code } }] } },
      [{ a: 'x' }],
    );
    expect('pwned' in globalThis).toBe(false);
  });
});
