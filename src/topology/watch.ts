import { parseCount, parseDuration } from '../core/units.ts';
import { codecOf, defaultOutputFormat, type FormatRegistry } from './inputs.ts';
import type { Issues } from './issues.ts';
import type { BreakerPlan, InputPlan, Plan, PlanRequirement, SinkPlan, SlicesPlan } from './plan.ts';
import type { TopologySpec } from './schema.ts';

/** Fewest records a breaker judges by: at 100 a share is known to within about a tenth. */
const DEFAULT_MIN_RECORDS = 100;
/** Pairs of fields grow with the square. */
const MAX_FIELDS_IN_PAIRS = 6;

interface WatchContext {
  readonly spec: TopologySpec;
  readonly inputs: readonly InputPlan[];
  readonly issues: Issues;
  /** Fields whose values must not show. */
  readonly redact: readonly string[];
}

export interface WatchPlan {
  readonly breaker?: BreakerPlan;
  readonly slices?: SlicesPlan;
  readonly score?: NonNullable<Plan['score']>;
  readonly needsClock?: readonly PlanRequirement[];
}

/** `breaker:`, `slices:` and `events.score` with units read and defaults filled in. */
export function planWatch(context: WatchContext): WatchPlan {
  const breaker = planBreaker(context);
  const slices = planSlices(context);
  const score = planScore(context);
  const needsClock = context.inputs.every((input) => input.eventTime !== undefined)
    ? []
    : [
        ...(breaker?.unit === 'ms' ? [clockFor(context, 'breaker', ['breaker', 'open', 'over'])] : []),
        ...(score?.unit === 'ms' ? [clockFor(context, 'score', ['events', 'score'])] : []),
      ];
  return {
    ...(breaker === undefined ? {} : { breaker }),
    ...(slices === undefined ? {} : { slices }),
    ...(score === undefined ? {} : { score }),
    ...(needsClock.length === 0 ? {} : { needsClock }),
  };
}

function clockFor({ issues }: WatchContext, step: string, path: readonly string[]): PlanRequirement {
  const key = path.join('.');
  return {
    step,
    message: `${key} is a time, but the input has no clock`,
    remedy: `add \`eventTime\` to the input, or write \`${path.at(-1)}: { records: 1000 }\``,
    position: issues.position(path),
  };
}

function planScore({ spec, issues }: WatchContext): WatchPlan['score'] {
  const score = spec.events === 'none' ? undefined : spec.events?.score;
  if (score === undefined) return undefined;
  const window = span(score);
  if (!(window.over > 0))
    issues.add({
      path: ['events', 'score'],
      code: 'wrong-value',
      message: 'events.score: a window needs a length',
      remedy: 'write one like `5m`, or `{ records: 10000 }`',
    });
  return window;
}

/** A sink no edge leads to: an open breaker writes to it what it takes from the others. */
export function divertedSink(
  spec: TopologySpec,
  context: { readonly inputs: readonly InputPlan[]; readonly formats: FormatRegistry },
): readonly SinkPlan[] {
  if (spec.breaker === undefined) return [];
  const format = defaultOutputFormat(context.inputs);
  const codec = codecOf(context.inputs, format) ?? context.formats(format, {});
  const topic = divertedTopic(spec);
  return [{ kind: 'topic', edges: [], fates: [], steps: [], topic, role: 'output', codec, findings: 'header' }];
}

export function divertedTopic(spec: TopologySpec): string {
  return `${spec.name}.diverted`;
}

function planBreaker({ spec, issues }: WatchContext): BreakerPlan | undefined {
  if (spec.breaker === undefined) return undefined;
  const { open, close, action } = spec.breaker;
  const opens = span(open.over);
  const closes = close === undefined ? opens : span(close.over);
  const path = ['breaker', 'close'];
  if (opens.unit !== closes.unit)
    issues.add({
      path: [...path, 'over'],
      code: 'breaker-units',
      message: 'breaker.open.over and breaker.close.over: one is a time, the other a number of records',
      remedy: 'write both as a duration or both as `{ records: … }`',
    });
  const quarantined = close?.quarantined ?? open.quarantined / 2;
  if (close !== undefined && (quarantined >= open.quarantined || open.quarantined === 0))
    issues.add({
      path: [...path, 'quarantined'],
      code: 'breaker-flaps',
      message: `it would open again as soon as it has closed: it closes at ${quarantined} and opens at ${open.quarantined}`,
      remedy: `write a share below ${open.quarantined}, for example ${open.quarantined / 2}`,
    });
  for (const [key, { over }] of [['open', opens] as const, ['close', closes] as const])
    if (!(over > 0))
      issues.add({
        path: ['breaker', key, 'over'],
        code: 'wrong-value',
        message: `breaker.${key}.over: a window needs a length`,
        remedy: 'write one like `1m`',
      });
  return {
    unit: opens.unit,
    action,
    open: {
      quarantined: open.quarantined,
      over: opens.over,
      minRecords: Math.max(1, parseCount(open.minRecords ?? DEFAULT_MIN_RECORDS) ?? DEFAULT_MIN_RECORDS),
    },
    close: { quarantined, over: closes.over },
    topic: divertedTopic(spec),
  };
}

type Span = string | { readonly records: number | string };

function span(over: Span): { readonly unit: 'ms' | 'records'; readonly over: number } {
  return typeof over === 'string'
    ? { unit: 'ms', over: parseDuration(over) ?? 0 }
    : { unit: 'records', over: parseCount(over.records) ?? 0 };
}

function planSlices({ spec, issues, redact }: WatchContext): SlicesPlan | undefined {
  if (spec.slices === undefined) return undefined;
  const { over, against, conditions = 1 } = spec.slices;
  for (const [index, field] of over.entries())
    if (redact.includes(field))
      issues.add({
        path: ['slices', 'over', index],
        code: 'slices-redacted',
        message: `slices are named by values of \`${field}\`, which is redacted, masked or hashed`,
        remedy: 'leave it out of `slices.over`',
      });
  if (conditions === 2 && over.length > MAX_FIELDS_IN_PAIRS)
    issues.add({
      path: ['slices', 'over'],
      code: 'slices-many',
      message: `pairs over ${over.length} fields are more than is kept in memory; expected at most ${MAX_FIELDS_IN_PAIRS} fields`,
      remedy: 'name fewer fields, or write `conditions: 1`',
    });
  return { over, against, conditions: conditions === 2 ? 2 : 1 };
}
