import { type Static, Type } from '@sinclair/typebox';
import type { Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';

const config = Type.Object(
  {
    fields: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'Fields to take out.' }),
  },
  { additionalProperties: false },
);
type DropFieldsConfig = Static<typeof config>;

/**
 * Takes fields out of records; a record that has none of them leaves as the same object.
 *
 * Cost: one look a field; no state. Example: `fields: [debug]` on `{a: 1, debug: 2}` gives `{a: 1}`.
 * Source: projection, Codd 1970.
 */
export const dropFields: Operator<DropFieldsConfig> = {
  name: 'drop-fields',
  summary: 'Take fields out of records.',
  config,
  example: { fields: ['debug', 'internal.note'] },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'none',
  fields: (c) => ({ reads: [], writes: c.fields }),
  create(c: DropFieldsConfig, deps: OperatorDeps): Kernel {
    const slots = c.fields.map((field) => deps.field(field));
    return {
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const record = records[i]!;
          let draft: DataRecord | undefined;
          for (const slot of slots) {
            const found = slot.get(draft ?? record);
            if (found === undefined || (slot.many && (found as readonly unknown[]).length === 0)) continue; // many gives a list
            draft ??= record.edit();
            slot.remove(draft);
          }
          out.emit(0, draft ?? record);
        }
      },
    };
  },
};
