import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from '../core/units.ts';
import { compileCel } from '../kernels/cel/cel.ts';
import { celFields, celIssue } from '../kernels/cel/issue.ts';
import { NUMBER_METHODS } from '../kernels/repair/imputer.ts';
import { DEFAULT_BOUNDS } from '../kernels/repair/judge.ts';
import { type DependencyText, parseDependency } from '../kernels/repair/parse-dependency.ts';
import { RepairKernel } from '../kernels/repair/repair-kernel.ts';
import type { DependencySetting, RepairSettings } from '../kernels/repair/repair-settings.ts';

/** Enough for a group to have support before its first record leaves. */
const DEFAULT_GRACE_RECORDS = 1_000;

const IMPUTE_METHODS = [...NUMBER_METHODS, 'mode'] as const;
/** The last value is worse than the mean after a few steps (METHODS 7.4). */
const DEFAULT_LIMIT = 3;
/** Each method has a gate of its own: length of the gap, correlation, gain over the mean. */
const DEFAULT_IMPUTE_BOUND = 0;

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

const Config = Type.Object(
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

export type RepairConfig = Static<typeof Config>;

/**
 * Repairs values by what other records say: dependencies between fields, spellings of frequent values, spikes in and
 * gaps of series.
 *
 * Shapes: any record; fields that hold one value (text, number, true or false) take part. Every change leaves evidence
 * with method and confidence; what became clear after a record had left is on port `corrections`:
 * `{origin, key?, field, old, new, method, confidence}`.
 * Cost: some µs a record and dependency; state: counts by left side, bounded by the state limit.
 * Source: METHODS 7; docs/repair.md.
 */
export const repair: Operator<RepairConfig> = {
  name: 'repair',
  summary:
    'Mends what contradicts other records: dependencies, spelling, spikes and gaps, with evidence of every change.',
  config: Config,
  example: { dependencies: ['zip -> city'], spelling: { fields: ['city'] }, grace: { records: 100 }, scope: 'topic' },
  ports: () => [
    { name: 'out', fate: 'pass' },
    { name: 'corrections', fate: 'derived' },
  ],
  scope: (config) =>
    config.scope ?? (config.key !== undefined && config.dependencies === undefined ? 'key' : 'partition'),
  keys: (config) => config.key ?? [],
  fields: (config) => fieldUse(config),
  validate,
  needsClock: ({ grace }) => (grace?.time === undefined ? undefined : ['grace', 'time']),
  create: (config: RepairConfig, deps: OperatorDeps): Kernel => new RepairKernel(toSettings(config), deps),
};

function dependenciesOf(config: RepairConfig): readonly DependencyText[] {
  return (config.dependencies ?? []).flatMap((dependency) => parseDependency(dependency) ?? []);
}

function fieldUse(config: RepairConfig) {
  const dependencies = dependenciesOf(config);
  const spelled = config.spelling?.fields ?? [];
  const numbers = [...(config.outliers?.fields ?? []), ...(config.impute?.fields ?? [])];
  const written = new Set([...dependencies.flatMap(({ from, to }) => [...from, ...to]), ...spelled, ...numbers]);
  const conditions = dependencies.flatMap(({ when }) => (when === undefined ? [] : celFields(when)));
  const keep = config.keep ?? [];
  return {
    reads: [...new Set([...written, ...conditions, ...(config.key ?? []), ...(config.impute?.by ?? [])])],
    writes: [...written].filter((field) => !keep.includes(field)),
  };
}

function validate(config: RepairConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { dependencies = [], bounds } = config;
  for (const [d, dependency] of dependencies.entries()) {
    const parsed = parseDependency(dependency);
    if (parsed === undefined) {
      const message = `${JSON.stringify(dependency)} is no dependency: write it as \`zip -> city\` or \`{ from: [a, b], to: c }\``;
      issues.push({ path: ['dependencies', d], level: 'error', code: 'repair-dependency', message });
      continue;
    }
    const both = parsed.to.find((field) => parsed.from.includes(field));
    if (both !== undefined) {
      const message = `\`${both}\` stands on both sides: take it out of one`;
      issues.push({ path: ['dependencies', d], level: 'error', code: 'repair-both-sides', message });
    }
    const wrong = parsed.when === undefined ? undefined : celIssue(parsed.when, ['dependencies', d, 'when']);
    if (wrong !== undefined) issues.push(wrong);
  }
  const { spelling, outliers, impute } = config;
  if (dependencies.length === 0 && spelling === undefined && outliers === undefined && impute === undefined) {
    const message = 'there is nothing to repair by: give `dependencies`, `spelling`, `outliers` or `impute`';
    issues.push({ path: [], level: 'error', code: 'repair-nothing', message });
  }
  if ((bounds?.flag ?? DEFAULT_BOUNDS.flag) > (bounds?.repair ?? DEFAULT_BOUNDS.repair)) {
    const message = '`bounds.flag` is above `bounds.repair`: what is surer than a change would only be suggested';
    issues.push({ path: ['bounds', 'flag'], level: 'error', code: 'repair-bounds', message });
  }
  return issues;
}

function toSettings(config: RepairConfig): RepairSettings {
  const { grace = {}, bounds = {} } = config;
  const records = grace.records === undefined ? undefined : parseCount(grace.records);
  const byTime = grace.time === undefined ? undefined : parseDuration(grace.time);
  return {
    mode: config.mode ?? 'repair',
    dependencies: dependenciesOf(config).map(toDependency),
    infer: config.infer ?? true,
    spelling: config.spelling?.fields ?? [],
    key: config.key ?? [],
    ...numberSettings(config),
    keep: config.keep ?? [],
    bounds: { ...DEFAULT_BOUNDS, ...bounds },
    graceRecords: records ?? (byTime === undefined ? DEFAULT_GRACE_RECORDS : Number.POSITIVE_INFINITY),
    graceMs: byTime,
  };
}

function numberSettings({ outliers, impute, key }: RepairConfig): Pick<RepairSettings, 'outliers' | 'impute'> {
  const methods: readonly string[] = impute?.methods ?? IMPUTE_METHODS;
  return {
    ...(outliers === undefined
      ? {}
      : {
          outliers: {
            fields: outliers.fields,
            method: outliers.method ?? 'speed',
            ...(outliers.maxSpeed === undefined
              ? {}
              : { limit: outliers.maxSpeed.change / parseDuration(outliers.maxSpeed.per)! }),
          },
        }),
    ...(impute === undefined
      ? {}
      : {
          impute: {
            fields: impute.fields,
            methods: NUMBER_METHODS.filter((method) => methods.includes(method)),
            limit: impute.limit ?? DEFAULT_LIMIT,
            by: methods.includes('mode') ? (impute.by ?? key) : undefined,
            bound: impute.bound ?? DEFAULT_IMPUTE_BOUND,
          },
        }),
  };
}

function toDependency({ from, to, when, sure }: DependencyText): DependencySetting {
  if (when === undefined) return { from, to, sure };
  const condition = compileCel(when);
  return { from, to, sure, applies: (data) => condition.test(data) === true };
}
