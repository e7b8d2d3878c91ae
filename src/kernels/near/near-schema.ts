import { type Static, Type } from '@sinclair/typebox';
import { COUNT_PATTERN, DURATION_PATTERN } from '../../core/units.ts';
import { LIKENESSES } from './likeness.ts';
import { DEFAULT_BLOCK_CAP, NEAR_KINDS } from './near-settings.ts';
import { SURVIVORSHIP_RULES } from './survivorship.ts';

const Field = (description: string) => Type.String({ minLength: 1, description });

const Key = Type.Union([
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

const Comparison = Type.Object(
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

const SurvivorshipConfig = Type.Object(
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

const Count = Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: COUNT_PATTERN })]);

/** `with:` of dedup-near. */
export const NearConfig = Type.Object(
  {
    kind: Type.Union(
      NEAR_KINDS.map((kind) => Type.Literal(kind)),
      { description: 'What the records are: chooses what is compared and from which similarity on.' },
    ),
    fields: Type.Array(Type.String({ minLength: 1 }), {
      description: 'Fields that are compared. Leave out ids.',
      minItems: 1,
      uniqueItems: true,
    }),
    keys: Type.Array(Key, {
      description:
        'Blocking keys: records that share one are candidates, beside those that share a rare word, or a band of a text.',
      default: [],
    }),
    compare: Type.Array(Comparison, {
      description:
        'Fields compared one by one, beside the words of `fields`, which count 1: the similarity is the mean of what both records have. Agreement counts the less the more records have the value.',
      default: [],
    }),
    threshold: Type.Optional(
      Type.Number({
        description: 'Similarity from which two records are near-duplicates. Default: by kind.',
        exclusiveMinimum: 0,
        maximum: 1,
      }),
    ),
    action: Type.Union([Type.Literal('flag'), Type.Literal('drop'), Type.Literal('merge')], {
      description:
        '`flag` passes near-duplicates on with a finding, `drop` sends them to the port `duplicates`, `merge` makes one golden record of each cluster.',
      default: 'flag',
    }),
    dropFrom: Type.Optional(
      Type.Number({
        description:
          'With `drop`: similarity from which a near-duplicate is sent off; one that is less alike passes with its finding. Default: .6 of records, .8 of texts, and the threshold where that is given, and of partners.',
        exclusiveMinimum: 0,
        maximum: 1,
      }),
    ),
    related: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1 }), Type.Literal('off')], {
        description:
          'Similarity from which a record that is no near-duplicate gets the finding `near-related`. Default: .5 of texts, else off.',
      }),
    ),
    survivorship: Type.Optional(SurvivorshipConfig),
    grace: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        description:
          'With `merge`: stream time a changed cluster waits for more records before it is given; 1m when the input has a clock. The end of a file gives all.',
      }),
    ),
    into: Type.Optional(Field('Field that takes the id of the cluster.')),
    link: Type.Optional(
      Type.Object(
        {
          source: Field('Field that names the list a record is from; only records of different lists are compared.'),
          oneToOne: Type.Boolean({
            description: 'Each list is free of duplicates: a record has at most one partner.',
            default: true,
          }),
        },
        { additionalProperties: false, description: 'Match lists with each other.' },
      ),
    ),
    window: Type.Union(
      [
        Type.String({ pattern: DURATION_PATTERN }),
        Type.Object({ records: Count }, { additionalProperties: false }),
        Type.Literal('all'),
      ],
      {
        description: 'How long a record is compared with: a duration of stream time, a number of records, or `all`.',
        default: 'all',
      },
    ),
    blockCap: Type.Integer({
      description: 'Most records that share a word, or a band of a text, and are candidates; the oldest leave.',
      minimum: 1,
      default: DEFAULT_BLOCK_CAP,
    }),
    scope: Type.Optional(
      Type.Union([Type.Literal('partition'), Type.Literal('topic')], {
        description:
          '`partition` misses near-duplicates in other partitions; `topic` compares all records, in one process.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type NearConfig = Static<typeof NearConfig>;
export type KeyConfig = Static<typeof Key>;
export type ComparisonConfig = Static<typeof Comparison>;
