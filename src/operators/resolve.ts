import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { DURATION_PATTERN, parseDuration } from '../core/units.ts';
import { compileNormalizer } from '../kernels/clean/compile-steps.ts';
import { type StepConfig, Steps } from '../kernels/clean/step-schema.ts';
import { stepIssues } from '../kernels/clean/validate-clean.ts';
import { ResolveKernel } from '../kernels/resolve/resolve-kernel.ts';
import { DEFAULT_RESOLVE, type ResolveSettings } from '../kernels/resolve/resolve-settings.ts';

/** Room an open entry may take of the state limit of the topology. */
const BYTES_PER_ENTRY = 1024;

const Count = (description: string, value: number) => Type.Integer({ minimum: 0, description, default: value });
const Field = (description: string, value: string) => Type.String({ minLength: 1, description, default: value });
const Ratio = (description: string, value: number) =>
  Type.Number({ minimum: 0, maximum: 1, description, default: value });

/** An entry closes an hour after its first claim unless it is told otherwise. */
const DEFAULT_AFTER = '1h';

const Config = Type.Object(
  {
    entity: Field('Field that names the object.', 'entity'),
    attribute: Field('Field that names the property of the object.', 'attribute'),
    source: Field('Field that names who claims.', 'source'),
    value: Field('Field with the claimed value; null is no claim, and withdraws an earlier one.', 'value'),
    method: Type.Union(
      [
        Type.Literal('majority'),
        Type.Literal('trust'),
        Type.Literal('trust-copy'),
        Type.Literal('median'),
        Type.Literal('priority'),
      ],
      {
        description:
          'majority: most claims. trust: claims weighted by the accuracy of their source. trust-copy: the same, copied claims count once. median: numbers, units brought together, weighted. priority: the first source of the list that claims something.',
        default: 'trust-copy',
      },
    ),
    normalize: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Steps, {
        description:
          'Cleaning steps by attribute, `*` for the others: values are compared, and given, as they leave them.',
      }),
    ),
    priority: Type.Array(Type.Union([Type.String(), Type.Number()]), {
      description: 'Sources whose claim wins wherever they have one, the first named first; with every method.',
      default: [],
    }),
    close: Type.Object(
      {
        after: Type.Optional(
          Type.String({
            pattern: DURATION_PATTERN,
            description: 'Stream time after the first claim; 1h when the input has a clock.',
          }),
        ),
        idle: Type.Optional(
          Type.String({ pattern: DURATION_PATTERN, description: 'Stream time after the last claim.' }),
        ),
      },
      { additionalProperties: false, default: {}, description: 'What closes an entry; the end of a file closes all.' },
    ),
    minSupport: Type.Integer({ minimum: 1, description: 'Claims a value needs; else port `undecided`.', default: 1 }),
    minMargin: Ratio('Confidence a value must be ahead of the runner-up; a tie is always undecided.', 0),
    copyRate: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'Share of its claims a copier is taken to copy.',
      default: DEFAULT_RESOLVE.copyRate,
    }),
    falseValues: Type.Integer({
      minimum: 2,
      description: 'How many wrong values an attribute could have.',
      default: DEFAULT_RESOLVE.falseValues,
    }),
    gate: Type.Number({
      exclusiveMinimum: 0,
      description: 'Numbers further than this many standard deviations (by MAD) from the median are no evidence.',
      default: DEFAULT_RESOLVE.gate,
    }),
    warmUp: Count('Entries held before the first is given, to learn the sources from.', DEFAULT_RESOLVE.warmUpEntries),
    buffer: Count('Closed entries that late claims and sweeps may still revise.', DEFAULT_RESOLVE.bufferEntries),
    sweepEvery: Count('Closes between two sweeps over the buffer; 0: none.', DEFAULT_RESOLVE.sweepEvery),
    maxOpen: Type.Integer({
      minimum: 1,
      description: 'Open entries at most; beyond, the one opened first closes.',
      default: DEFAULT_RESOLVE.maxOpen,
    }),
    maxSources: Type.Integer({
      minimum: 2,
      maximum: 1000,
      description: 'Sources at most; claims of more are rejected.',
      default: DEFAULT_RESOLVE.maxSources,
    }),
    reportEvery: Count(
      'Closes between two rounds of `source.report` events; 0: at the end alone.',
      DEFAULT_RESOLVE.reportEvery,
    ),
  },
  { additionalProperties: false },
);

