import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { parseCount, parseDuration } from '../core/units.ts';
import { compileCel } from '../kernels/cel/cel.ts';
import { celFields, celIssue } from '../kernels/cel/issue.ts';
import { NUMBER_METHODS } from '../kernels/repair/imputer.ts';
import { DEFAULT_BOUNDS } from '../kernels/repair/judge.ts';
import { type DependencyText, parseDependency } from '../kernels/repair/parse-dependency.ts';
import { RepairKernel } from '../kernels/repair/repair-kernel.ts';
import {
  DEFAULT_GRACE_RECORDS,
  DEFAULT_IMPUTE_BOUND,
  DEFAULT_LIMIT,
  IMPUTE_METHODS,
  type RepairConfig,
  RepairSchema,
} from '../kernels/repair/repair-schema.ts';
import type { DependencySetting, RepairSettings } from '../kernels/repair/repair-settings.ts';

export type { RepairConfig };

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
  config: RepairSchema,
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
