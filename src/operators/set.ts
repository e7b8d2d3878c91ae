import { type Static, Type } from '@sinclair/typebox';
import type { Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import { compileCel } from '../kernels/cel/cel.ts';
import { celFields, celIssue } from '../kernels/cel/issue.ts';
import { countChanges } from '../kernels/clean/count-changes.ts';

const Setting = Type.Union([
  Type.Object(
    { cel: Type.String({ minLength: 1, description: 'CEL expression over `record`.' }) },
    { additionalProperties: false },
  ),
  Type.Object({ value: Type.Unknown({ description: 'Constant, any JSON value.' }) }, { additionalProperties: false }),
]);
const config = Type.Object(
  {
    fields: Type.Record(Type.String({ minLength: 1 }), Setting, {
      minProperties: 1,
      description: 'Field to `{ value: … }` or `{ cel: … }`. Expressions see the record as it came.',
    }),
  },
  { additionalProperties: false },
);
type SetConfig = Static<typeof config>;

/**
 * Sets fields to constants or to what expressions give.
 *
 * An expression that says nothing (null or missing operand, wrong type) leaves its field as it is. All expressions see
 * the record as it came. Cost: one expression a field; no state.
 * Example: `fields: { total: { cel: "record.a * record.b" } }` on `{a: 2, b: 3}` adds `total: 6`.
 * Source: CEL specification, langdef.
 */
export const set: Operator<SetConfig> = {
  name: 'set',
  summary: 'Set fields to constants or to what expressions give.',
  config,
  example: { fields: { source: { value: 'import' }, total: { cel: 'record.qty * record.price' } } },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'none',
  fields: (c) => ({
    reads: [...new Set(Object.values(c.fields).flatMap((s) => ('cel' in s ? celFields(s.cel) : [])))],
    writes: Object.keys(c.fields),
  }),
  validate: (c) =>
    Object.entries(c.fields).flatMap(([name, setting]) => {
      const issue = 'cel' in setting ? celIssue(setting.cel, ['fields', name, 'cel'], 'value') : undefined;
      return issue === undefined ? [] : [issue];
    }),
  create(c: SetConfig, deps: OperatorDeps): Kernel {
    const settings = Object.entries(c.fields).map(([name, setting]) => {
      const expression = 'cel' in setting ? compileCel(setting.cel) : undefined;
      const constant = 'value' in setting ? setting.value : undefined;
      return {
        slot: deps.field(name),
        value: (data: unknown) => (expression === undefined ? constant : expression.value(data)),
      };
    });
    return {
      process(records, _time, out) {
        let changed = 0;
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const record = records[i]!;
          let draft: DataRecord | undefined;
          for (const { slot, value } of settings) {
            const given = value(record.data);
            if (given === undefined || given === slot.get(record)) continue;
            draft ??= record.edit();
            slot.set(draft, given);
          }
          if (draft !== undefined) changed++;
          out.emit(0, draft ?? record);
        }
        countChanges(out, 'set', changed);
      },
    };
  },
};