export type ResolveConfig = Static<typeof Config>;

/**
 * Conflicting claims of sources become one value:
 * `{entity, attribute, value, confidence, for, against, runnerUp, margin, copies}`, on port `out`, else on `undecided`.
 * Claims are `merged`. A value that changes while its entry is buffered is given again, with an event `resolve.revised`.
 */
export const resolve: Operator<ResolveConfig> = {
  name: 'resolve',
  summary: 'Finds the true value among conflicting claims of sources, weighs sources by trust and counts copies once.',
  config: Config,
  example: { entity: 'entity', attribute: 'attribute', source: 'source', value: 'value', method: 'trust-copy' },
  ports: () => [
    { name: 'out', fate: 'derived' },
    { name: 'undecided', fate: 'derived' },
    { name: 'late', fate: 'late' },
    { name: 'rejected', fate: 'quarantined' },
  ],
  scope: (config) => (config.method === 'priority' || config.method === 'majority' ? 'key' : 'partition'),
  keys: (config) => [config.entity ?? 'entity'],
  needsClock: ({ close }) =>
    close?.after !== undefined ? ['close', 'after'] : close?.idle !== undefined ? ['close', 'idle'] : undefined,
  fields: (config) => ({
    reads: [
      config.entity ?? 'entity',
      config.attribute ?? 'attribute',
      config.source ?? 'source',
      config.value ?? 'value',
    ],
  }),
  validate,
  create: (config, deps): Kernel => {
    const fields = {
      entity: deps.field(config.entity ?? 'entity'),
      attribute: deps.field(config.attribute ?? 'attribute'),
      source: deps.field(config.source ?? 'source'),
      value: deps.field(config.value ?? 'value'),
    };
    return new ResolveKernel(toSettings(config, deps), { fields, normalize: toNormalizers(config) }, deps);
  },
};

function validate(config: ResolveConfig): readonly ConfigIssue[] {
  const issues = Object.entries(config.normalize ?? {}).flatMap(([attribute, steps]) =>
    steps.flatMap((step: StepConfig, s: number) => stepIssues(step, ['normalize', attribute, s])),
  );
  if (config.method === 'priority' && (config.priority ?? []).length === 0)
    issues.push({
      path: ['priority'],
      code: 'resolve-no-priority',
      message: '`method: priority` needs `priority`: name the sources, best first',
      level: 'error',
    });
  return issues;
}

function toNormalizers(config: ResolveConfig): ReadonlyMap<string, (value: unknown) => unknown> {
  return new Map(
    Object.entries(config.normalize ?? {}).map(([attribute, steps]) => [attribute, compileNormalizer(steps)]),
  );
}

function toSettings(config: ResolveConfig, { limits }: OperatorDeps): ResolveSettings {
  const { close = {} } = config;
  const after = close.after ?? (close.idle === undefined ? DEFAULT_AFTER : undefined);
  return {
    ...DEFAULT_RESOLVE,
    method: config.method ?? DEFAULT_RESOLVE.method,
    ...(after === undefined ? {} : { afterMs: parseDuration(after)! }),
    ...(close.idle === undefined ? {} : { idleMs: parseDuration(close.idle)! }),
    priority: config.priority ?? [],
    minSupport: config.minSupport ?? 1,
    minMargin: config.minMargin ?? 0,
    copyRate: config.copyRate ?? DEFAULT_RESOLVE.copyRate,
    falseValues: config.falseValues ?? DEFAULT_RESOLVE.falseValues,
    gate: config.gate ?? DEFAULT_RESOLVE.gate,
    warmUpEntries: config.warmUp ?? DEFAULT_RESOLVE.warmUpEntries,
    bufferEntries: config.buffer ?? DEFAULT_RESOLVE.bufferEntries,
    sweepEvery: config.sweepEvery ?? DEFAULT_RESOLVE.sweepEvery,
    maxOpen: Math.min(
      config.maxOpen ?? DEFAULT_RESOLVE.maxOpen,
      Math.max(1, Math.floor(limits.maxStateBytes / BYTES_PER_ENTRY)),
    ),
    maxSources: config.maxSources ?? DEFAULT_RESOLVE.maxSources,
    reportEvery: config.reportEvery ?? DEFAULT_RESOLVE.reportEvery,
  };
}
