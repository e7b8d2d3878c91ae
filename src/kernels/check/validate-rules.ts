import { messageOf } from '../../core/errors.ts';
import type { ConfigIssue } from '../../core/operator.ts';
import { hyphenMistakes } from '../cel/cel.ts';
import { celIssue } from '../cel/issue.ts';
import { parseBound } from './bounds.ts';
import { checksOf, type FlatRule, flattenRules, MAX_GROUP_DEPTH, ruleName } from './compile-rules.ts';
import { exampleIssues } from './examples.ts';
import { compileSchema } from './json-schema.ts';
import { linearPattern } from './linear-pattern.ts';
import { type BoundConfig, FIELD_CHECKS, RECORD_CHECKS, type RuleConfig } from './rule-schema.ts';

type Path = readonly (string | number)[];

const BOUNDS = ['min', 'max', 'above', 'below', 'before', 'after'] as const;
const ALL_CHECKS = [...FIELD_CHECKS, ...RECORD_CHECKS];

/** What the schema cannot say of a list of rules; paths start with `rules` or what `base` says. */
export function validateRules(rules: readonly RuleConfig[], base: Path = ['rules']): ConfigIssue[] {
  const flat = flattenRules(rules, base);
  const issues = flat.flatMap((entry) => ruleIssues(entry));
  const fields = new Set(flat.flatMap(({ rule }) => (rule.field === undefined ? [] : [rule.field])));
  for (const { rule, path } of flat) {
    for (const key of ['cel', 'when'] as const) {
      for (const field of hyphenMistakes(rule[key] ?? '', fields)) {
        const at = [...path, key];
        const wrong = issues.findIndex((issue) => issue.path.join() === at.join());
        const level = wrong < 0 ? 'warn' : 'error';
        const message = `record.${field} reads as a subtraction; write record["${field}"]`;
        issues.splice(wrong < 0 ? issues.length : wrong, wrong < 0 ? 0 : 1, {
          path: at,
          level,
          code: 'cel-hyphen',
          message,
        });
      }
    }
  }
  return once([...issues, ...duplicateNames(flat)]);
}

/** The condition of a group is judged with each of its rules, and reported once. */
function once(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const key = `${issue.path.join('/')} ${issue.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function ruleIssues({ rule, path, when }: FlatRule): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const error = (at: Path, code: string, message: string) =>
    issues.push({ path: [...path, ...at], level: 'error', code, message });
  const kinds = checksOf(rule);
  if (Array.isArray(rule.rules)) {
    error(['rules'], 'rule-depth', `groups of rules nest at most ${MAX_GROUP_DEPTH} deep`);
    return issues;
  }
  if (kinds.length === 0)
    error([], 'rule-without-check', `the rule says nothing to check; add one of ${ALL_CHECKS.join(', ')}`);
  const needField = kinds.find((kind) => FIELD_CHECKS.includes(kind));
  if (needField !== undefined && rule.field === undefined)
    error([], 'rule-without-field', `'${needField}' looks at a field; add field: name`);
  if (rule.cel !== undefined && rule.name === undefined)
    error([], 'cel-without-name', "a rule with 'cel' has no default name; add name: what-must-hold");
  if (rule.required === false)
    error(
      ['required'],
      'required-false',
      'required: false checks nothing; leave it out (a missing field passes every other check)',
    );
  issues.push(...expressionIssues(rule, path, when), ...valueIssues(rule, path));
  if (issues.every((issue) => issue.level !== 'error')) issues.push(...exampleIssues(rule, path));
  return issues;
}

function expressionIssues(rule: RuleConfig, path: Path, when: readonly string[]): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const key of ['cel', 'when'] as const) {
    const text = rule[key];
    const issue = text === undefined ? undefined : celIssue(text, [...path, key]);
    if (issue !== undefined) issues.push(issue);
  }
  for (const text of when) {
    if (text === rule.when) continue;
    const issue = celIssue(text, [...path.slice(0, -2), 'when']);
    if (issue !== undefined) issues.push(issue);
  }
  return issues;
}

function valueIssues(rule: RuleConfig, path: Path): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const error = (at: Path, code: string, message: string) =>
    issues.push({ path: [...path, ...at], level: 'error', code, message });
  const bound = (at: Path, value: BoundConfig, datesOnly: boolean) => {
    const parsed = parseBound(value);
    if (typeof parsed === 'string') error(at, 'bound', parsed);
    else if (datesOnly && parsed.kind === 'number')
      error(at, 'bound', `${String(value)} is no date; write 2012-12-31, a date-time, { field: name } or now-1d`);
    return parsed;
  };
  for (const key of BOUNDS) if (rule[key] !== undefined) bound([key], rule[key], key === 'before' || key === 'after');
  if (rule.between !== undefined) {
    const [low, high] = rule.between.map((value, i) => bound(['between', i], value, false));
    if (typeof low === 'object' && typeof high === 'object' && low.kind !== 'field' && high.kind !== 'field') {
      if (low.kind === high.kind && low.value > high.value)
        error(
          ['between'],
          'empty-range',
          `nothing lies between ${rule.between.join(' and ')}; write the lower one first`,
        );
      if ((low.kind === 'number') !== (high.kind === 'number'))
        error(
          ['between'],
          'mixed-range',
          'one bound is a number and the other a date, no value can be between; write both alike',
        );
    }
  }
  if (rule.length !== undefined && (rule.length.min ?? 0) > (rule.length.max ?? Number.POSITIVE_INFINITY))
    error(['length'], 'empty-range', `length: min ${rule.length.min} is above max ${rule.length.max}`);
  for (const key of ['pattern', 'notPattern'] as const) {
    const problem = rule[key] === undefined ? undefined : problemOf(() => linearPattern(rule[key]!));
    if (problem !== undefined) error([key], 'pattern', problem);
  }
  if (typeof rule.schema === 'object') {
    const problem = problemOf(() => compileSchema(rule.schema));
    if (problem !== undefined) error(['schema'], 'json-schema', problem);
  }
  return issues;
}

export function problemOf(fn: () => unknown): string | undefined {
  try {
    fn();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** One name for rules of different fields would make one figure of two. */
function duplicateNames(flat: readonly FlatRule[]): ConfigIssue[] {
  const seen = new Map<string, number>();
  const issues: ConfigIssue[] = [];
  flat.forEach(({ rule, path }, index) => {
    for (const kind of checksOf(rule)) {
      const name = ruleName(rule, kind);
      const before = seen.get(name);
      if (before !== undefined && before !== index && rule.name !== undefined)
        issues.push({
          path: [...path, 'name'],
          level: 'warn',
          code: 'rule-name-twice',
          message: `two rules are called '${name}', their figures are added up; give each a name of its own`,
        });
      seen.set(name, index);
    }
  });
  return issues;
}
