import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from '../core/units.ts';
import type { FieldComparison } from '../kernels/near/field-comparisons.ts';
import { NearKernel } from '../kernels/near/near-kernel.ts';
import type { NearAction, NearWindow } from '../kernels/near/near-options.ts';
import { Comparison, Field, Key, SurvivorshipConfig } from '../kernels/near/near-schema.ts';
import { DEFAULT_BLOCK_CAP, NEAR_KINDS, PRESETS } from '../kernels/near/near-settings.ts';

/** A changed cluster waits a minute of stream time for more records unless it is told otherwise. */
const DEFAULT_GRACE = '1m';

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
  ports: ({ action }) =>
    action === 'merge'
      ? [{ name: 'out', fate: 'derived' }]
      : [
          { name: 'out', fate: 'pass' },
          { name: 'duplicates', fate: 'duplicate' },
        ],
  scope: (config) => config.scope ?? 'partition',
  fields: ({ fields, keys = [], compare = [], link, into, survivorship }) => ({
    reads: [
      ...new Set([...fields, ...keys.flatMap(fieldsOf), ...compare.map(({ field }) => field)]),
      ...(link === undefined ? [] : [link.source]),
      ...(survivorship?.source === undefined ? [] : [survivorship.source]),
    ],
    ...(into === undefined ? {} : { writes: [into] }),
  }),
  validate,
  needsClock: ({ window = 'all', grace }) =>
    typeof window === 'string' && window !== 'all' ? ['window'] : grace !== undefined ? ['grace'] : undefined,
  create(config: DedupNearConfig, deps: OperatorDeps): Kernel {
    const { features, threshold, linkThreshold, codes = false } = PRESETS[config.kind];
    const { link } = config;
    const oneToOne = link !== undefined && (link.oneToOne ?? true);
    return new NearKernel(
      {
        fields: config.fields.map((field) => deps.field(field)),
        keys: (config.keys ?? []).map((key) => ({
          fields: fieldsOf(key).map((field) => deps.field(field)),
          first: (typeof key === 'object' ? key.first : undefined) ?? Number.POSITIVE_INFINITY,
        })),
        compare: (config.compare ?? []).map((comparison) => toComparison(comparison, deps)),
        features,
        codes: codes && !oneToOne,
        threshold: config.threshold ?? (oneToOne ? linkThreshold : threshold),
        action: toAction(config, deps),
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

function validate(config: DedupNearConfig): readonly ConfigIssue[] {
  const { into, fields } = config;
  const issues: ConfigIssue[] = [];
  if (into !== undefined && fields.includes(into))
    issues.push({
      path: ['into'],
      level: 'error',
      code: 'near-into',
      message: `\`${into}\` is compared and written: name another field for the cluster`,
    });
  for (const [i, comparison] of (config.compare ?? []).entries()) {
    const message = withinIssue(comparison);
    if (message !== undefined) issues.push({ path: ['compare', i], level: 'error', code: 'near-within', message });
  }
  return [...issues, ...mergeIssues(config)];
}

function withinIssue({ by, within }: Static<typeof Comparison>): string | undefined {
  if (by === 'number' && typeof within === 'number') return undefined;
  if (by === 'date' && typeof within === 'string') return undefined;
  if (by === 'number')
    return '`by: number` needs `within`, a number: how far two numbers may be apart to be half alike';
  if (by === 'date') return '`by: date` needs `within`, as in `30d`: how far two dates may be apart to be half alike';
  return within === undefined ? undefined : `\`within\` is for numbers and dates, not \`by: ${by}\``;
}

function mergeIssues({ action, survivorship, grace, link }: DedupNearConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const say = (path: string, code: string, message: string): void => {
    issues.push({ path: [path], level: 'error', code, message });
  };
  if (action !== 'merge') {
    if (survivorship !== undefined) say('survivorship', 'near-merge', '`survivorship` is for `action: merge`');
    if (grace !== undefined) say('grace', 'near-merge', '`grace` is for `action: merge`');
    return issues;
  }
  if (link !== undefined && link.oneToOne !== false)
    say(
      'link',
      'near-merge-link',
      'a partner may be lost to a better one, but what was merged stays so: say `oneToOne: false`, or flag',
    );
  const { fields = {}, sources = [] } = survivorship ?? {};
  const rules = [survivorship?.default, ...Object.values(fields)];
  if (
    rules.includes('source-priority') &&
    (sources.length === 0 || (survivorship?.source ?? link?.source) === undefined)
  )
    say(
      'survivorship',
      'near-no-sources',
      '`source-priority` needs `source`, the field that names it, and `sources`, the best first',
    );
  return issues;
}

function toAction({ action = 'flag', survivorship, grace, link }: DedupNearConfig, deps: OperatorDeps): NearAction {
  if (action !== 'merge') return { kind: action };
  const { default: fallback = 'most-complete', fields = {}, sources = [] } = survivorship ?? {};
  const source = survivorship?.source ?? link?.source;
  return {
    kind: action,
    graceMs: parseDuration(grace ?? DEFAULT_GRACE) ?? 0,
    rules: {
      fallback,
      fields: new Map(Object.entries(fields)),
      source: source === undefined ? undefined : deps.field(source),
      places: new Map(sources.map((name, place) => [String(name), place])),
    },
  };
}

function fieldsOf(key: Static<typeof Key>): readonly string[] {
  return typeof key === 'object' ? key.fields : [key];
}

function toComparison(
  { field, by, within = 0, weight = 1 }: Static<typeof Comparison>,
  deps: OperatorDeps,
): FieldComparison {
  const most = typeof within === 'string' ? (parseDuration(within) ?? 0) : within;
  return { slot: deps.field(field), by, within: most, weight };
}

function toWindow(window: DedupNearConfig['window']): NearWindow {
  if (window === 'all') return { kind: 'all' };
  if (typeof window === 'object') return { kind: 'records', records: parseCount(window.records) ?? 1 };
  return { kind: 'time', ms: parseDuration(window) ?? 0 };
}
