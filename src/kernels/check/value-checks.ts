import { celEquals } from '../cel/values.ts';
import { constantBound, fieldBound, type ParsedBound, parseBound, RELATION_WORDS, type Relation } from './bounds.ts';
import type { Template, ValueCheck } from './check.ts';
import type { RuleContext } from './compile-rules.ts';
import { FORMATS } from './formats.ts';
import { linearPattern } from './linear-pattern.ts';
import type { BoundConfig, RuleConfig } from './rule-schema.ts';
import { suggestNumber, suggestValue } from './suggest.ts';

/** A check of one value, before it is bound to a record. */
export interface ValueTest {
  readonly test: ValueCheck['test'];
  readonly expected: string;
  readonly other?: string;
  readonly template?: Template;
  readonly suggest?: (value: unknown) => string | undefined;
  /** Compares with stream time. */
  readonly timely?: boolean;
}

/** The test of the check `kind` of a rule that has been validated. */
export function valueTest(rule: RuleConfig, kind: string, context: RuleContext): ValueTest {
  switch (kind) {
    case 'type':
      return typeTest(rule.type!);
    case 'between':
      return betweenTest(rule.between![0]!, rule.between![1]!);
    case 'min':
    case 'max':
    case 'above':
    case 'below':
      return boundTest(kind, rule[kind]!, false);
    case 'before':
      return boundTest('below', rule.before!, true);
    case 'after':
      return boundTest('above', rule.after!, true);
    case 'in':
    case 'notIn':
      return listTest(kind, rule[kind]!, context);
    case 'pattern':
      return patternTest(rule.pattern!, true);
    case 'notPattern':
      return patternTest(rule.notPattern!, false);
    case 'length':
      return lengthTest(rule.length!.min ?? 0, rule.length!.max ?? Number.POSITIVE_INFINITY);
    case 'format': {
      const format = FORMATS[rule.format!];
      return {
        test: (v) => typeof v === 'string' && format(v),
        expected: `format ${rule.format}`,
        template: { code: 'typeof v === "string" && $0(v)', constants: [format] },
      };
    }
    case 'multipleOf':
      return multipleTest(rule.multipleOf!);
    case 'equals':
    case 'notEquals':
      return equalityTest(rule[kind]!, kind === 'equals');
    default:
      throw new Error(`no such check: ${kind}`);
  }
}

const TYPE_CODE: Readonly<Record<NonNullable<RuleConfig['type']>, string>> = {
  string: 'typeof v === "string"',
  number: 'typeof v === "number"',
  boolean: 'typeof v === "boolean"',
  integer: '$0(v)',
  list: '$0(v)',
  map: '$0(v)',
};

