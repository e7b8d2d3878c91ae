import { type Static, type TProperties, Type } from '@sinclair/typebox';

const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
const FieldBound = Type.Object(
  { field: Type.String({ minLength: 1, description: 'Field of the same record that is the bound.' }) },
  { additionalProperties: false },
);
const Bound = Type.Union([Type.Number(), Type.String(), FieldBound]);
const FileList = Type.Object(
  {
    file: Type.String({
      minLength: 1,
      description: 'File with a value a line, or a JSON list; below the folder of the topology.',
    }),
  },
  { additionalProperties: false },
);

export const TYPE_NAMES = ['string', 'number', 'integer', 'boolean', 'list', 'map'] as const;
export const FORMAT_NAMES = [
  'date',
  'date-time',
  'time',
  'email',
  'uuid',
  'uri',
  'hostname',
  'ipv4',
  'ipv6',
  'country',
  'currency',
] as const;
export const SEVERITIES = ['error', 'warn', 'info'] as const;

function literals<const T extends readonly string[]>(names: T, options: { description: string; default?: string }) {
  return Type.Unsafe<T[number]>(
    Type.Union(
      names.map((name) => Type.Literal(name)),
      options,
    ),
  );
}

const fieldChecks = {
  required: Type.Boolean({ description: 'The field is there and not null.' }),
  type: literals(TYPE_NAMES, { description: 'JSON type of the value.' }),
  between: Type.Array(Bound, { minItems: 2, maxItems: 2, description: 'Lowest and highest value, both included.' }),
  min: Type.Unsafe<Static<typeof Bound>>({ ...Bound, description: 'Lowest value, included.' }),
  max: Type.Unsafe<Static<typeof Bound>>({ ...Bound, description: 'Highest value, included.' }),
  above: Type.Unsafe<Static<typeof Bound>>({ ...Bound, description: 'Lower bound, not included.' }),
  below: Type.Unsafe<Static<typeof Bound>>({ ...Bound, description: 'Upper bound, not included.' }),
  before: Type.Unsafe<Static<typeof Bound>>({
    ...Bound,
    description: 'Date or date-time the value lies before: constant, field, `now`, `now-1d`.',
  }),
  after: Type.Unsafe<Static<typeof Bound>>({
    ...Bound,
    description: 'Date or date-time the value lies after: constant, field, `now`, `now-1d`.',
  }),
  in: Type.Union([Type.Array(Scalar, { minItems: 1 }), FileList], { description: 'Values that are allowed.' }),
  notIn: Type.Union([Type.Array(Scalar, { minItems: 1 }), FileList], { description: 'Values that are not allowed.' }),
  pattern: Type.String({ minLength: 1, description: 'Regular expression found in the text; matched in linear time.' }),
  notPattern: Type.String({ minLength: 1, description: 'Regular expression not found in the text.' }),
  length: Type.Object(
    {
      min: Type.Optional(Type.Integer({ minimum: 0, description: 'Fewest characters, or elements of a list.' })),
      max: Type.Optional(Type.Integer({ minimum: 0, description: 'Most characters, or elements of a list.' })),
    },
    { additionalProperties: false, description: 'Length of a text in characters, of a list in elements.' },
  ),
  format: literals(FORMAT_NAMES, { description: 'Well-known form of a text.' }),
  multipleOf: Type.Number({ exclusiveMinimum: 0, description: 'The number is a whole multiple of this.' }),
  equals: Type.Union([Scalar, FieldBound], { description: 'The value, or the field, it is equal to.' }),
  notEquals: Type.Union([Scalar, FieldBound], { description: 'The value, or the field, it differs from.' }),
} satisfies TProperties;

const FieldList = Type.Array(Type.String({ minLength: 1 }), { minItems: 2 });
const recordChecks = {
  oneOf: Type.Unsafe<string[]>({ ...FieldList, description: 'Exactly one of these fields is there and not null.' }),
  anyOf: Type.Unsafe<string[]>({ ...FieldList, description: 'At least one of these fields is there and not null.' }),
  allOrNone: Type.Unsafe<string[]>({ ...FieldList, description: 'All of these fields are there, or none.' }),
  schema: Type.Union([Type.String({ minLength: 1 }), Type.Object({}, { additionalProperties: true })], {
    description: 'JSON Schema 2020-12 for the field, or the record: a file, or inline.',
  }),
  cel: Type.String({ minLength: 1, description: 'CEL expression over `record`: what must hold.' }),
} satisfies TProperties;

export const FIELD_CHECKS: readonly string[] = Object.keys(fieldChecks);
export const RECORD_CHECKS: readonly string[] = Object.keys(recordChecks);

const ruleKeys = {
  field: Type.String({ minLength: 1, description: 'Field the checks look at; `items[].price` means each element.' }),
  name: Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'Name in findings and metrics; default `<field>.<check>`.',
  }),
  ...fieldChecks,
  ...recordChecks,
  when: Type.String({ minLength: 1, description: 'CEL expression: the rule applies only where it is true.' }),
  severity: literals(SEVERITIES, {
    description: '`error` (the default) quarantines, `warn` and `info` pass with the finding.',
  }),
  dimension: Type.String({
    minLength: 1,
    description: 'Quality dimension, such as completeness, validity, consistency.',
  }),
  message: Type.String({ minLength: 1, description: 'Sentence that goes with the finding.' }),
  suggestion: Type.String({ minLength: 1, description: 'What to do about it.' }),
  shadow: Type.Boolean({ description: 'Count what the rule finds, without any effect on records. Default false.' }),
  examples: Type.Object(
    {
      valid: Type.Optional(Type.Array(Type.Unknown())),
      invalid: Type.Optional(Type.Array(Type.Unknown())),
    },
    {
      additionalProperties: false,
      description:
        'Test data checked when the topology is loaded: values of the field, or whole records for rules without one field.',
    },
  ),
} satisfies TProperties;

const exact = { additionalProperties: false } as const;
const GROUP = { description: 'A group: its rules share `when`, `severity`, `dimension` and `shadow` of this entry.' };
const Leaf = Type.Partial(Type.Object(ruleKeys), exact);
const Group = Type.Partial(Type.Object({ ...ruleKeys, rules: Type.Array(Leaf, GROUP) }), exact);

/** One rule, or a group of rules (groups nest twice). What may stand together is judged by validateRules. */
export const Rule = Type.Partial(Type.Object({ ...ruleKeys, rules: Type.Array(Group, GROUP) }), exact);

export type RuleConfig = Omit<Static<typeof Rule>, 'rules'> & { readonly rules?: readonly RuleConfig[] };
export type BoundConfig = Static<typeof Bound>;
