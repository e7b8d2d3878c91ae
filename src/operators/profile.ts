import { type Static, Type } from '@sinclair/typebox';
import { ConfigError } from '../core/errors.ts';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from '../core/units.ts';
import { FIGURES } from '../kernels/profile/figures.ts';
import { ProfileKernel, type ProfileOptions } from '../kernels/profile/profile-kernel.ts';
import { profileWork, recordFacts } from '../kernels/profile/value-facts.ts';

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
/** Measured: a field of a window with its sketches full, in bytes. */
const BYTES_PER_CELL = 20_000;

const Config = Type.Object(
  {
    window: Type.Union(
      [
        Type.String({ pattern: DURATION_PATTERN, unit: 'duration' }),
        Type.Object(
          { records: Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: COUNT_PATTERN })]) },
          { additionalProperties: false },
        ),
      ],
      { description: 'What is profiled together: a duration of event time, or a number of records.', default: '1h' },
    ),
    fields: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        maxItems: 1000,
        uniqueItems: true,
        description: 'Fields profiled; default all that come, objects by their inner fields.',
      }),
    ),
    by: Type.Array(Type.String({ minLength: 1 }), {
      maxItems: 3,
      uniqueItems: true,
      description: 'Fields whose values make segments with profiles of their own.',
      default: [],
    }),
    maxSegments: Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'Segments of a window; further ones are profiled together as `overflow`.',
      default: 100,
    }),
    maxFields: Type.Integer({
      minimum: 1,
      maximum: 2000,
      description: 'Fields of a segment; values of further ones are only counted.',
      default: 500,
    }),
    maxCells: Type.Integer({
      minimum: 1,
      description: 'Profiles of fields in memory, over all segments; further ones are only counted (`state.evicted`).',
      default: 5000,
    }),
    quantiles: Type.Array(Type.Number({ minimum: 0, maximum: 1 }), {
      maxItems: 50,
      description: 'Quantiles in the events.',
      default: QUANTILES,
    }),
    top: Type.Integer({ minimum: 0, maximum: 50, description: 'Frequent values in the events.', default: 10 }),
    metrics: Type.Record(
      Type.String(),
      Type.Array(Type.Union(FIGURES.map((figure) => Type.Literal(figure))), { minItems: 1, uniqueItems: true }),
      {
        description: 'Figures of the last window shown as metric `sluice_profile_value`, by field; not with `by`.',
        default: {},
      },
    ),
  },
  { additionalProperties: false },
);

export type ProfileConfig = Static<typeof Config>;

/**
 * Says what the data is like, window by window, and changes nothing.
 * Source: Deequ (Schelter et al. 2018) and pandas-profiling for what a profile holds; the sketches name theirs.
 */
export const profile: Operator<ProfileConfig> = {
  name: 'profile',
  summary: 'Describes every field of each window: nulls, types, distinct, quantiles, frequent values, forms.',
  config: Config,
  example: { window: { records: 1000 }, by: ['country'], metrics: {} },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'partition',
  fields: (config) => ({ reads: [...(config.fields ?? []), ...(config.by ?? [])] }),
  work: (config) => [profileWork(config.fields)],
  validate,
  needsClock: ({ window = '1h' }) => (typeof window === 'string' ? ['window'] : undefined),
  create: (config, deps): Kernel => new ProfileKernel(toOptions(config, deps), deps),
};

function validate(config: ProfileConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const error = (path: string, code: string, message: string) =>
    issues.push({ path: [path], code, message, level: 'error' });
  if (!(windowOf(config).size > 0)) error('window', 'window-empty', 'a window needs a length; write one like `1h`');
  const metrics = Object.keys(config.metrics ?? {});
  if (metrics.length > 0 && (config.by ?? []).length > 0)
    error('metrics', 'profile-metrics', '`metrics` with `by` would be a series a segment; leave one of them out');
  for (const field of metrics)
    if (config.fields !== undefined && !config.fields.includes(field))
      error('metrics', 'profile-metrics', `\`metrics\` names ${field}, which is not among \`fields\`; add it there`);
  return issues;
}

function windowOf({ window = '1h' }: Partial<ProfileConfig>): ProfileOptions['window'] {
  return typeof window === 'string'
    ? { unit: 'ms', size: parseDuration(window)! }
    : { unit: 'records', size: parseCount(window.records)! };
}

function toOptions(config: ProfileConfig, deps: OperatorDeps): ProfileOptions {
  const hidden = (config.by ?? []).find((field) => deps.redacted(field));
  if (hidden !== undefined)
    throw new ConfigError(`step ${deps.step}: \`by\` would show values of ${hidden}, which is redacted`, {
      code: 'profile-redacted',
    });
  const metrics = new Map(Object.entries(config.metrics ?? {}));
  const asked = [...metrics.values()]
    .flat()
    .flatMap((figure) => (/^p\d+$/.test(figure) ? [Number(figure.slice(1)) / 100] : []));
  const quantiles = new Set([...(config.quantiles ?? QUANTILES), ...asked]);
  const fields = config.fields?.map((field) => deps.field(field));
  return {
    window: windowOf(config),
    fields,
    facts: deps.shared?.once(profileWork(config.fields).key, recordFacts(fields)),
    by: (config.by ?? []).map((field) => deps.field(field)),
    maxSegments: config.maxSegments ?? 100,
    maxFields: config.maxFields ?? 500,
    maxCells: Math.max(1, Math.min(config.maxCells ?? 5000, Math.floor(deps.limits.maxStateBytes / BYTES_PER_CELL))),
    quantiles: [...quantiles].sort((a, b) => a - b),
    top: config.top ?? 10,
    metrics,
  };
}
