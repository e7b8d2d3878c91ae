import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator } from '../core/operator.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from '../core/units.ts';
import { CheckWindowKernel } from '../kernels/check-window/check-window-kernel.ts';
import { Expect, nameOf, toSpec, wrongWith } from '../kernels/check-window/expect-config.ts';
import { SegmentedWindowsKernel } from '../kernels/check-window/segmented-windows-kernel.ts';
import { MAX_OVERLAP } from '../kernels/window/windows.ts';

const Duration = (description: string) => Type.String({ pattern: DURATION_PATTERN, unit: 'duration', description });
const Count = (description: string) =>
  Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: COUNT_PATTERN })], { unit: 'count', description });

const Config = Type.Object(
  {
    window: Type.Union(
      [
        Duration('Length in event time.'),
        Type.Object(
          { size: Duration('Length.'), every: Duration('Distance of their starts.') },
          { additionalProperties: false, description: 'Windows that overlap.' },
        ),
        Type.Object({ records: Count('Length in records.') }, { additionalProperties: false }),
      ],
      { description: 'What is judged together.' },
    ),
    expect: Type.Array(Expect, { minItems: 1, maxItems: 200, description: 'What is expected of every window.' }),
    action: Type.Union([Type.Literal('event'), Type.Literal('quarantine')], {
      description:
        'event: records pass at once, windows that fail are events. quarantine: records are held until their window is judged, and rejected together when it fails.',
      default: 'event',
    }),
    partial: Type.Union([Type.Literal('judge'), Type.Literal('skip')], {
      description: 'What of windows cut off by the start or the end of the input: their events say `partial`.',
      default: 'judge',
    }),
    by: Type.Array(Type.String({ minLength: 1 }), {
      maxItems: 4,
      uniqueItems: true,
      description: 'Fields whose values make segments with windows of their own.',
      default: [],
    }),
    maxSegments: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'Segments at most; records of further ones share the segment `(other)`.',
      default: 100,
    }),
    scope: Type.Union([Type.Literal('partition'), Type.Literal('topic')], {
      description: 'Windows of each partition, or of the whole topic brought together.',
      default: 'partition',
    }),
  },
  { additionalProperties: false },
);

export type CheckWindowConfig = Static<typeof Config>;

/**
 * Expectations on windows: what no single record can break. Late records count, windows without records are judged too.
 * Source: Deequ (Schelter et al. 2018) and Great Expectations for the measures and `mostly`.
 */
export const checkWindow: Operator<CheckWindowConfig> = {
  name: 'check-window',
  summary: 'Checks windows of records: counts, rates, freshness, nulls, averages, quantiles, uniqueness, order.',
  config: Config,
  example: {
    window: '1m',
    expect: [
      { measure: 'row-count', min: 1 },
      { measure: 'null-ratio', field: 'price', mostly: 0.98 },
      { measure: 'mean', field: 'price', history: {} },
    ],
  },
  ports: (config) =>
    config.action === 'quarantine'
      ? [
          { name: 'out', fate: 'pass' },
          { name: 'rejected', fate: 'quarantined' },
          { name: 'late', fate: 'late' },
        ]
      : [{ name: 'out', fate: 'pass' }],
  scope: (config) => config.scope ?? 'partition',
  fields: (config) => ({
    reads: [
      ...new Set([
        ...config.expect.flatMap(({ field, key = [] }) => (field === undefined ? key : [field, ...key])),
        ...(config.by ?? []),
      ]),
    ],
  }),
  rules: (config) => config.expect.map(nameOf),
  validate,
  needsClock: ({ window }) => (typeof window === 'string' || 'size' in window ? ['window'] : undefined),
  create: (config, deps): Kernel => {
    const options = {
      window: windowOf(config.window),
      expectations: config.expect.map((expect) => toSpec(expect, deps)),
      holds: config.action === 'quarantine',
      partial: config.partial ?? 'judge',
    };
    const by = (config.by ?? []).map((field) => deps.field(field));
    if (by.length === 0) return new CheckWindowKernel(options, deps);
    return new SegmentedWindowsKernel({ ...options, by, maxSegments: config.maxSegments ?? 100 }, deps);
  },
};

function windowOf(window: CheckWindowConfig['window']) {
  if (typeof window === 'string') {
    const size = parseDuration(window)!;
    return { unit: 'ms', size, every: size } as const;
  }
  if ('size' in window)
    return { unit: 'ms', size: parseDuration(window.size)!, every: parseDuration(window.every)! } as const;
  const size = parseCount(window.records)!;
  return { unit: 'records', size, every: size } as const;
}

function validate(config: CheckWindowConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const error = (path: ConfigIssue['path'], code: string, message: string) =>
    issues.push({ path, code, message, level: 'error' });
  const { unit, size, every } = windowOf(config.window);
  if (!(size > 0 && every > 0)) error(['window'], 'window-empty', 'a window needs a length; write one like `1m`');
  else if (every > size || size / every > MAX_OVERLAP)
    error(['window'], 'window-steps', `\`every\` must lie between the ${MAX_OVERLAP}th part of \`size\` and \`size\``);
  if (config.action === 'quarantine' && every !== size)
    error(
      ['window'],
      'window-overlaps',
      'a record in several windows cannot be held for one; use windows that do not overlap',
    );
  const names = new Set<string>();
  for (const [index, expect] of config.expect.entries()) {
    const name = nameOf(expect);
    if (names.has(name))
      error(['expect', index], 'expectation-name', `two expectations are called ${name}; give one of them a \`name\``);
    names.add(name);
    for (const message of wrongWith(expect, unit)) error(['expect', index], 'expectation', message);
  }
  return issues;
}
