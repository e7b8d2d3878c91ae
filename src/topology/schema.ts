import { type Static, Type } from '@sinclair/typebox';
import { BYTES_PATTERN, COUNT_PATTERN, DURATION_PATTERN } from '../core/units.ts';
import { KafkaSchema } from './kafka-schema.ts';

/** The whole file as one schema: the static type, the check at load and the JSON Schema for editors. */

const closed = { additionalProperties: false } as const;

const NAME_PATTERN = '^[a-z][a-z0-9-]*$';
const TOPIC_PATTERN = '^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,249}$';

const Name = (description: string) =>
  Type.String({ pattern: NAME_PATTERN, maxLength: 100, description, form: 'a name like `my-step` ([a-z][a-z0-9-]*)' });
const Topic = Type.String({
  pattern: TOPIC_PATTERN,
  description: 'Topic: letters, digits, dot, underscore, hyphen.',
  form: 'a topic name of letters, digits, `.`, `_` and `-`',
});
const Duration = (description: string) => Type.String({ pattern: DURATION_PATTERN, unit: 'duration', description });
const Count = (description: string) =>
  Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: COUNT_PATTERN })], { unit: 'count', description });
const Bytes = (description: string) => Type.String({ pattern: BYTES_PATTERN, unit: 'bytes', description });
const Ratio = (description: string) => Type.Number({ minimum: 0, maximum: 1, unit: 'ratio', description });
const Field = Type.String({ minLength: 1, maxLength: 500, form: 'the name or path of a field' });
const Fields = (description: string) =>
  Type.Array(Field, { minItems: 1, maxItems: 50, uniqueItems: true, description });
const Words = <const T extends readonly string[]>(words: T, description: string) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      { description },
    ),
  );

export const FORMATS = ['json', 'csv', 'tsv', 'text', 'bytes', 'avro', 'json-schema'] as const;

const Csv = Type.Object(
  {
    columns: Type.Optional(
      Type.Record(Type.String(), Words(['string', 'number', 'integer', 'boolean'], 'Type of the cells.'), {
        description: 'Types of columns; others are strings, an empty cell is null.',
      }),
    ),
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    quote: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    escape: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    header: Type.Optional(
      Type.Union([Type.Boolean(), Type.Array(Type.String(), { minItems: 1 })], {
        description: 'true: the first line names the columns; a list names them here; false: c1, c2, ….',
      }),
    ),
  },
  closed,
);

const EventTime = Type.Union([
  Field,
  Type.Object(
    { field: Field, parse: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'Date patterns.' })) },
    closed,
  ),
]);

const Start = Type.Union(
  [
    Words(['earliest', 'latest'], 'Where to begin without a committed position.'),
    Type.Object({ time: Type.String({ description: 'An instant, 2026-01-31T00:00:00Z.' }) }, closed),
    Type.Object({ offsets: Type.Record(Type.String(), Type.Integer({ minimum: 0 })) }, closed),
  ],
  { description: 'Where to begin when nothing is committed yet.' },
);

const inputKeys = {
  topic: Type.Optional(Topic),
  topics: Type.Optional(Type.Array(Topic, { minItems: 1, maxItems: 100, uniqueItems: true })),
  format: Type.Optional(Words(FORMATS, 'How values are written; default json.')),
  key: Type.Optional(Fields('Fields the record key carries.')),
  keyMismatch: Type.Optional(Words(['stop', 'warn'], 'What a record does whose key is not made of these fields.')),
  eventTime: Type.Optional(EventTime),
  maxAhead: Type.Optional(
    Type.Union([Type.Literal('off'), Duration('How far beyond its own timestamp an event time is believed.')]),
  ),
  lateness: Type.Optional(Duration('How long records may come after their time; default 0s.')),
  explode: Type.Optional(
    Type.Union([Type.Boolean(), Type.String()], {
      description: 'List whose elements become records; true: the top-level list.',
    }),
  ),
  batchVerdict: Type.Optional(
    Type.Object({ rejectWhen: Type.Object({ quarantined: Ratio('Share of elements.') }, closed) }, closed),
  ),
  csv: Type.Optional(Csv),
  schema: Type.Optional(Type.String({ minLength: 1, description: 'avro: file of the schema values are read as.' })),
  start: Type.Optional(Start),
};

