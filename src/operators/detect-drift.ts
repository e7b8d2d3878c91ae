import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from '../core/units.ts';
import { compileCel } from '../kernels/cel/cel.ts';
import { celFields, celIssue } from '../kernels/cel/issue.ts';
import { DriftKernel } from '../kernels/drift/drift-kernel.ts';
import type { DriftSettings } from '../kernels/drift/drift-settings.ts';
import { storedReferences } from '../kernels/drift/stored-reference.ts';

/** Rows a reference should have at least, so that the promise on false alarms is kept. */
const ENOUGH_ROWS = 2000;
const DEFAULT_ROWS = 10_000;

const Name = Type.String({ minLength: 1 });
const Count = (description: string) =>
  Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: COUNT_PATTERN })], { unit: 'count', description });
const Duration = (description: string) => Type.String({ pattern: DURATION_PATTERN, unit: 'duration', description });

const Config = Type.Object(
  {
    fields: Type.Record(Name, Type.Union([Type.Literal('numeric'), Type.Literal('categorical')]), {
      description:
        'Fields to watch. numeric: location, scale, nulls, what is no number. categorical: shares, new values, nulls.',
      default: {},
    }),
    reference: Type.Optional(
      Type.Union(
        [
          Type.Object(
            { records: Count('Records of the warm-up, for each field and segment; 2,000 at least keep the promise.') },
            { additionalProperties: false },
          ),
          Type.Object(
            {
              file: Type.String({
                minLength: 1,
                description: 'Events of an earlier run; its `drift.referenced` are the reference.',
              }),
              from: Type.Optional(
                Type.String({ minLength: 1, description: '`<topology>/<step>` of that run, when it was another one.' }),
              ),
            },
            { additionalProperties: false },
          ),
        ],
        {
          description: `What is usual: the first records (${DEFAULT_ROWS} when left out), or a stored reference. Frozen then.`,
        },
      ),
    ),
    falseAlarmEvery: Type.Object(
      {
        records: Count('Records expected between two false alarms, over all fields, charts and segments of the step.'),
      },
      {
        additionalProperties: false,
        description: 'The promise thresholds are solved for.',
        default: { records: '1M' },
      },
    ),
    guarantee: Type.Union(
      [
        Type.Literal('none'),
        Type.Literal('run-length'),
        Type.Object(
          {
            falseDiscoveries: Type.Number({ exclusiveMinimum: 0, maximum: 0.5, description: 'Share of wrong alarms.' }),
            every: Type.Object(
              { records: Count('Records of a segment that are tested together.') },
              { additionalProperties: false },
            ),
          },
          { additionalProperties: false },
        ),
      ],
      {
        description:
          'run-length: the run length of numeric fields and rates is proved instead of solved for (e-detectors), for independent records; later by half and more. falseDiscoveries: for many fields, windows of all of them are tested together (Benjamini-Hochberg, LORD) instead of charts.',
        default: 'none',
      },
    ),
    by: Type.Array(Name, {
      maxItems: 4,
      description: 'Fields whose values make segments with a reference of their own.',
      default: [],
    }),
    maxSegments: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'Segments at most; records of further ones share the segment `(other)`.',
      default: 100,
    }),
    season: Type.Union(
      [Type.Literal('auto'), Type.Literal('none'), Type.Literal('hour-of-day'), Type.Literal('hour-of-week')],
      {
        description:
          'Buckets of the reference in UTC. auto: by hour of the week from four weeks on, by hour of the day from two days on, where it shows.',
        default: 'auto',
      },
    ),
    minEffect: Type.Object(
      {
        js: Type.Number({ minimum: 0, maximum: 1, description: 'Jensen-Shannon divergence, base 2.', default: 0.05 }),
        sd: Type.Number({ minimum: 0, description: 'Shift in standard deviations.', default: 0.1 }),
      },
      {
        additionalProperties: false,
        description: 'Beside the evidence an alarm needs one of these effects.',
        default: { js: 0.05, sd: 0.1 },
      },
    ),
    holdOff: Type.Union(
      [
        Duration('Stream time.'),
        Type.Object({ records: Count('Records of the field.') }, { additionalProperties: false }),
      ],
      {
        description:
          'After an alarm a field is quiet at least this long, and until it looks usual again. It is also the window of stream time that makes alarms of several partitions one incident (a day or more when in records).',
        default: { records: 2000 },
      },
    ),
    rebaseline: Type.Union(
      [
        Type.Literal('never'),
        Type.Object(
          { after: Type.Object({ records: Count('Records in drift.') }, { additionalProperties: false }) },
          { additionalProperties: false },
        ),
      ],
      {
        description:
          'When a field that stays in drift takes a new reference. never: only by `sluice run --rebaseline`.',
        default: 'never',
      },
    ),
    rates: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9-]*$' }),
      Type.Union([
        Type.Object({ finding: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
        Type.Object({ when: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
      ]),
      {
        description:
          'Shares of records to watch, by a name of your own: `{ finding: rule }` (`"*"`: any finding) or `{ when: CEL }`, for duplicates, disagreement and the like.',
        default: {},
      },
    ),
    target: Type.Optional(
      Type.Union(
        [
          Type.Object({ prediction: Name, label: Name }, { additionalProperties: false }),
          Type.Object({ error: Name }, { additionalProperties: false }),
        ],
        { description: 'Watches a model: prediction against label, or a field that says whether it erred (true, 1).' },
      ),
    ),
    volume: Type.Optional(
      Type.Object(
        {
          every: Duration('Interval that records are counted in.'),
          reference: Type.Integer({ minimum: 30, description: 'Intervals of the warm-up.', default: 1440 }),
        },
        {
          additionalProperties: false,
          description: 'Watches the number of records an interval, and silences of three times the longest one known.',
        },
      ),
    ),
    freshness: Type.Boolean({
      description: 'Watches the time from event to arrival (the timestamp of the record).',
      default: false,
    }),
    certify: Type.Boolean({
      description: 'Says the drift epoch of this step in the certificates of outputs with `certificate: full`.',
      default: false,
    }),
    epoch: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Field that gets the number of the drift epoch: it rises with every alarm, recovery and new baseline.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type DetectDriftConfig = Static<typeof Config>;

/**
 * Watches fields for drift with a kept promise on false alarms; every record passes.
 *
 * Idea: values become standard normal scores under a frozen reference (randomized, so ties, skew and seasons do not
 * matter) divided by their long-run deviation, and CUSUM charts with a known run length add them up.
 * Cost: about 250 ns a numeric value; 7 KB a numeric field, 25 KB a categorical one, and 10 bytes a warm-up value.
 *
 * Source: docs/drift.md with all papers.
 */
export const detectDrift: Operator<DetectDriftConfig> = {
  name: 'detect-drift',
  summary: 'Watches fields, rates and models for drift, with a promise on how rare false alarms are.',
  config: Config,
  example: {
    fields: { temperature: 'numeric', state: 'categorical' },
    reference: { records: 2000 },
    falseAlarmEvery: { records: '1M' },
  },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'partition',
  commands: ['rebaseline'],
  needsClock: (config) =>
    config.volume !== undefined ? ['volume'] : typeof config.holdOff === 'string' ? ['holdOff'] : undefined,
  fields: (config) => ({
    reads: [
      ...Object.keys(config.fields ?? {}),
      ...(config.by ?? []),
      ...Object.values(config.rates ?? {}).flatMap((rate) => ('when' in rate ? celFields(rate.when) : [])),
      ...Object.values(config.target ?? {}),
    ],
    ...(config.epoch === undefined ? {} : { writes: [config.epoch] }),
  }),
  validate,
  create: async (config, deps): Promise<Kernel> => new DriftKernel(await toSettings(config, deps), deps),
};

function validate(config: DetectDriftConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { fields = {}, rates = {}, reference, by = [] } = config;
  const watched = Object.keys(fields).length + Object.keys(rates).length;
  if (watched === 0 && config.target === undefined && config.volume === undefined && config.freshness !== true)
    issues.push({
      path: ['fields'],
      code: 'drift-nothing',
      message: 'there is nothing to watch: name fields, as in `fields: { temperature: numeric }`',
      level: 'error',
    });
  for (const [name, rate] of Object.entries(rates)) {
    if (Object.hasOwn(fields, name))
      issues.push({
        path: ['rates', name],
        code: 'drift-name-twice',
        message: `a field is called '${name}' too: alarms could not be told apart, choose another name for the rate`,
        level: 'error',
      });
    const issue = 'when' in rate ? celIssue(rate.when, ['rates', name, 'when']) : undefined;
    if (issue !== undefined) issues.push(issue);
  }
  const unproved =
    Object.entries(fields).find(([, kind]) => kind === 'categorical')?.[0] ?? (config.target && 'target');
  if (config.guarantee === 'run-length' && unproved !== undefined)
    issues.push({
      path: ['guarantee'],
      code: 'drift-unproved',
      message: `${unproved} is watched by tests whose false alarms are solved for: \`guarantee\` speaks of numeric fields, rates and nulls only`,
      level: 'warn',
    });
  const records = reference !== undefined && 'records' in reference ? parseCount(reference.records) : undefined;
  if (records !== undefined && records < ENOUGH_ROWS)
    issues.push({
      path: ['reference', 'records'],
      code: 'drift-small-reference',
      message: `a reference of ${records} records is too small to keep \`falseAlarmEvery\`: take ${ENOUGH_ROWS} or more`,
      level: 'warn',
    });
  if (reference !== undefined && 'file' in reference && by.length > 0)
    issues.push({
      path: ['reference', 'file'],
      code: 'drift-stored-segments',
      message: 'a stored reference knows no segments: leave out `by`, or learn from the first records',
      level: 'error',
    });
  return issues;
}

async function toSettings(config: DetectDriftConfig, deps: OperatorDeps): Promise<DriftSettings> {
  const { reference, volume, holdOff, rebaseline, minEffect } = config;
  const fields = Object.entries(config.fields ?? {}).map(([name, kind]) => ({ slot: deps.field(name), kind, name }));
  const stored =
    reference !== undefined && 'file' in reference
      ? storedReferences(await deps.readFile(reference.file), {
          file: reference.file,
          from: reference.from ?? `${deps.topology}/${deps.step}`,
          fields,
        })
      : undefined;
  return {
    fields,
    rates: Object.entries(config.rates ?? {}).map(([name, rate]) => ({ name, test: rateTest(rate) })),
    target: config.target === undefined ? undefined : targetTest(config.target, deps),
    volume:
      volume === undefined
        ? undefined
        : { everyMs: Math.max(1, parseDuration(volume.every) ?? 0), referenceIntervals: volume.reference ?? 1440 },
    freshness: config.freshness ?? false,
    by: (config.by ?? []).map((name) => deps.field(name)),
    maxSegments: config.maxSegments ?? 100,
    falseAlarmEvery: count(config.falseAlarmEvery?.records, 1_000_000),
    column: {
      guarantee: typeof config.guarantee === 'object' ? 'discoveries' : (config.guarantee ?? 'none'),
      referenceRecords: count(
        reference !== undefined && 'records' in reference ? reference.records : undefined,
        DEFAULT_ROWS,
      ),
      minJs: minEffect?.js ?? 0.05,
      minSd: minEffect?.sd ?? 0.1,
      holdOffRecords: typeof holdOff === 'string' ? 1 : count(holdOff?.records, 2000),
      holdOffMs: typeof holdOff === 'string' ? (parseDuration(holdOff) ?? 0) : 0,
      season: config.season ?? 'auto',
      rebaselineAfter: rebaseline === undefined || rebaseline === 'never' ? 0 : count(rebaseline.after.records, 0),
    },
    discoveries:
      typeof config.guarantee === 'object'
        ? { rate: config.guarantee.falseDiscoveries, everyRecords: count(config.guarantee.every.records, 1000) }
        : undefined,
    certify: config.certify ?? false,
    epoch: config.epoch === undefined ? undefined : deps.field(config.epoch),
    stored,
  };
}

function count(value: string | number | undefined, otherwise: number): number {
  return value === undefined ? otherwise : (parseCount(value) ?? otherwise);
}

function rateTest(rate: { readonly finding: string } | { readonly when: string }): (record: DataRecord) => boolean {
  if ('finding' in rate) {
    const { finding } = rate;
    if (finding === '*') return (record) => record.findings.length > 0;
    return (record) => record.findings.some(({ rule }) => rule === finding);
  }
  const condition = compileCel(rate.when);
  return (record) => condition.test(record.data) === true;
}

/** undefined where one of both is missing: such a record says nothing about the model. */
function targetTest(
  target: NonNullable<DetectDriftConfig['target']>,
  deps: OperatorDeps,
): (record: DataRecord) => boolean | undefined {
  if ('error' in target) {
    const slot = deps.field(target.error);
    return (record) => {
      const value = slot.get(record);
      if (typeof value === 'boolean') return value;
      return value === 0 || value === 1 ? value === 1 : undefined;
    };
  }
  const [prediction, label] = [deps.field(target.prediction), deps.field(target.label)];
  return (record) => {
    const [said, is] = [prediction.get(record), label.get(record)];
    return said == null || is == null ? undefined : said !== is;
  };
}
