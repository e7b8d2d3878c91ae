import { type Static, Type } from '@sinclair/typebox';
import type { Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { celFields, celIssue } from '../kernels/cel/issue.ts';
import { celWork, type SharedCondition, sharedCondition } from '../kernels/cel/shared.ts';

const config = Type.Object(
  {
    where: Type.String({ description: 'CEL expression over `record`: what is true stays.', minLength: 1 }),
    unknown: Type.Union([Type.Literal('drop'), Type.Literal('keep')], {
      description:
        'What becomes of a record of which the expression says nothing: a field is null, missing or of the wrong type.',
      default: 'drop',
    }),
  },
  { additionalProperties: false },
);
type FilterConfig = Static<typeof config>;

const OUT = 0;
const DROPPED = 1;

/**
 * Lets pass what a condition holds for; the rest leaves by the port `dropped`.
 *
 * Cost: one expression a record; no state. Example: `where: "record.qty > 0"` on `{qty: 0}` gives port `dropped`.
 * Source: CEL specification, langdef.
 */
export const filter: Operator<FilterConfig> = {
  name: 'filter',
  summary: 'Keep the records a condition holds for.',
  config,
  example: { where: 'record.qty > 0' },
  ports: () => [
    { name: 'out', fate: 'pass' },
    { name: 'dropped', fate: 'dropped' },
  ],
  scope: () => 'none',
  fields: (c) => ({ reads: celFields(c.where) }),
  work: (c) => celWork([c.where]),
  validate(c) {
    const issue = celIssue(c.where, ['where']);
    return issue === undefined ? [] : [issue];
  },
  create: (c: FilterConfig, { shared }: OperatorDeps): Kernel =>
    filterKernel(sharedCondition(c.where, shared), c.unknown === 'keep'),
};

function filterKernel(condition: SharedCondition, keepUnknown: boolean): Kernel {
  return {
    process(records, _time, out) {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        const record = records[i]!;
        const verdict = condition.test(record);
        out.emit(verdict === true || (keepUnknown && verdict !== false) ? OUT : DROPPED, record);
      }
    },
  };
}
