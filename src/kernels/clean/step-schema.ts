import { type Static, type TProperties, Type } from '@sinclair/typebox';

const exact = { additionalProperties: false } as const;

/** Steps that may be written as a bare name. */
export const BARE_STEPS = [
  'to-string',
  'to-number',
  'to-integer',
  'to-boolean',
  'trim',
  'collapse-whitespace',
  'lower-case',
  'upper-case',
  'title-case',
  'unicode',
  'strip-control',
  'nulls',
  'parse-time',
  'parse-duration',
  'mask',
] as const;

const NumberOptions = Type.Object(
  {
    decimal: Type.Optional(
      Type.Union([Type.Literal('.'), Type.Literal(',')], {
        description: 'Decimal mark; the other one groups thousands. Default `.`.',
      }),
    ),
    percent: Type.Optional(
      Type.Union([Type.Literal('ratio'), Type.Literal('strip')], {
        description: 'Whether 12% is 0.12 (`ratio`, the default) or 12 (`strip`).',
      }),
    ),
  },
  exact,
);

export const OwnUnit = Type.Object(
  {
    of: Type.String({ description: 'A unit that is known: of the built-in table, or another own one above it.' }),
    factor: Type.Number({ description: 'How many of those one of these is.' }),
    offset: Type.Optional(Type.Number({ description: 'Added after the factor. Default 0.' })),
  },
  exact,
);
export type OwnUnits = Readonly<Record<string, Static<typeof OwnUnit>>>;

const Patterns = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 });

const stepKeys = {
  'to-number': Type.Unsafe<Static<typeof NumberOptions>>({
    ...NumberOptions,
    description: 'Text to number: thousands marks, currency, percent.',
  }),
  'to-integer': Type.Unsafe<Static<typeof NumberOptions>>({
    ...NumberOptions,
    description: 'As to-number; what is no whole number is left with a finding.',
  }),
  'to-boolean': Type.Object(
    { true: Type.Array(Type.String()), false: Type.Array(Type.String()) },
    { ...exact, description: 'Words that mean yes and no; default true/yes/y/on/1 and false/no/n/off/0.' },
  ),
  unicode: Type.Union([Type.Literal('NFC'), Type.Literal('NFKC')], {
    description: 'Unicode normal form; as a bare name NFC.',
  }),
  nulls: Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
    minItems: 1,
    description: 'Values that mean unknown and become null; as a bare name the usual texts.',
  }),
  default: Type.Union(
    [
      Type.String(),
      Type.Number(),
      Type.Boolean(),
      Type.Array(Type.Unknown()),
      Type.Object({}, { additionalProperties: true }),
    ],
    { description: 'Value for what is null or missing.' },
  ),
  'parse-date': Type.Union(
    [
      Patterns,
      Type.Object(
        {
          patterns: Patterns,
          zone: Type.Optional(
            Type.String({
              minLength: 1,
              description: 'Time zone of texts without an offset, as Europe/Berlin. Default UTC.',
            }),
          ),
          pivot: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 100, description: 'Two-digit years below it are 20yy. Default 70.' }),
          ),
        },
        exact,
      ),
    ],
    { description: 'Date by Unicode patterns, the first that fits: YYYY-MM-DD, with a time RFC 3339 in UTC.' },
  ),
  'parse-duration': Type.Union(
    ['ms', 's', 'm', 'h', 'd'].map((unit) => Type.Literal(unit)),
    { description: 'Duration to a number of this unit; as a bare name seconds.' },
  ),
  convert: Type.Union(
    [
      Type.Object(
        {
          from: Type.String(),
          to: Type.String(),
          units: Type.Optional(
            Type.Union([Type.Record(Type.String({ minLength: 1 }), OwnUnit), Type.String({ minLength: 1 })], {
              description: 'Units of your own: inline, or a JSON or YAML file of the same form.',
            }),
          ),
        },
        exact,
      ),
      Type.Object({ factor: Type.Number(), offset: Type.Optional(Type.Number()) }, exact),
    ],
    {
      description:
        'Number to another unit: by the built-in table (`{ from: F, to: C }`) and your own units, or value * factor + offset.',
    },
  ),
  map: Type.Union(
    [
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
      Type.String({ minLength: 1 }),
    ],
    { description: 'Values to values: inline, or a JSON or YAML file with one map.' },
  ),
  replace: Type.Object(
    { pattern: Type.String({ minLength: 1 }), with: Type.String() },
    { ...exact, description: 'Every match of a pattern, in linear time; $1 is a group.' },
  ),
  round: Type.Integer({ minimum: -12, maximum: 12, description: 'Digits after the point.' }),
  clamp: Type.Array(Type.Number(), {
    minItems: 2,
    maxItems: 2,
    description: 'Lowest and highest value; what lies beyond becomes the bound.',
  }),
  mask: Type.Object(
    {
      keep: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 64, description: 'Characters at the end that stay. Default 0.' }),
      ),
      char: Type.Optional(Type.String({ minLength: 1, maxLength: 1, description: 'Default *.' })),
    },
    { ...exact, description: 'Hide all but the last characters.' },
  ),
  hash: Type.Object(
    {
      secret: Type.String({
        minLength: 1,
        secret: true,
        description: 'Key of the HMAC, a reference to the environment; at least 16 bytes.',
      }),
    },
    { ...exact, description: 'HMAC-SHA-256 as hex: the same value gives the same text, nobody reads it back.' },
  ),
  split: Type.String({ minLength: 1, description: 'Text to a list, at this separator.' }),
  join: Type.String({ description: 'List to a text, with this separator.' }),
  derive: Type.String({
    minLength: 1,
    description: 'CEL expression over `record` that gives the value; nothing changes where it says nothing.',
  }),
} satisfies TProperties;

export const KEYED_STEPS: readonly string[] = Object.keys(stepKeys);

export const MODES = ['repair', 'flag', 'observe'] as const;
export type Mode = (typeof MODES)[number];

export function modeSchema(description: string) {
  return Type.Unsafe<Mode>(
    Type.Union(
      MODES.map((mode) => Type.Literal(mode)),
      { description },
    ),
  );
}

const BareStep = Type.Unsafe<(typeof BARE_STEPS)[number]>(Type.Union(BARE_STEPS.map((name) => Type.Literal(name))));
const KeyedStep = Type.Partial(
  Type.Object({ ...stepKeys, mode: modeSchema('Mode of this step alone.'), use: BareStep }, exact),
  { ...exact, minProperties: 1 },
);

/** A bare name, or a map with one step and its parameter; `{ use: trim, mode: flag }` gives a bare one a mode. */
export const Step = Type.Union([BareStep, KeyedStep]);
export type StepConfig = Static<typeof Step>;

export const Steps = Type.Array(Step, { minItems: 1, maxItems: 32 });
export const FieldSteps = Type.Union([
  Steps,
  Type.Object({ steps: Steps, mode: Type.Optional(modeSchema('Mode of all steps of this field.')) }, exact),
]);
export type FieldStepsConfig = Static<typeof FieldSteps>;
