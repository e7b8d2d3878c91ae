import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator } from '../core/operator.ts';
import { celFields, celIssue } from '../kernels/cel/issue.ts';
import { celWork, sharedCondition } from '../kernels/cel/shared.ts';
import { LabelKernel } from '../kernels/label-model/label-kernel.ts';
import type { Scalar } from '../kernels/vote/ballots.ts';

const Config = Type.Object(
  {
    rules: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, description: 'Name of the rule in records and events.' }),
          when: Type.String({ minLength: 1, description: 'CEL over `record`: where it is true the rule speaks.' }),
          label: Type.Union([Type.String({ minLength: 1 }), Type.Number(), Type.Boolean()], {
            description: 'What the rule then says.',
          }),
        },
        { additionalProperties: false },
      ),
      {
        minItems: 1,
        maxItems: 200,
        description: 'Rules that vote on a record or stay silent; none needs to be right always.',
      },
    ),
    into: Type.String({
      minLength: 1,
      description: 'Field that gets `{label, confidence, rules}`: the label, its probability and the rules that spoke.',
      default: '_label',
    }),
    minConfidence: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Less sure than this: the label is null and the record leaves by `undecided`.',
      default: 0,
    }),
    feedback: Type.Optional(
      Type.Object(
        {
          input: Type.String({ minLength: 1, description: 'Name of the input with verdicts of people.' }),
          label: Type.String({ minLength: 1, description: 'Field with the true label.', default: 'label' }),
          id: Type.String({
            minLength: 1,
            description: 'Field that names the verdict: one that comes again changes nothing.',
            default: 'id',
          }),
        },
        {
          additionalProperties: false,
          description:
            'Records of this input carry the fields the rules read and the true label; they correct the rules.',
        },
      ),
    ),
    reportEvery: Type.Integer({
      minimum: 0,
      description: 'Records between two rounds of `rule.report` events; 0: at the end alone.',
      default: 100_000,
    }),
  },
  { additionalProperties: false },
);

export type LabelConfig = Static<typeof Config>;

/**
 * Labels from many weak rules: what rules say of each other tells how far each is to be believed.
 * Records pass with the label added; a tie, silence or too little confidence leaves by `undecided`.
 */
export const label: Operator<LabelConfig> = {
  name: 'label',
  summary: 'Labels records by rules that vote, each weighted by what its agreement with the others says of it.',
  config: Config,
  example: {
    rules: [
      { name: 'has-link', when: 'record.text.contains("http")', label: 'spam' },
      { name: 'long', when: 'size(record.text) > 200', label: 'ham' },
    ],
  },
  ports: () => [
    { name: 'out', fate: 'pass' },
    { name: 'undecided', fate: 'pass' },
    { name: 'rejected', fate: 'quarantined' },
  ],
  scope: () => 'partition',
  fields: (config) => ({
    reads: [...new Set(config.rules.flatMap(({ when }) => celFields(when)))],
    writes: [config.into ?? '_label'],
  }),
  work: (config) => celWork(config.rules.map(({ when }) => when)),
  validate,
  create(config, deps): Kernel {
    const labels: Scalar[] = [...new Set(config.rules.map((rule) => rule.label))];
    const { feedback } = config;
    return new LabelKernel(
      {
        rules: config.rules.map((rule) => ({
          name: rule.name,
          when: sharedCondition(rule.when, deps.shared),
          label: labels.indexOf(rule.label),
        })),
        labels,
        into: deps.field(config.into ?? '_label'),
        minConfidence: config.minConfidence ?? 0,
        reportEvery: config.reportEvery ?? 100_000,
        feedback:
          feedback === undefined
            ? undefined
            : {
                input: feedback.input,
                label: deps.field(feedback.label ?? 'label'),
                id: deps.field(feedback.id ?? 'id'),
              },
      },
      deps,
    );
  },
};

function validate(config: LabelConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const names = new Set<string>();
  for (const [r, rule] of config.rules.entries()) {
    const issue = celIssue(rule.when, ['rules', r, 'when']);
    if (issue !== undefined) issues.push(issue);
    if (names.has(rule.name))
      issues.push({
        path: ['rules', r, 'name'],
        code: 'label-rule-twice',
        message: `two rules are called '${rule.name}': give each a name of its own`,
        level: 'error',
      });
    names.add(rule.name);
  }
  if (new Set(config.rules.map((rule) => rule.label)).size < 2)
    issues.push({
      path: ['rules'],
      code: 'label-one-label',
      message: 'all rules say the same label: with one label there is nothing to learn, add a rule for another one',
      level: 'warn',
    });
  return issues;
}