const TYPE_TESTS: Readonly<Record<NonNullable<RuleConfig['type']>, (v: unknown) => boolean>> = {
  string: (v) => typeof v === 'string',
  number: (v) => typeof v === 'number',
  boolean: (v) => typeof v === 'boolean',
  integer: Number.isInteger,
  list: Array.isArray,
  map: (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
};

function typeTest(type: NonNullable<RuleConfig['type']>): ValueTest {
  const test = TYPE_TESTS[type];
  const numeric = type === 'number' || type === 'integer';
  return {
    test,
    expected: `type ${type}`,
    template: { code: TYPE_CODE[type], constants: [test] },
    ...(numeric ? { suggest: suggestNumber } : {}),
  };
}

const RELATION_CODE: Readonly<Record<Relation, string>> = { min: '>=', max: '<=', above: '>', below: '<' };

function boundTest(relation: Relation, bound: BoundConfig, datesOnly: boolean): ValueTest {
  const parsed = usable(bound);
  const word = datesOnly ? (relation === 'below' ? 'before' : 'after') : RELATION_WORDS[relation];
  if (parsed.kind === 'field') {
    const test = fieldBound(relation, datesOnly);
    const fast = `typeof v === "number" && typeof w === "number" ? v ${RELATION_CODE[relation]} w : $0(v, w)`;
    return {
      test,
      expected: `${word} ${parsed.field}`,
      other: parsed.field,
      template: { code: datesOnly ? '$0(v, w)' : fast, constants: [test] },
    };
  }
  const test = constantBound(relation, parsed);
  const expected = `${word} ${String(bound)}`;
  if (parsed.kind !== 'number') return { test: (v, _, time) => test(v, time), expected, timely: parsed.kind === 'now' };
  return {
    test: (v) => test(v, 0),
    expected,
    template: { code: `typeof v === "number" && v ${RELATION_CODE[relation]} $0`, constants: [parsed.value] },
    suggest: suggestNumber,
  };
}

/** Bounds with fields are split by splitBetween before they come here. */
function betweenTest(low: BoundConfig, high: BoundConfig): ValueTest {
  const from = usable(low);
  const to = usable(high);
  if (from.kind === 'field' || to.kind === 'field') throw new Error('between with a field was not split');
  const atLeast = constantBound('min', from);
  const atMost = constantBound('max', to);
  const expected = `between ${String(low)} and ${String(high)}`;
  if (from.kind !== 'number' || to.kind !== 'number')
    return {
      test: (v, _, time) => atLeast(v, time) && atMost(v, time),
      expected,
      timely: from.kind === 'now' || to.kind === 'now',
    };
  return {
    test: (v) => atLeast(v, 0) && atMost(v, 0),
    expected,
    template: { code: 'typeof v === "number" && v >= $0 && v <= $1', constants: [from.value, to.value] },
    suggest: suggestNumber,
  };
}

function usable(bound: BoundConfig): ParsedBound {
  const parsed = parseBound(bound);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

function listTest(kind: 'in' | 'notIn', list: NonNullable<RuleConfig['in']>, context: RuleContext): ValueTest {
  const values: ReadonlySet<unknown> = Array.isArray(list) ? new Set(list) : context.list(list.file);
  const named = Array.isArray(list) ? shortList(list) : `in ${list.file}`;
  if (kind === 'notIn')
    return {
      test: (v) => !values.has(v),
      expected: Array.isArray(list) ? `none of ${named}` : `not ${named}`,
      template: { code: '!$0.has(v)', constants: [values] },
    };
  return {
    test: (v) => values.has(v),
    expected: Array.isArray(list) ? `one of ${named}` : named,
    template: { code: '$0.has(v)', constants: [values] },
    suggest: (v) => suggestValue(v, values),
  };
}

function shortList(values: readonly unknown[]): string {
  const shown = values.slice(0, 8).map(String).join(', ');
  return values.length > 8 ? `${shown}, … (${values.length})` : shown;
}

function patternTest(source: string, wanted: boolean): ValueTest {
  const pattern = linearPattern(source);
  const not = wanted ? '' : '!';
  const found =
    pattern.native === undefined
      ? { code: '$0.test(v)', constants: [pattern] }
      : pattern.nativeChars === Number.MAX_SAFE_INTEGER
        ? { code: '$0.test(v)', constants: [pattern.native] }
        : {
            code: '(v.length <= $1 ? $0.test(v) : $2.test(v))',
            constants: [pattern.native, pattern.nativeChars, pattern],
          };
  return {
    test: (v) => typeof v === 'string' && pattern.test(v) === wanted,
    expected: `${wanted ? 'matches' : 'does not match'} ${source}`,
    template: { code: `typeof v === "string" && ${not}${found.code}`, constants: found.constants },
  };
}

function lengthTest(min: number, max: number): ValueTest {
  const range =
    max === Number.POSITIVE_INFINITY ? `at least ${min}` : min === 0 ? `at most ${max}` : `${min} to ${max}`;
  return {
    test: (v) => {
      const length = Array.isArray(v) ? v.length : typeof v === 'string' ? characters(v, max) : -1;
      return length >= min && length <= max && length >= 0;
    },
    expected: `length ${range}`,
  };
}

/** Characters (code points) of a text; counting stops where the answer is known. */
function characters(text: string, max: number): number {
  const units = text.length;
  if (units / 2 > max) return units;
  let count = units;
  for (let i = 1; i < units; i++)
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--;
  return count;
}

function multipleTest(step: number): ValueTest {
  return {
    test: (v) => {
      if (typeof v !== 'number') return false;
      const quotient = v / step;
      return Math.abs(quotient - Math.round(quotient)) <= 1e-9 * Math.max(1, Math.abs(quotient));
    },
    expected: `a multiple of ${step}`,
  };
}

function equalityTest(constant: NonNullable<RuleConfig['equals']>, wanted: boolean): ValueTest {
  const word = wanted ? 'equal to' : 'different from';
  if (typeof constant === 'object')
    return { test: (v, w) => celEquals(v, w) === wanted, expected: `${word} ${constant.field}`, other: constant.field };
  return {
    test: (v) => (v === constant) === wanted,
    expected: `${word} ${String(constant)}`,
    template: { code: `v ${wanted ? '===' : '!=='} $0`, constants: [constant] },
  };
}
