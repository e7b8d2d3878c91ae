import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ConfigError } from '../core/errors.ts';
import type { ConfigIssue, FieldUse, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { celFields } from '../kernels/cel/issue.ts';
import { checkKernel } from '../kernels/check/check-kernel.ts';
import { checkWork } from '../kernels/check/check-work.ts';
import {
  checksOf,
  compileRules,
  type FlatRule,
  flattenRules,
  type RuleContext,
  ruleName,
} from '../kernels/check/compile-rules.ts';
import { LeastEdits } from '../kernels/check/least-edit/hints.ts';
import { parseList, parseRuleSet, parseSchemaFile, wrongFile } from '../kernels/check/rule-files.ts';
import { Rule, type RuleConfig } from '../kernels/check/rule-schema.ts';
import { validateRules } from '../kernels/check/validate-rules.ts';
import { VerdictKernel, type VerdictSettings } from '../kernels/check/verdict-kernel.ts';
import { MAX_VOTING_RULES, verdictIssues, verdictKeys } from '../kernels/check/verdict-schema.ts';
import { DEFAULT_THRESHOLDS } from '../kernels/label-model/verdict.ts';

const config = Type.Object(
  {
    rules: Type.Optional(
      Type.Array(Rule, { description: 'What must hold of a record; all rules that fail are reported.' }),
    ),
    ruleSet: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'File with `version` and further `rules`, below the folder of the topology. They come after those here.',
      }),
    ),
    suggest: Type.Optional(
      Type.Boolean({
        description:
          'Rejected records carry the finding `least-edit`: the fewest field changes with which they would pass all rules here. Default false.',
      }),
    ),
    ...verdictKeys,
  },
  { additionalProperties: false },
);
type CheckConfig = Static<typeof config> & { readonly rules?: readonly RuleConfig[] };

/**
 * Judges records by rules: a record that fails a rule of severity `error` leaves by the port `rejected` with every
 * finding; warnings and infos go along with the record. With `verdict: majority` or `label-model` rules vote instead,
 * and a record they cannot agree on leaves by `review`.
 *
 * Null or missing: only `required` and the *-of checks fail on it. A wrong type fails. Bounds are constants,
 * `{ field: x }`, or `now-1d` (now = stream time). Cost: 4 to 10 ns a check; no state unless
 * a model learns or people give verdicts.
 * Example: `{ field: qty, between: [0, 10] }` on `{qty: 12}` gives port `rejected` with the finding `qty.between`.
 * Source: METHODS 7.
 */
export const check: Operator<CheckConfig> = {
  name: 'check',
  summary: 'Judge records by rules: reject what is wrong, note what is doubtful.',
  config,
  example: {
    rules: [
      { field: 'id', required: true },
      { field: 'qty', between: [0, 1000] },
      { name: 'paid', cel: 'record.paid >= record.due', when: 'record.status == "closed"', severity: 'warn' },
    ],
  },
  ports: (c) => [
    { name: 'out', fate: 'pass' },
    { name: 'rejected', fate: 'quarantined' },
    ...(votes(c) ? [{ name: 'review', fate: 'pass' as const }] : []),
  ],
  scope: (c) => (c.verdict === 'label-model' || c.feedback !== undefined ? 'partition' : 'none'),
  fields: (c) => ({
    ...fieldsOf(flattenRules(rulesOf(c))),
    ...(c.into === undefined ? {} : { writes: [c.into] }),
  }),
  rules: (c) => flattenRules(rulesOf(c)).flatMap(({ rule }) => checksOf(rule).map((kind) => ruleName(rule, kind))),
  work: (c) => checkWork(flattenRules(rulesOf(c))),
  validate(c) {
    if (c.rules === undefined && c.ruleSet === undefined)
      return [{ path: [], level: 'error', code: 'no-rules', message: 'a check needs rules: [...] or ruleSet: file' }];
    return [...validateRules(rulesOf(c)), ...verdictIssues(c), ...suggestIssues(c)];
  },
  async create(c: CheckConfig, deps: OperatorDeps): Promise<Kernel> {
    const flat = [...flattenRules(rulesOf(c)), ...(await readRuleSet(c.ruleSet, deps))];
    const context = await readContext(flat, deps);
    const checks = compileRules(flat, context);
    if (!votes(c) && c.feedback === undefined)
      return checkKernel(checks, { edits: c.suggest === true ? new LeastEdits(flat, context) : undefined });
    if (flat.length > MAX_VOTING_RULES)
      throw new ConfigError(`found ${flat.length} rules in a check that votes; at most ${MAX_VOTING_RULES}`, {
        code: 'too-many-voting-rules',
      });
    return new VerdictKernel(checks, toSettings(c, deps), deps);
  },
};

