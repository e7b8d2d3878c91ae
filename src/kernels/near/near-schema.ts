import { Type } from '@sinclair/typebox';
import { DURATION_PATTERN } from '../../core/units.ts';
import { LIKENESSES } from './likeness.ts';
import { SURVIVORSHIP_RULES } from './survivorship.ts';

export const Field = (description: string) => Type.String({ minLength: 1, description });

export const Key = Type.Union([
  Field('A field whose whole text is a key.'),
  Type.Object(
    {
      fields: Type.Array(Type.String({ minLength: 1 }), {
        description: 'Fields that are one key together.',
        minItems: 1,
        uniqueItems: true,
      }),
      first: Type.Optional(
        Type.Integer({ minimum: 1, description: 'First characters of each that count. Default: all.' }),
      ),
    },
    { additionalProperties: false },
  ),
]);

export const Comparison = Type.Object(
  {
    field: Field('Field that is compared; left out where one of the two is empty.'),
    by: Type.Union(
      LIKENESSES.map((likeness) => Type.Literal(likeness)),
      {
        description:
          '`exact`: equal or not. `number`, `date`: by the distance. `edit`: by the share of characters edited. `jaro-winkler`: for names. `trigrams`: by the 3-grams shared.',
      },
    ),
    within: Type.Optional(
      Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: DURATION_PATTERN })], {
        description:
          'Of numbers, and of dates as in `30d`: the distance at which they are half alike; at twice that they are not at all.',
      }),
    ),
    weight: Type.Number({
      exclusiveMinimum: 0,
      description: 'What the field counts, the words counting 1.',
      default: 1,
    }),
  },
  { additionalProperties: false },
);

const Rule = (options: object) =>
  Type.Union(
    SURVIVORSHIP_RULES.map((rule) => Type.Literal(rule)),
    options,
  );

export const SurvivorshipConfig = Type.Object(
  {
    default: Rule({
      description:
        '`most-complete`: from the record with most fields filled, of those the one that says most. `newest`: from the record with the latest time. `source-priority`: from the source named first in `sources`.',
      default: 'most-complete',
    }),
    fields: Type.Record(Type.String({ minLength: 1 }), Rule({}), {
      description: 'Rules of single top-level fields.',
      default: {},
    }),
    source: Type.Optional(Field('Field that names who a record is from.')),
    sources: Type.Array(Type.Union([Type.String(), Type.Number()]), {
      description: 'Sources, the best first; those not named come last.',
      default: [],
    }),
  },
  {
    additionalProperties: false,
    description: 'With `merge`: which value of each field survives; a filled one always beats an empty one.',
  },
);
