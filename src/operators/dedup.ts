import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { BYTES_PATTERN, COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration, parseSize } from '../core/units.ts';
import { DedupKernel, type DedupOptions, PassKernel } from '../kernels/dedup/dedup.ts';
import { BYTES_PER_KEY } from '../kernels/dedup/dedup-state.ts';
import { HoldingKernel } from '../kernels/dedup/holding.ts';
import { NORMALIZERS, normalizer } from '../kernels/dedup/normalize.ts';
import type { DedupWindow } from '../kernels/dedup/stamps.ts';

/** One hour: long enough for retries of producers, short enough to stay in memory. */
const DEFAULT_WINDOW = '1h';

const Count = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: COUNT_PATTERN })]);
const Names = Type.Array(Type.Union(NORMALIZERS.map((name) => Type.Literal(name))), { uniqueItems: true });

const Config = Type.Object(
  {
    key: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description:
          'Fields that make a record the same as another. Left out: the whole payload, whatever the order of its properties.',
        minItems: 1,
      }),
    ),
    ignore: Type.Array(Type.String({ minLength: 1 }), {
      description: 'Only without `key`: properties of the payload that do not count, such as a receive time.',
      default: [],
    }),
    normalize: Type.Optional(
      Type.Union([Names, Type.Record(Type.String(), Names)], {
        description:
          'What makes two spellings equal, for all fields of the key or field by field: trim, nfc, nfkc, case-fold, numeric ("1.0" = 1), zero (-0 = 0), date-utc, null-is-missing. The record itself is not changed. Default: nothing.',
      }),
    ),
    window: Type.Union(
      [
        Type.String({ pattern: DURATION_PATTERN }),
        Type.Object({ records: Count }, { additionalProperties: false }),
        Type.Literal('all'),
      ],
      {
        description:
          'How long a key is remembered: a duration of stream time (whole seconds, rounded up), a number of records, or `all`. 0 lets everything pass.',
        default: DEFAULT_WINDOW,
      },
    ),
    keep: Type.Union([Type.Literal('first'), Type.Literal('last')], {
      description:
        'Which record of a key passes. `last`, or any `sequence`, holds one record a key until its window closes.',
      default: 'first',
    }),
    sequence: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Field that decides who is first or last instead of the order of arrival; ties go by position, a missing value comes first.',
      }),
    ),
    resetTtlOnDuplicate: Type.Boolean({
      description: 'A duplicate starts the window of its key again. A busy key can then be remembered for ever.',
      default: false,
    }),
    late: Type.Union([Type.Literal('pass'), Type.Literal('late'), Type.Literal('reject')], {
      description:
        'A record older than the window whose key is not known may be a forgotten duplicate: let it pass with a finding, send it to port `late`, or reject it.',
      default: 'pass',
    }),
    nullKey: Type.Union([Type.Literal('pass'), Type.Literal('reject'), Type.Literal('value')], {
      description:
        'A record with a null or missing field in its key: let it pass uncompared, reject it, or take null as a value like any other.',
      default: 'pass',
    }),
    scope: Type.Optional(
      Type.Union([Type.Literal('key'), Type.Literal('partition'), Type.Literal('topic')], {
        description:
          'What is compared with what: `key` needs an input partitioned by the key (the default with `key`), `partition` compares inside each partition (the default without), `topic` brings all records together.',
      }),
    ),
    maxKeys: Type.Optional(
      Type.Union([Count], {
        description:
          'More keys than this in the window: the oldest are forgotten, with an alarm. Default: what maxBytes holds.',
      }),
    ),
    maxBytes: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: BYTES_PATTERN })], {
        description: `Memory of the table; a key takes up to ${BYTES_PER_KEY} bytes. Default: the state limit of the topology.`,
      }),
    ),
    expectedKeys: Type.Optional(
      Type.Union([Count], {
        description: 'Makes room for so many keys at the start, which saves the cost of growing.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type DedupConfig = Static<typeof Config>;

/**
 * Exact duplicates: remembers a 96-bit hash of each key for a window of stream time.
 * Duplicates leave by port `duplicates` with the finding `duplicate-of`, whose `observed` is the origin of the winner.
 */
export const dedup: Operator<DedupConfig> = {
  name: 'dedup',
  summary: 'Lets one record of each key pass and sends its exact duplicates to a port of their own.',
  config: Config,
  example: { key: ['id'], window: '1h', keep: 'first' },
  ports: () => [
    { name: 'out', fate: 'pass' },
    { name: 'duplicates', fate: 'duplicate' },
    { name: 'late', fate: 'late' },
    { name: 'rejected', fate: 'quarantined' },
  ],
  scope: (config) => config.scope ?? (config.key === undefined ? 'partition' : 'key'),
  keys: (config) => config.key ?? [],
  fields: (config) => ({
    reads: [...(config.key ?? []), ...(config.sequence === undefined ? [] : [config.sequence])],
  }),
  validate,
  needsClock: ({ window = DEFAULT_WINDOW }) =>
    typeof window === 'string' && window !== 'all' && parseDuration(window) !== 0 ? ['window'] : undefined,
  forgets: (config) => !holds(config),
  create(config, deps): Kernel {
    const options = toOptions(config, deps);
    if (spanOf(options.window) === 0) return new PassKernel();
    return holds(config) ? new HoldingKernel(options, deps) : new DedupKernel(options, deps);
  },
};

/** One record a key is kept until its window closes; else hashes alone. */
function holds({ keep, sequence }: DedupConfig): boolean {
  return keep === 'last' || sequence !== undefined;
}

function validate(config: DedupConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const error = (path: string, code: string, message: string): void => {
    issues.push({ path: [path], code, message, level: 'error' });
  };
  const ignore = config.ignore ?? [];
  if (config.key !== undefined && ignore.length > 0)
    error(
      'ignore',
      'dedup-ignore-with-key',
      '`ignore` is for whole payloads: with `key` only its fields count, leave one of them out',
    );
  if (config.scope === 'key' && config.key === undefined)
    error('scope', 'dedup-scope-without-key', '`scope: key` needs `key`: name its fields, or use partition or topic');
  for (const field of Array.isArray(config.normalize) ? [] : Object.keys(config.normalize ?? {}))
    if (config.key?.includes(field) !== true)
      error('normalize', 'dedup-normalize-field', `\`normalize\` names ${field}, which is no field of the key`);
  if (config.window === 'all' && (config.keep === 'last' || config.sequence !== undefined))
    issues.push({
      path: ['window'],
      code: 'dedup-holds-all',
      message: 'with `window: all` nothing leaves before the input ends: fine for files, endless on a topic',
      level: 'warn',
    });
  return issues;
}

function toOptions(config: DedupConfig, deps: OperatorDeps): DedupOptions {
  const { normalize = [] } = config;
  const namesFor = (field: string) => (Array.isArray(normalize) ? normalize : own(normalize, field)) ?? [];
  const maxBytes = Math.min(parseSize(config.maxBytes ?? deps.limits.maxStateBytes)!, deps.limits.maxStateBytes);
  const maxKeys = Math.max(1, Math.floor(maxBytes / BYTES_PER_KEY));
  return {
    key: {
      fields: (config.key ?? []).map((text) => ({ slot: deps.field(text), normalize: normalizer(namesFor(text)) })),
      ignore: new Set(config.ignore ?? []),
      normalizePayload: config.key === undefined && Array.isArray(normalize) ? normalizer(normalize) : undefined,
      nullIsValue: config.nullKey === 'value',
    },
    window: toWindow(config.window ?? DEFAULT_WINDOW),
    keep: config.keep ?? 'first',
    sequence: config.sequence === undefined ? undefined : deps.field(config.sequence),
    resetTtlOnDuplicate: config.resetTtlOnDuplicate ?? false,
    late: config.late ?? 'pass',
    nullKey: config.nullKey === 'reject' ? 'reject' : 'pass',
    maxKeys: config.maxKeys === undefined ? maxKeys : Math.max(1, Math.min(maxKeys, parseCount(config.maxKeys)!)),
    expectedKeys: config.expectedKeys === undefined ? 0 : Math.min(maxKeys, parseCount(config.expectedKeys)!),
  };
}

function toWindow(window: DedupConfig['window']): DedupWindow {
  if (window === 'all') return { kind: 'all' };
  if (typeof window === 'object') return { kind: 'records', records: parseCount(window.records)! };
  return { kind: 'time', seconds: Math.ceil(parseDuration(window)! / 1000) };
}

function spanOf(window: DedupWindow): number {
  return window.kind === 'time' ? window.seconds : window.kind === 'records' ? window.records : 1;
}

function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
