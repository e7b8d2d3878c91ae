import type { DataRecord } from '../../core/record.ts';
import { compileCel } from '../cel/cel.ts';
import { sharedCondition } from '../cel/shared.ts';
import { isPresent, type RecordCheck } from './check.ts';
import type { RuleContext } from './compile-rules.ts';
import { compileSchema, schemaViolations } from './json-schema.ts';
import { boundedObserved } from './observed.ts';
import type { RuleConfig } from './rule-schema.ts';

interface CompiledRecordCheck {
  readonly check: Omit<RecordCheck, 'rule'>;
  readonly expected: string;
}

/** The checks that look at more than one value. */
export function recordCheck(rule: RuleConfig, kind: string, context: RuleContext): CompiledRecordCheck {
  switch (kind) {
    case 'oneOf':
    case 'anyOf':
    case 'allOrNone':
      return presenceCheck(kind, rule[kind]!, context);
    case 'schema':
      return schemaCheck(rule, context);
    default:
      return celCheck(rule.cel!, context);
  }
}

function presenceCheck(
  kind: 'oneOf' | 'anyOf' | 'allOrNone',
  fields: readonly string[],
  context: RuleContext,
): CompiledRecordCheck {
  const slots = fields.map((field) => context.field(field));
  const count = (record: DataRecord) => {
    let present = 0;
    for (const slot of slots) if (isPresent(slot.get(record))) present++;
    return present;
  };
  const holds = {
    oneOf: (n: number) => n === 1,
    anyOf: (n: number) => n > 0,
    allOrNone: (n: number) => n === 0 || n === slots.length,
  }[kind];
  const words = { oneOf: 'exactly one of', anyOf: 'at least one of', allOrNone: 'all or none of' }[kind];
  return {
    check: { kind: 'record', test: (record) => holds(count(record)) },
    expected: `${words} ${fields.join(', ')}`,
  };
}

/** Fields of an expression a finding shows. */
const MAX_SHOWN = 4;

/** False and wrong types fail; an operand that is null or missing means that the rule does not apply. */
function celCheck(text: string, context: RuleContext): CompiledRecordCheck {
  const expression = compileCel(text);
  const condition = sharedCondition(text, context.shared);
  const shown = expression.fields.filter((field) => !context.redacted(field)).slice(0, MAX_SHOWN);
  return {
    check: {
      kind: 'record',
      test: (record) => {
        const verdict = condition.test(record);
        return verdict === true || verdict === undefined;
      },
      speaks: (_record, data) => expression.test(data) !== undefined,
      observe: (data) => observedFields(data, shown),
    },
    expected: text,
  };
}

/** Values of plain fields, missing ones left out; undefined when there is none. */
function observedFields(data: unknown, fields: readonly string[]): unknown {
  const found = fields.flatMap((field) =>
    typeof data === 'object' && data !== null && Object.hasOwn(data, field)
      ? [[field, boundedObserved((data as Record<string, unknown>)[field])] as const] // own property, just checked
      : [],
  );
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function schemaCheck(rule: RuleConfig, context: RuleContext): CompiledRecordCheck {
  const source = rule.schema!;
  const validate = compileSchema(typeof source === 'string' ? context.schema(source) : source);
  const slot = rule.field === undefined ? undefined : context.field(rule.field);
  const value = (record: DataRecord) => (slot === undefined ? record.data : slot.get(record));
  return {
    check: {
      kind: 'record',
      ...(slot === undefined ? {} : { slot }),
      test: (record) => {
        const v = value(record);
        return !isPresent(v) || validate(v);
      },
      speaks: (record) => isPresent(value(record)),
      violations: (record) => schemaViolations(validate, value(record), rule.field),
    },
    expected: typeof source === 'string' ? `schema ${source}` : 'the schema',
  };
}
