import { type Static, Type } from '@sinclair/typebox';
import { hash32, mix32, uniform } from '../core/hash.ts';
import type { Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import { canonicalJson } from '../kernels/canonical-json/canonical-json.ts';

const config = Type.Object(
  {
    ratio: Type.Number({ minimum: 0, maximum: 1, description: 'Share of records that stay, 0 to 1.' }),
    by: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'Fields that decide together: records that agree in them stay or go as one. Default: each record for itself.',
      }),
    ),
    seed: Type.Optional(Type.Integer({ description: 'Another seed, another choice; default from the topology.' })),
  },
  { additionalProperties: false },
);
type SampleConfig = Static<typeof config>;

/**
 * Keeps a share of the records, the same ones on every run; the rest leaves by the port `dropped`.
 *
 * Idea: a hash of seed and key, or of seed, topic, partition and offset, is uniform in (0, 1); below the ratio stays.
 * So the sample of ratio .1 is part of the one of ratio .2. Cost: one hash a record; no state.
 * Example: `ratio: 1` keeps everything, `ratio: 0` nothing.
 * Source: coordinated sampling, Brewer, Early & Joyce 1972.
 */
export const sample: Operator<SampleConfig> = {
  name: 'sample',
  summary: 'Keep a share of the records, by record or by key, the same on every run.',
  config,
  example: { ratio: 0.1, by: ['user'] },
  ports: () => [
    { name: 'out', fate: 'pass' },
    { name: 'dropped', fate: 'dropped' },
  ],
  scope: () => 'none',
  fields: (c) => ({ reads: c.by ?? [] }),
  create(c: SampleConfig, deps: OperatorDeps): Kernel {
    const slots = c.by?.map((field) => deps.field(field));
    const seed = c.seed === undefined ? deps.seed : mix32(deps.seed ^ mix32(c.seed));
    const draw = (record: DataRecord): number => {
      if (slots === undefined) return uniform(seed, ...place(record));
      return uniform(seed, hash32(canonicalJson(slots.map((slot) => slot.get(record) ?? null)), seed));
    };
    return {
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          out.emit(draw(records[i]!) < c.ratio ? 0 : 1, records[i]!);
        }
      },
    };
  },
};

/** Words that name a record for good: where it came from. */
function place(record: DataRecord): readonly number[] {
  const { source, offset, index } = record;
  return [hash32(source.topic), source.partition, offset >>> 0, Math.floor(offset / 2 ** 32), index];
}