function suggestIssues(c: CheckConfig): readonly ConfigIssue[] {
  if (c.suggest !== true || (!votes(c) && c.feedback === undefined)) return [];
  const message = '`suggest` is for checks in which one failed rule rejects: take `verdict` and `feedback` out';
  return [{ path: ['suggest'], level: 'error', code: 'suggest-with-verdict', message }];
}

function votes({ verdict = 'any-error' }: CheckConfig): boolean {
  return verdict !== 'any-error';
}

function toSettings(c: CheckConfig, deps: OperatorDeps): VerdictSettings {
  const { feedback } = c;
  return {
    verdict: c.verdict ?? 'any-error',
    thresholds: { ...DEFAULT_THRESHOLDS, ...c.thresholds },
    into: c.into === undefined ? undefined : deps.field(c.into),
    feedback:
      feedback === undefined
        ? undefined
        : {
            input: feedback.input,
            valid: deps.field(feedback.valid ?? 'valid'),
            id: deps.field(feedback.id ?? 'id'),
            record: feedback.record === undefined ? undefined : deps.field(feedback.record),
          },
    reportEvery: c.reportEvery ?? 100_000,
  };
}

function rulesOf(c: CheckConfig): readonly RuleConfig[] {
  return c.rules ?? [];
}

function fieldsOf(flat: readonly FlatRule[]): FieldUse {
  const reads = new Set<string>();
  for (const { rule, when } of flat) {
    if (rule.field !== undefined) reads.add(rule.field);
    for (const list of [rule.oneOf, rule.anyOf, rule.allOrNone]) for (const field of list ?? []) reads.add(field);
    const bounds = [rule.min, rule.max, rule.above, rule.below, rule.before, rule.after, rule.equals, rule.notEquals];
    for (const bound of [...bounds, ...(rule.between ?? [])]) if (typeof bound === 'object') reads.add(bound.field);
    for (const text of [...when, ...(rule.cel === undefined ? [] : [rule.cel])])
      for (const field of celFields(text)) reads.add(field);
  }
  return { reads: [...reads] };
}

/** The rules of the file, judged like those of the topology. */
async function readRuleSet(file: string | undefined, deps: OperatorDeps): Promise<FlatRule[]> {
  if (file === undefined) return [];
  const set = parseRuleSet(await deps.readFile(file), file);
  const wrong = Value.Errors(Type.Array(Rule), set.rules).First();
  if (wrong !== undefined) throw wrongFile(file, `rules${wrong.path.replaceAll('/', '.')}: ${wrong.message}`);
  const issue = validateRules(set.rules).find(({ level }) => level === 'error');
  if (issue !== undefined) throw wrongFile(file, `${issue.path.join('.')}: ${issue.message}`);
  return flattenRules(set.rules);
}

/** Files are read before rules are compiled, each once. */
async function readContext(flat: readonly FlatRule[], deps: OperatorDeps): Promise<RuleContext> {
  const lists = new Map<string, ReadonlySet<unknown>>();
  const schemas = new Map<string, unknown>();
  for (const { rule } of flat) {
    for (const list of [rule.in, rule.notIn])
      if (list !== undefined && !Array.isArray(list) && !lists.has(list.file))
        lists.set(list.file, parseList(await deps.readFile(list.file), list.file));
    if (typeof rule.schema === 'string' && !schemas.has(rule.schema))
      schemas.set(rule.schema, parseSchemaFile(await deps.readFile(rule.schema), rule.schema));
  }
  return {
    field: (text) => deps.field(text),
    redacted: (field) => deps.redacted(field),
    list: (file) => lists.get(file) ?? new Set(),
    schema: (file) => schemas.get(file),
    shared: deps.shared,
  };
}
