import { type Static, Type } from '@sinclair/typebox';
import type { Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';

const config = Type.Object(
  {
    fields: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'Top-level fields that stay; every other is taken out.',
    }),
  },
  { additionalProperties: false },
);
type KeepFieldsConfig = Static<typeof config>;

/**
 * Keeps the named top-level fields and takes out all others; what is no map passes as it is.
 *
 * Cost: one look a field of the record; no state. Example: `fields: [a]` on `{a: 1, b: 2}` gives `{a: 1}`.
 * Source: projection, Codd 1970.
 */
export const keepFields: Operator<KeepFieldsConfig> = {
  name: 'keep-fields',
  summary: 'Keep the named fields and take out all others.',
  config,
  example: { fields: ['id', 'name'] },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'none',
  fields: (c) => ({ reads: c.fields }),
  validate: (c) =>
    c.fields.flatMap((field, i) =>
      /[[\]]|^\//.test(field)
        ? [
            {
              path: ['fields', i],
              level: 'error' as const,
              code: 'keep-path',
              message: `'${field}' is a path; name top-level fields, and use drop-fields inside them`,
            },
          ]
        : [],
    ),
  create(c: KeepFieldsConfig, _deps: OperatorDeps): Kernel {
    const kept = new Set(c.fields);
    return {
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const record = records[i]!;
          const { data } = record;
          let draft: DataRecord | undefined;
          if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
            for (const name of Object.keys(data)) {
              if (kept.has(name)) continue;
              draft ??= record.edit();
              draft.patch([name], undefined);
            }
          }
          out.emit(0, draft ?? record);
        }
      },
    };
  },
};
