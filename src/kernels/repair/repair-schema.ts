import { type Static, Type } from '@sinclair/typebox';
import { COUNT_PATTERN, DURATION_PATTERN } from '../../core/units.ts';
import { NUMBER_METHODS } from './imputer.ts';
import { DEFAULT_BOUNDS } from './judge.ts';

/** Enough for a group to have support before its first record leaves. */
export const DEFAULT_GRACE_RECORDS = 1_000;

export const IMPUTE_METHODS = [...NUMBER_METHODS, 'mode'] as const;
/** The last value is worse than the mean after a few steps (METHODS 7.4). */
export const DEFAULT_LIMIT = 3;
/** Each method has a gate of its own: length of the gap, correlation, gain over the mean. */
export const DEFAULT_IMPUTE_BOUND = 0;

const Field = Type.String({ minLength: 1 });
const Fields = (description: string) => Type.Array(Field, { minItems: 1, uniqueItems: true, description });
const Ratio = (description: string, value: number) =>
  Type.Number({ minimum: 0, maximum: 1, description, default: value });

const Dependency = Type.Union([
  Type.String({
    minLength: 4,
    description: 'As in `ZipCode -> City`; several fields of a side are separated by commas.',
  }),
  Type.Object(
    {
      from: Type.Union([Field, Fields('Fields that determine.')]),
      to: Type.Union([Field, Fields('Fields that are determined.')]),
      when: Type.Optional(Type.String({ minLength: 1, description: 'CEL expression: where the dependency holds.' })),
      sure: Type.Boolean({ description: 'Never suspended, whatever the data say.', default: false }),
    },
    { additionalProperties: false },
  ),
]);

const Outliers = Type.Object(
  {
    fields: Fields('Fields with numbers.'),
    method: Type.Union([Type.Literal('speed'), Type.Literal('hampel')], {
      description:
        '`speed`: faster from the last point than the series moves, and away from the next two. `hampel`: far from the median of seven points.',
      default: 'speed',
    }),
    maxSpeed: Type.Optional(
      Type.Object(
        {
          change: Type.Number({ exclusiveMinimum: 0, description: 'Change of the value.' }),
          per: Type.String({ pattern: DURATION_PATTERN, description: 'Time in which it may change so much.' }),
        },
        {
          additionalProperties: false,
          description: 'How fast the value can move. Left out: 1.5 times the 99th percentile of what it did.',
        },
      ),
    ),
  },
  { additionalProperties: false, description: 'Spikes in series: what both sides of a point speak against.' },
);

const Impute = Type.Object(
  {
    fields: Fields('Fields in which a missing value is filled.'),
    methods: Type.Array(Type.Union(IMPUTE_METHODS.map((name) => Type.Literal(name))), {
      description:
        'What may be used; of those, the one whose errors have been smallest: the last value, a regression on the best field beside it, the mean at that hour (UTC), for texts the most frequent value of the group.',
      minItems: 1,
      uniqueItems: true,
      default: [...IMPUTE_METHODS],
    }),
    limit: Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'Longest gap, in records, that `last` may bridge; a longer one it leaves to the others.',
      default: DEFAULT_LIMIT,
    }),
    by: Type.Optional(
      Fields('Fields that make the group for `mode`; left out: `key`, and the left sides of dependencies.'),
    ),
    bound: Ratio(
      'Confidence below which a value is only suggested: variance / (variance + squared error), .5 for what is as good as the mean.',
      DEFAULT_IMPUTE_BOUND,
    ),
  },
  { additionalProperties: false, description: 'Missing values: null, absent or blank.' },
);

/** `with:` of a repair step. */
export const RepairSchema = Type.Object(
  {
    dependencies: Type.Optional(
      Type.Array(Dependency, {
        description:
          'What determines what: records with the same left side have the same right side. One that the data contradict suspends itself with the event `dependency.suspended`.',
        minItems: 1,
      }),
    ),
    infer: Type.Boolean({
      description:
        'Watch what else follows from the left sides; where it does, a misspelling of the value of the group is corrected too.',
      default: true,
    }),
    spelling: Type.Optional(
      Type.Object(
        { fields: Fields('Fields whose rare values may be misspellings of frequent ones.') },
        {
          additionalProperties: false,
          description:
            'Rare values that differ little from one five times as frequent: at most a fifth of the letters, never numbers, never codes below five characters.',
        },
      ),
    ),
    key: Type.Optional(
      Fields('Fields that make a series of numbers, as a sensor; left out: all records are one series.'),
    ),
    outliers: Type.Optional(Outliers),
    impute: Type.Optional(Impute),
    keep: Type.Array(Field, { description: 'Fields that are never changed.', default: [] }),
    mode: Type.Union([Type.Literal('observe'), Type.Literal('flag'), Type.Literal('repair')], {
      description:
        '`repair` changes values and leaves evidence, `flag` makes findings with the suggestion, `observe` only counts.',
      default: 'repair',
    }),
    bounds: Type.Object(
      {
        repair: Ratio('Confidence above which a value is changed.', DEFAULT_BOUNDS.repair),
        flag: Ratio('Confidence above which a change is suggested in a finding.', DEFAULT_BOUNDS.flag),
      },
      { additionalProperties: false, default: {} },
    ),
    grace: Type.Object(
      {
        records: Type.Optional(
          Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: COUNT_PATTERN })], {
            description:
              'Records that come after one before it leaves. Default: 1000, or no limit when `time` is given.',
          }),
        ),
        time: Type.Optional(
          Type.String({
            pattern: DURATION_PATTERN,
            description: 'Stream time after which a record leaves in any case.',
          }),
        ),
      },
      {
        additionalProperties: false,
        default: {},
        description: 'How long a record is held so that others can speak for it; `records: 0` holds none.',
      },
    ),
    scope: Type.Optional(
      Type.Union([Type.Literal('key'), Type.Literal('partition'), Type.Literal('topic')], {
        description:
          'What one step sees of an input with several partitions: `key` (the default with `key` and without `dependencies`) the series of its keys, `partition` learns from its own only, `topic` from all, in one process.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type RepairConfig = Static<typeof RepairSchema>;
