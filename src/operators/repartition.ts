import { type Static, Type } from '@sinclair/typebox';
import type { FieldSlot } from '../core/field.ts';
import type { Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import { canonicalJson } from '../kernels/canonical-json/canonical-json.ts';

const config = Type.Object(
  {
    key: Type.Array(Type.String({ minLength: 1 }), {
      description: 'Fields of the new key: records that agree in them meet in one partition of the next stage.',
      minItems: 1,
    }),
    partitions: Type.Optional(
      Type.Integer({ description: 'Partitions of the internal topic; default: as many as the input has.', minimum: 1 }),
    ),
  },
  { additionalProperties: false },
);
type RepartitionConfig = Static<typeof config>;

/**
 * Ends a stage: records go to an internal topic by a new key.
 *
 * One field gives the text of its value in UTF-8 (null or missing: no key), several a JSON array of their values
 * (RFC 8785). Cost: one key a record; no state. Example: `key: [item]` on `{item: "i0"}` gives the key `i0`.
 * Source: RFC 8785.
 */
export const repartition: Operator<RepartitionConfig> = {
  name: 'repartition',
  summary: 'Bring records that share a key together: ends a stage, the next one reads by that key.',
  config,
  example: { key: ['item'] },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'none',
  fields: (c) => ({ reads: c.key }),
  validate: (c) =>
    c.key.flatMap((field, i) =>
      field.includes('[]')
        ? [
            {
              path: ['key', i],
              level: 'error' as const,
              code: 'key-many',
              message: `'${field}' may be many values; name a field with one`,
            },
          ]
        : [],
    ),
  create(c: RepartitionConfig, deps: OperatorDeps): Kernel {
    const slots = c.key.map((field) => deps.field(field));
    const encoder = new TextEncoder();
    return {
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const record = records[i]!;
          const text = keyText(record, slots);
          out.emit(0, record.leaving({ key: text === undefined ? null : encoder.encode(text) }));
        }
      },
    };
  },
};

/** The key of a record as text; undefined when its only field is null or missing. */
function keyText(record: DataRecord, slots: readonly FieldSlot[]): string | undefined {
  if (slots.length > 1) return canonicalJson(slots.map((slot) => slot.get(record) ?? null));
  const value = slots[0]!.get(record);
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : canonicalJson(value);
}
