import type { Codec } from '../../core/codec.ts';
import { FormatError } from '../../core/errors.ts';
import type { FieldSlot } from '../../core/field.ts';
import type { ConfigIssue } from '../../core/operator.ts';
import { DataRecord } from '../../core/record.ts';
import { passes } from './check.ts';
import { checksOf, compileRules, type RuleContext, ruleName } from './compile-rules.ts';
import { RECORD_CHECKS, type RuleConfig } from './rule-schema.ts';

/** Runs the `examples` of a rule: valid ones must pass all its checks, invalid ones fail at least one. */
export function exampleIssues(rule: RuleConfig, path: readonly (string | number)[]): ConfigIssue[] {
  if (rule.examples === undefined || needsFile(rule)) return [];
  const checks = compileRules([{ rule, when: [], path }], EXAMPLE_CONTEXT);
  const whole = takesRecords(rule);
  const kinds = checksOf(rule);
  const name = rule.name ?? ruleName(rule, kinds[0] ?? 'check');
  const issues: ConfigIssue[] = [];
  for (const expected of ['valid', 'invalid'] as const) {
    (rule.examples[expected] ?? []).forEach((example, i) => {
      const data = whole ? example : { [rule.field ?? '']: example };
      const record = exampleRecord(data);
      const valid = checks.every((check) => passes(check, record, data, Number.NaN));
      if (valid === (expected === 'valid')) return;
      issues.push({
        path: [...path, 'examples', expected, i],
        level: 'error',
        code: 'rule-example',
        message: `rule '${name}' ${valid ? 'passes' : 'fails'} its own ${expected} example ${show(example)}; change one of them`,
      });
    });
  }
  return issues;
}

function show(example: unknown): string {
  const text = JSON.stringify(example) ?? String(example);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Rules that look at more than their own field take whole records as examples. */
function takesRecords(rule: RuleConfig): boolean {
  const bounds = [rule.min, rule.max, rule.above, rule.below, rule.before, rule.after, rule.equals, rule.notEquals];
  return (
    rule.field === undefined ||
    checksOf(rule).some((kind) => RECORD_CHECKS.includes(kind) && kind !== 'schema') ||
    [...bounds, ...(rule.between ?? [])].some((bound) => typeof bound === 'object')
  );
}

function needsFile(rule: RuleConfig): boolean {
  const files = [rule.in, rule.notIn].some((list) => list !== undefined && !Array.isArray(list));
  return files || typeof rule.schema === 'string';
}

const EXAMPLE_CODEC: Codec = {
  name: 'example',
  decode: () => {
    throw new FormatError('an example is data already', { code: 'example' });
  },
  encode: () => null,
};

function exampleRecord(data: unknown): DataRecord {
  const source = { topic: 'examples', partition: 0 };
  return new DataRecord({ source, offset: 0, payload: undefined, codec: EXAMPLE_CODEC, data });
}

/** Reads examples: the key as written, else dotted parts; examples have no lists of places. */
function exampleSlot(text: string): FieldSlot {
  const parts = text.split('.');
  const read = (record: DataRecord): unknown => {
    const whole = own(record.data, text);
    return whole !== undefined ? whole : parts.reduce<unknown>((value, part) => own(value, part), record.data);
  };
  const slot: FieldSlot = { text, many: false, get: read, set: () => {}, remove: () => {}, expand: () => [slot] };
  return slot;
}

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key] // own property of a decoded value
    : undefined;
}

const EXAMPLE_CONTEXT: RuleContext = {
  field: exampleSlot,
  redacted: () => false,
  list: () => new Set(),
  schema: () => ({}),
};