const Input = Type.Object(inputKeys, { ...closed, description: 'What the topology reads.' });
const NamedInput = Type.Object({ name: Name('Name of this input.'), ...inputKeys }, closed);

const From = Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1, maxItems: 100, uniqueItems: true })], {
  description: 'Step, or step.port, to read; or a list of them. Default: the step above.',
});

const outputKeys = {
  topic: Topic,
  format: Type.Optional(Words(FORMATS, 'How values are written; default: as they came, csv and text as json.')),
  findings: Type.Optional(
    Type.Union([Words(['header', 'none'], 'Where findings travel.'), Type.Object({ field: Field }, closed)]),
  ),
  schema: Type.Optional(
    Type.Union(
      [
        Type.String({ minLength: 1 }),
        Type.Object(
          {
            file: Type.String({ minLength: 1 }),
            subject: Type.Optional(Type.String({ minLength: 1, description: 'Default: <topic>-value.' })),
            compatibility: Type.Optional(Words(['none', 'backward', 'forward', 'full'], 'What is checked.')),
          },
          closed,
        ),
      ],
      { description: 'avro, json-schema: file of the schema written, registered before the first record.' },
    ),
  ),
  certificate: Type.Optional(
    Words(
      ['origin', 'full'],
      'How much of its history a record carries; full: header sluice-certificate, on files <topic>.certificates.ndjson.',
    ),
  ),
  compression: Type.Optional(Words(['none', 'gzip', 'snappy', 'lz4', 'zstd'], 'Compression of batches.')),
  key: Type.Optional(Fields('Fields of the key written; default: the key that came.')),
  partitionBy: Type.Optional(Fields('Fields that choose the partition, in place of the key.')),
  headers: Type.Optional(
    Type.Union([
      Words(['keep', 'none'], 'Input headers that leave with a record; default keep.'),
      Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 100, uniqueItems: true }),
    ]),
  ),
  select: Type.Optional(Fields('Fields that are written.')),
  csv: Type.Optional(Csv),
};

const PortOutput = Type.Union([Topic, Type.Object(outputKeys, closed)]);

const Output = Type.Object({ ...outputKeys, from: Type.Optional(From) }, closed);

export const StepSchema = Type.Object(
  {
    id: Name('Names the state and the metric label of the step.'),
    use: Type.String({ description: 'Operator.' }),
    from: Type.Optional(From),
    with: Type.Optional(Type.Unknown({ description: 'Configuration of the operator.' })),
    description: Type.Optional(Type.String()),
  },
  closed,
);

const Span = Type.Union([
  Duration('Window in stream time.'),
  Type.Object({ records: Count('Window in records.') }, { additionalProperties: false }),
]);
const Share = { quarantined: Ratio('Share of records.'), over: Span };

