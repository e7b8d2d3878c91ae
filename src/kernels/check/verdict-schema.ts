import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue } from '../../core/operator.ts';
import { DEFAULT_THRESHOLDS } from '../label-model/verdict.ts';

const Ratio = (description: string, value: number) =>
  Type.Number({ minimum: 0, maximum: 1, description, default: value });

/** How the rules of a check decide together. */
export const verdictKeys = {
  verdict: Type.Optional(
    Type.Union([Type.Literal('any-error'), Type.Literal('majority'), Type.Literal('label-model')], {
      description:
        '`any-error`: one failed rule quarantines. `majority`: rules vote, a tie leaves by `review`. `label-model`: the same, each rule weighted by what its agreement with the others says of it. A rule abstains where its `when` is not true or its value is null or missing; warnings and shadow rules never vote.',
      default: 'any-error',
    }),
  ),
  thresholds: Type.Optional(
    Type.Object(
      {
        accept: Ratio('P(valid) from here on is curated.', DEFAULT_THRESHOLDS.accept),
        reject: Ratio('P(valid) up to here is quarantined; between the two the record leaves by `review`.', 0.2),
      },
      { additionalProperties: false, description: 'For `verdict: label-model`.' },
    ),
  ),
  into: Type.Optional(
    Type.String({ minLength: 1, description: 'Field that gets P(valid); for `verdict: label-model`.' }),
  ),
  feedback: Type.Optional(
    Type.Object(
      {
        input: Type.String({ minLength: 1, description: 'Name of the input with verdicts of people.' }),
        valid: Type.String({ minLength: 1, description: 'Field that is true or false.', default: 'valid' }),
        id: Type.String({
          minLength: 1,
          description: 'Field that names the verdict: one that comes again changes nothing.',
          default: 'id',
        }),
        record: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Field with the judged record; left out: the verdict itself carries its fields.',
          }),
        ),
      },
      {
        additionalProperties: false,
        description:
          'Records of this input confirm or overturn: they tell how often each rule is right, in `rule.report` and `sluice_rule_precision`.',
      },
    ),
  ),
  reportEvery: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'Records between two rounds of `rule.report` events; 0: at the end alone.',
      default: 100_000,
    }),
  ),
};

const Keys = Type.Object(verdictKeys);
export type VerdictConfig = Static<typeof Keys>;

/** The label model compares every pair of rules. */
export const MAX_VOTING_RULES = 200;

export function verdictIssues({ verdict, thresholds, into }: VerdictConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { accept, reject } = { ...DEFAULT_THRESHOLDS, ...thresholds };
  if (reject > accept)
    issues.push({
      path: ['thresholds', 'reject'],
      level: 'error',
      code: 'thresholds-crossed',
      message: `found reject ${reject} above accept ${accept}; reject must not be above accept`,
    });
  if (verdict === 'label-model') return issues;
  for (const [key, found] of Object.entries({ thresholds, into }))
    if (found !== undefined)
      issues.push({
        path: [key],
        level: 'error',
        code: 'verdict-without-model',
        message: `\`${key}\` is about P(valid), which only \`verdict: label-model\` gives`,
      });
  return issues;
}
