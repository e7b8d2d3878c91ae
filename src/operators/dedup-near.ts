import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from '../core/units.ts';
import { NearKernel, type NearWindow } from '../kernels/near/near-kernel.ts';
import { DEFAULT_BLOCK_CAP, NEAR_KINDS, PRESETS } from '../kernels/near/near-settings.ts';

const Field = (description: string) => Type.String({ minLength: 1, description });
const Count = Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: COUNT_PATTERN })]);

const Config = Type.Object(
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
    threshold: Type.Optional(
      Type.Number({
        description: 'Similarity from which two records are near-duplicates. Default: by kind.',
        exclusiveMinimum: 0,
        maximum: 1,
      }),
    ),
    action: Type.Union([Type.Literal('flag'), Type.Literal('drop')], {
      description: '`flag` passes near-duplicates on with a finding, `drop` sends them to the port `duplicates`.',
      default: 'flag',
    }),
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

type DedupNearConfig = Static<typeof Config>;

/**
 * Finds near-duplicates: the same thing in other words.
 *
 * Shapes: any record; texts, numbers and lists of the named fields count. A near-duplicate carries the finding
 * `near-duplicate` (info) with `observed: {duplicateOf, cluster, score, why}`.
 * Cost: bounded a record, some tens of µs; state: the features of the records held. Source: METHODS 6; docs/near.md.
 */
export const dedupNear: Operator<DedupNearConfig> = {
  name: 'dedup-near',
  summary: 'Finds near-duplicates among texts and records, names their cluster, and links lists.',
  config: Config,
  example: { kind: 'product', fields: ['name', 'description'], action: 'flag', into: 'cluster', scope: 'topic' },
  ports: () => [
    { name: 'out', fate: 'pass' },
    { name: 'duplicates', fate: 'duplicate' },
  ],
  scope: (config) => config.scope ?? 'partition',
  fields: ({ fields, link, into }) => ({
    reads: [...fields, ...(link === undefined ? [] : [link.source])],
    ...(into === undefined ? {} : { writes: [into] }),
  }),
  validate,
  needsClock: ({ window = 'all' }) => (typeof window === 'string' && window !== 'all' ? ['window'] : undefined),
  create(config: DedupNearConfig, deps: OperatorDeps): Kernel {
    const { features, threshold, linkThreshold, codes = false } = PRESETS[config.kind];
    const { link } = config;
    const oneToOne = link !== undefined && (link.oneToOne ?? true);
    return new NearKernel(
      {
        fields: config.fields.map((field) => deps.field(field)),
        features,
        codes: codes && !oneToOne,
        threshold: config.threshold ?? (oneToOne ? linkThreshold : threshold),
        action: config.action ?? 'flag',
        into: config.into === undefined ? undefined : deps.field(config.into),
        source: link === undefined ? undefined : deps.field(link.source),
        oneToOne,
        window: toWindow(config.window ?? 'all'),
        blockCap: config.blockCap ?? DEFAULT_BLOCK_CAP,
      },
      deps,
    );
  },
};

function validate({ into, fields }: DedupNearConfig): readonly ConfigIssue[] {
  if (into === undefined || !fields.includes(into)) return [];
  const message = `\`${into}\` is compared and written: name another field for the cluster`;
  return [{ path: ['into'], level: 'error', code: 'near-into', message }];
}

function toWindow(window: DedupNearConfig['window']): NearWindow {
  if (window === 'all') return { kind: 'all' };
  if (typeof window === 'object') return { kind: 'records', records: parseCount(window.records) ?? 1 };
  return { kind: 'time', ms: parseDuration(window) ?? 0 };
}