export const TopologySchema = Type.Object(
  {
    name: Name('Name of the topology: consumer group, prefix of default topics, metric label.'),
    description: Type.Optional(Type.String()),
    input: Type.Optional(Input),
    inputs: Type.Optional(Type.Array(NamedInput, { minItems: 1, maxItems: 20 })),
    steps: Type.Array(StepSchema, { maxItems: 200, description: 'Configured operators, in order.' }),
    output: Type.Optional(Type.Union([Type.Literal('none'), Output], { description: 'Where the last step goes.' })),
    outputs: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([...PortOutput.anyOf, Type.Array(PortOutput, { minItems: 1, maxItems: 20 })]),
        { description: 'step.port: topic, for further ports; or a list, for several topics.' },
      ),
    ),
    quarantine: Type.Optional(
      Type.Union([
        Type.Literal('none'),
        Type.Object(
          {
            topic: Type.Optional(Topic),
            value: Type.Optional(Words(['keep', 'redact', 'omit'], 'What of a value with redacted fields is kept.')),
          },
          closed,
        ),
      ]),
    ),
    events: Type.Optional(
      Type.Union([
        Type.Literal('none'),
        Type.Object({ topic: Type.Optional(Topic), score: Type.Optional(Span) }, closed),
      ]),
    ),
    guarantee: Type.Optional(Words(['exactly-once', 'at-least-once'], 'Default exactly-once.')),
    commit: Type.Optional(
      Type.Object(
        {
          every: Type.Optional(
            Duration(
              'Longest time between commits; default 100ms on Kafka, 1s there while more than `records` wait, and 2s on files.',
            ),
          ),
          records: Type.Optional(Count('Most records in a commit; default 20000.')),
        },
        closed,
      ),
    ),
    checkpoint: Type.Optional(
      Type.Object({ every: Duration('Longest time between checkpoints; default 10s.') }, closed),
    ),
    redact: Type.Optional(Fields('Fields whose values show nowhere but in the record.')),
    breaker: Type.Optional(
      Type.Object(
        {
          open: Type.Object(
            { ...Share, minRecords: Type.Optional(Count('Fewest records to judge by; default 100.')) },
            closed,
          ),
          action: Words(
            ['divert', 'stop'],
            'What an open breaker does: whole records go to <name>.diverted until it closes by itself, or the run ends with exit code 3.',
          ),
          close: Type.Optional(
            Type.Object(Share, { ...closed, description: 'Default: half the share of `open`, over the same window.' }),
          ),
        },
        { ...closed, description: 'Keeps a burst of bad records, and the good ones in it, out of the outputs.' },
      ),
    ),
    slices: Type.Optional(
      Type.Object(
        {
          over: Fields('Fields whose values name sub-populations.'),
          against: Type.String({ description: '`quarantined` or the name of a rule.' }),
          conditions: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 2, description: '2: pairs of values are looked at as well.' }),
          ),
        },
        { ...closed, description: 'Names the sub-populations in which records fail more often than elsewhere.' },
      ),
    ),
    kafka: Type.Optional(KafkaSchema),
    onError: Type.Optional(Words(['quarantine', 'stop'], 'What a bug in an operator does to its record.')),
    restarts: Type.Optional(
      Type.Union([
        Type.Integer({ minimum: 0 }),
        Type.Object({ max: Type.Integer({ minimum: 0 }), within: Duration('Window of counting.') }, closed),
      ]),
    ),
    idleAfter: Type.Optional(Duration('Time without records after which timers go on.')),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
    limits: Type.Optional(
      Type.Object(
        {
          maxHeldBytes: Type.Optional(Bytes('Most bytes of records held inside steps.')),
          maxStateBytes: Type.Optional(Bytes('Most bytes of state of a step.')),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'Sluice topology' },
);

/** A topology as an author writes it. */
export type TopologySpec = Static<typeof TopologySchema>;
export type InputSpec = Static<typeof Input> & { readonly name?: string };
export type StepSpec = Static<typeof StepSchema>;
export type OutputSpec = Static<typeof Output>;

/** `kafka:` holds connections: `${env:}` and `${file:}` are read there. */
export const CONNECTION_KEYS: readonly string[] = ['kafka'] satisfies readonly (keyof TopologySpec)[];

interface PortOutputSpec {
  /** `step` or `step.port`. */
  readonly port: string;
  readonly spec: OutputSpec;
  readonly path: readonly (string | number)[];
  /** Written as the name of the topic alone. */
  readonly isName: boolean;
}

/** Entries of `outputs:`, each with its place in the file. */
export function portOutputs({ outputs = {} }: Pick<TopologySpec, 'outputs'>): readonly PortOutputSpec[] {
  return Object.entries(outputs).flatMap(([port, value]) =>
    (Array.isArray(value) ? value : [value]).map((one, index) => ({
      port,
      spec: typeof one === 'string' ? { topic: one } : one,
      path: Array.isArray(value) ? ['outputs', port, index] : ['outputs', port],
      isName: typeof one === 'string',
    })),
  );
}
