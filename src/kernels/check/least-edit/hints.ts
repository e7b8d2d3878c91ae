import type { FieldSlot } from '../../../core/field.ts';
import type { FieldEdit } from '../../../core/finding.ts';
import type { DataRecord } from '../../../core/record.ts';
import { celFields } from '../../cel/issue.ts';
import { applies, type Check, passes } from '../check.ts';
import { compileRules, type FlatRule, type RuleContext } from '../compile-rules.ts';
import type { RuleConfig } from '../rule-schema.ts';
import { candidateValues, type FieldHints, fieldHints } from './candidates.ts';
import { type Choice, leastChoice } from './search.ts';

interface Field {
  readonly name: string;
  readonly slot: FieldSlot;
  readonly hints: FieldHints;
  /** Fields it is compared with. */
  readonly around: readonly string[];
}

/** Rules that share fields: what one of them needs may break another. */
interface Component {
  readonly checks: readonly Check[];
  readonly fields: readonly Field[];
}

/**
 * The smallest set of field edits with which a rejected record would pass.
 *
 * Idea: rules that share no field are independent, so each group of connected ones is solved alone: one field, two,
 * three; values come from the rules themselves (bounds, lists, patterns, the fields they compare), and an edit counts
 * only when all rules of the group pass with it. Among sets of one size the nearest values win; taking a value out is
 * the last resort. Rules on elements of lists, on redacted fields and JSON Schemas get no hint.
 * Cost: up to some thousand evaluations of a few rules, for a rejected record.
 * Source: Ustun, Spangher & Liu 2019 (actionable recourse) for the notion; the search is ours.
 */
export class LeastEdits {
  private readonly components: readonly Component[];
  /** A rule nothing can be said about. */
  private readonly closed: readonly Check[];

  constructor(rules: readonly FlatRule[], context: RuleContext) {
    const judging = rules.filter(({ rule }) => (rule.severity ?? 'error') === 'error' && rule.shadow !== true);
    const isOpen = (flat: FlatRule): boolean =>
      flat.rule.schema === undefined && fieldsOf(flat).every((name) => !name.includes('[]') && !context.redacted(name));
    const open = judging.filter(isOpen);
    this.closed = compileRules(
      judging.filter((flat) => !isOpen(flat)),
      context,
    );
    this.components = connected(open).map((part) => toComponent(part, context));
  }

  /** Undefined when no set of up to three fields of connected rules was found. */
  of(record: DataRecord, time: number): readonly FieldEdit[] | undefined {
    if (record.data === null || typeof record.data !== 'object' || Array.isArray(record.data)) return undefined;
    if (!allPass(this.closed, record, time)) return undefined;
    const edits: FieldEdit[] = [];
    for (const component of this.components) {
      if (allPass(component.checks, record, time)) continue;
      const found = solve(component, record, time);
      if (found === undefined) return undefined;
      edits.push(...found);
    }
    return edits.length === 0 ? undefined : edits;
  }
}

function solve({ checks, fields }: Component, record: DataRecord, time: number): readonly FieldEdit[] | undefined {
  const values = new Map(fields.map(({ name, slot }) => [name, slot.get(record)]));
  const choices = fields.map(({ name, hints, around }): Choice[] => {
    const beside = around.map((other) => values.get(other));
    return [...candidateValues(hints, { value: values.get(name), around: beside, time })].filter(
      (choice) => choice.value !== undefined || values.get(name) !== undefined,
    );
  });
  const found = leastChoice(choices, (chosen) => {
    const draft = record.edit();
    for (const [f, value] of chosen) {
      const { slot } = fields[f]!;
      if (value === undefined) slot.remove(draft);
      else slot.set(draft, value);
    }
    return allPass(checks, draft, time);
  });
  return found?.map(([f, value]): FieldEdit => {
    const field = fields[f]!.name;
    return value === undefined ? { field, remove: true } : { field, value };
  });
}

function allPass(checks: readonly Check[], record: DataRecord, time: number): boolean {
  for (const check of checks)
    if (applies(check.rule, record) && !passes(check, record, record.data, time)) return false;
  return true;
}

function toComponent(rules: readonly FlatRule[], context: RuleContext): Component {
  const names = [...new Set(rules.flatMap(fieldsOf))];
  const compared = new Set(rules.flatMap(comparedFields));
  const constants = compared.size === 0 ? [] : rules.flatMap(({ rule }) => constantsOf(rule));
  return {
    checks: compileRules(rules, context),
    fields: names.map((name) => {
      const reading = rules.filter((flat) => fieldsOf(flat).includes(name));
      const own = reading.filter(({ rule }) => rule.field === name).map(({ rule }) => rule);
      const literals = reading.flatMap(({ rule, when }) => expressionsOf(rule, when).flatMap(literalsOf));
      return {
        name,
        slot: context.field(name),
        hints: fieldHints(own, (file) => context.list(file), [...literals, ...(compared.has(name) ? constants : [])]),
        around: compared.has(name) ? [...compared].filter((other) => other !== name) : [],
      };
    }),
  };
}

/** Groups of rules that share fields, directly or through others. */
function connected(rules: readonly FlatRule[]): FlatRule[][] {
  const groups: { fields: Set<string>; rules: FlatRule[] }[] = [];
  for (const flat of rules) {
    const fields = fieldsOf(flat);
    const touched = groups.filter((group) => fields.some((field) => group.fields.has(field)));
    const merged = { fields: new Set(fields), rules: touched.flatMap((group) => group.rules) };
    for (const group of touched) {
      for (const field of group.fields) merged.fields.add(field);
      groups.splice(groups.indexOf(group), 1);
    }
    merged.rules.push(flat);
    groups.push(merged);
  }
  return groups.map((group) => group.rules);
}

function fieldsOf({ rule, when }: FlatRule): string[] {
  return [
    ...(rule.field === undefined ? [] : [rule.field]),
    ...[rule.oneOf, rule.anyOf, rule.allOrNone].flatMap((fields) => fields ?? []),
    ...boundFields(rule),
    ...expressionsOf(rule, when).flatMap((text) => celFields(text)),
  ];
}

/** Fields whose values are compared with each other: one may need what another has. */
function comparedFields({ rule }: FlatRule): string[] {
  const others = boundFields(rule);
  if (rule.field !== undefined && others.length > 0) others.push(rule.field);
  return rule.cel === undefined ? others : [...others, ...celFields(rule.cel)];
}

function expressionsOf(rule: RuleConfig, when: readonly string[]): readonly string[] {
  return rule.cel === undefined ? when : [...when, rule.cel];
}

function constantsOf(rule: RuleConfig): unknown[] {
  const bounds = [rule.min, rule.max, rule.above, rule.below, rule.before, rule.after, rule.equals];
  return [...bounds, ...(rule.between ?? [])].filter((bound) => bound !== undefined && typeof bound !== 'object');
}

function boundFields(rule: RuleConfig): string[] {
  const bounds = [rule.min, rule.max, rule.above, rule.below, rule.before, rule.after, rule.equals, rule.notEquals];
  return [...bounds, ...(rule.between ?? [])].flatMap((bound) => (typeof bound === 'object' ? [bound.field] : []));
}

/** Numbers and texts written in an expression. */
function literalsOf(text: string): unknown[] {
  const texts = [...text.matchAll(/"([^"\\]*)"|'([^'\\]*)'/g)].map(([, a, b]) => a ?? b);
  const rest = text.replace(/"[^"]*"|'[^']*'/g, ' ');
  const numbers = [...rest.matchAll(/(?<![\w.])-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
  return [...texts, ...numbers];
}
