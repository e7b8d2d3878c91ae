import type { FieldSlot } from '../../core/field.ts';
import type { SharedWork } from '../../core/shared-work.ts';
import { type CelExpression, compileCel } from '../cel/cel.ts';
import { type Check, passes, type RuleInfo } from './check.ts';
import { checkKey } from './check-work.ts';
import { recordCheck } from './record-checks.ts';
import { FIELD_CHECKS, RECORD_CHECKS, type RuleConfig } from './rule-schema.ts';
import { type ValueTest, valueTest } from './value-checks.ts';

/** What compiling needs from outside: slots, files read before, what is redacted. */
export interface RuleContext {
  field(text: string): FieldSlot;
  redacted(field: string): boolean;
  /** Values of a list file, a schema file; read before compiling. */
  list(file: string): ReadonlySet<unknown>;
  schema(file: string): unknown;
  /** Checks that other steps of the stage make too. */
  readonly shared?: SharedWork | undefined;
}

/** A rule with what its groups say, in the order of the file; `path` leads to it. */
export interface FlatRule {
  readonly rule: RuleConfig;
  readonly when: readonly string[];
  readonly path: readonly (string | number)[];
}

/** Nesting of groups beyond this is refused. */
export const MAX_GROUP_DEPTH = 2;

/** Groups opened up: a rule inherits severity, dimension and shadow, and gathers the conditions above it. */
export function flattenRules(rules: readonly RuleConfig[], base: readonly (string | number)[] = ['rules']): FlatRule[] {
  const flat: FlatRule[] = [];
  const walk = (list: readonly RuleConfig[], above: FlatRule | undefined, path: readonly (string | number)[]) => {
    list.forEach((own, i) => {
      const here = [...path, i];
      const { severity, dimension, shadow } = above?.rule ?? {};
      const rule = {
        ...(severity === undefined ? {} : { severity }),
        ...(dimension === undefined ? {} : { dimension }),
        ...(shadow === undefined ? {} : { shadow }),
        ...own,
      };
      const when = [...(above?.when ?? []), ...(own.when === undefined ? [] : [own.when])];
      const entry: FlatRule = { rule, when, path: here };
      if (Array.isArray(own.rules) && here.length - base.length < 2 * MAX_GROUP_DEPTH)
        walk(own.rules, entry, [...here, 'rules']);
      else flat.push(entry);
    });
  };
  walk(rules, undefined, base);
  return flat;
}

/** The checks a rule holds, in the order they are documented. */
export function checksOf(rule: RuleConfig): readonly string[] {
  return [...FIELD_CHECKS, ...RECORD_CHECKS].filter((name) => Object.hasOwn(rule, name));
}

const CONSISTENCY: ReadonlySet<string> = new Set(['cel', 'equals', 'notEquals']);
const COMPLETENESS: ReadonlySet<string> = new Set(['required', 'oneOf', 'anyOf', 'allOrNone']);

export function compileRules(rules: readonly FlatRule[], context: RuleContext): Check[] {
  const checks: Check[] = [];
  for (const { rule, when } of rules) {
    const conditions = when.map((text) => compileCel(text));
    for (const kind of checksOf(rule)) {
      const key = checkKey(rule, kind);
      for (const [part, partKind] of splitBetween(rule, kind)) {
        const check = compileCheck(part, partKind, conditions, context);
        if (check !== undefined)
          checks.push(key === undefined || part !== rule ? check : withShared(check, key, context));
      }
    }
  }
  return checks;
}

/** A check without bounds that move with time depends on the value alone. */
function withShared(check: Check, key: string, { shared }: RuleContext): Check {
  const once = shared?.once(key, (data, record) => passes(check, record, data, Number.NaN));
  return once === undefined ? check : { ...check, shared: once };
}

/** A range with a field in it is two checks of one name. */
function splitBetween(rule: RuleConfig, kind: string): readonly (readonly [RuleConfig, string])[] {
  const bounds = kind === 'between' ? rule.between : undefined;
  if (bounds === undefined || !bounds.some((bound) => typeof bound === 'object')) return [[rule, kind]];
  const name = ruleName(rule, kind);
  return [
    [{ ...rule, name, min: bounds[0]! }, 'min'],
    [{ ...rule, name, max: bounds[1]! }, 'max'],
  ];
}

/** Name in findings and metrics: `<field>.<check>`, several fields joined by `+`. */
export function ruleName(rule: RuleConfig, kind: string): string {
  if (rule.name !== undefined) return rule.name;
  const fields = kind === 'oneOf' || kind === 'anyOf' || kind === 'allOrNone' ? rule[kind] : undefined;
  return `${fields?.join('+') ?? rule.field ?? 'record'}.${kind}`;
}

function compileCheck(
  rule: RuleConfig,
  kind: string,
  when: readonly CelExpression[],
  context: RuleContext,
): Check | undefined {
  const redacted = (field: string | undefined) => field !== undefined && context.redacted(field);
  const info = (expected: string, dimension: string, other?: string): RuleInfo => ({
    name: ruleName(rule, kind),
    field: rule.field,
    severity: rule.severity ?? 'error',
    dimension: rule.dimension ?? dimension,
    expected,
    message: rule.message,
    suggestion: rule.suggestion,
    shadow: rule.shadow ?? false,
    hidden: redacted(rule.field) || redacted(other),
    when,
  });
  if (RECORD_CHECKS.includes(kind)) {
    const compiled = recordCheck(rule, kind, context);
    const dimension = COMPLETENESS.has(kind) ? 'completeness' : CONSISTENCY.has(kind) ? 'consistency' : 'validity';
    return { ...compiled.check, rule: info(compiled.expected, dimension) };
  }
  const slot = context.field(rule.field ?? '');
  if (kind === 'required')
    return rule.required === true ? { kind: 'required', rule: info('not null', 'completeness'), slot } : undefined;
  const compiled: ValueTest = valueTest(rule, kind, context);
  const dimension = compiled.timely ? 'timeliness' : compiled.other !== undefined ? 'consistency' : 'validity';
  return {
    kind: 'value',
    rule: info(compiled.expected, dimension, compiled.other),
    slot,
    test: compiled.test,
    ...(compiled.other === undefined ? {} : { other: context.field(compiled.other) }),
    ...(compiled.template === undefined ? {} : { template: compiled.template }),
    ...(compiled.suggest === undefined ? {} : { suggest: compiled.suggest }),
  };
}
