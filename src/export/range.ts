import { BrokerError, ConfigError } from '../core/errors.ts';
import { parseInstant } from '../core/time.ts';
import { type ExportManifest, RECORD_TIMESTAMP } from './manifest.ts';
import type { PartitionBounds, PartitionRange } from './source.ts';

/** From `since` on, up to and without `until`. */
export type RangeSpec =
  | { readonly by: 'offset'; readonly since: OffsetSpec; readonly until: OffsetSpec }
  | {
      readonly by: 'time';
      /** Field of the value that holds the time; undefined: the timestamp of the record. */
      readonly field?: string;
      /** Milliseconds since the epoch. */
      readonly since?: number;
      readonly until?: number;
      /** The offsets to look at, by partition; a partition that is not among them is not read. Undefined: all there are. */
      readonly within?: ReadonlyMap<number, PartitionRange>;
    };

/** One offset for all partitions, or one each; partitions that are not named are taken whole. */
export type OffsetSpec = number | ReadonlyMap<number, number> | undefined;

export interface RangeFlags {
  readonly since?: string;
  readonly until?: string;
  readonly timeField?: string;
}

const OFFSET = /^\d{1,16}$/;
const OFFSETS = /^\d{1,9}:\d{1,16}(,\d{1,9}:\d{1,16})*$/;

/** Digits are offsets, anything else is an instant. Throws ConfigError for what is neither, or both. */
export function rangeOf({ since, until, timeField }: RangeFlags): RangeSpec {
  const kinds = new Set([since, until].flatMap((text) => (text === undefined ? [] : isOffset(text))));
  if (kinds.size === 2)
    throw new ConfigError('--since and --until: give two offsets, or two instants', { code: 'range-flag' });
  if (kinds.has(false))
    return {
      by: 'time',
      ...(timeField === undefined ? {} : { field: timeField }),
      ...(since === undefined ? {} : { since: instant('--since', since) }),
      ...(until === undefined ? {} : { until: instant('--until', until) }),
    };
  if (timeField !== undefined)
    throw new ConfigError('--time-field says where the times of --since and --until are: give an instant there', {
      code: 'range-flag',
    });
  return { by: 'offset', since: offsets(since), until: offsets(until) };
}

function isOffset(text: string): boolean {
  return OFFSET.test(text) || OFFSETS.test(text);
}

function offsets(text: string | undefined): OffsetSpec {
  if (text === undefined) return undefined;
  if (OFFSET.test(text)) return Number(text);
  return new Map(
    text.split(',').map((pair) => {
      const [partition, offset] = pair.split(':').map(Number);
      return [partition ?? 0, offset ?? 0]; // the form is checked
    }),
  );
}

function instant(flag: string, text: string): number {
  const at = parseInstant(text);
  if (Number.isNaN(at))
    throw new ConfigError(
      `${flag} ${text}: expected an offset (1200, or 0:1200,1:900 by partition) or an instant (2026-01-31T00:00:00Z)`,
      { code: 'range-flag' },
    );
  return at;
}

/**
 * The offsets to read. Throws BrokerError `range-gone` for records that are deleted already, `range-open` for an end that is not
 * written yet: neither could be read again and be the same.
 */
export function offsetRanges(range: RangeSpec, bounds: readonly PartitionBounds[]): readonly PartitionRange[] {
  if (range.by === 'time') return bounds.map((bound) => timeRange(range.within, bound));
  for (const spec of [range.since, range.until])
    for (const partition of spec instanceof Map ? spec.keys() : [])
      if (!bounds.some((one) => one.partition === partition))
        throw new ConfigError(`there is no partition ${partition}: the topic has ${bounds.length}`, {
          code: 'range-flag',
        });
  return bounds.map((bound) => {
    const from = offsetIn(range.since, bound.partition) ?? bound.start;
    const to = offsetIn(range.until, bound.partition) ?? bound.end;
    refuse({ partition: bound.partition, from, to }, bound);
    return { partition: bound.partition, from, to: Math.max(from, to) };
  });
}

function timeRange(within: ReadonlyMap<number, PartitionRange> | undefined, bound: PartitionBounds): PartitionRange {
  const { partition, start, end } = bound;
  if (within === undefined) return { partition, from: start, to: end };
  const range = within.get(partition) ?? { partition, from: start, to: start };
  refuse(range, bound);
  return range;
}

/** The range of an earlier export. */
export function rangeAgain({ range, partitions }: ExportManifest): RangeSpec {
  const found = partitions.flatMap(({ partition, from, to }) =>
    from === undefined || to === undefined ? [] : [{ partition, from, to }],
  );
  if (range.by === 'offset')
    return {
      by: 'offset',
      since: new Map(found.map(({ partition, from }) => [partition, from])),
      until: new Map(found.map(({ partition, to }) => [partition, to])),
    };
  const { of, since, until } = range;
  return {
    by: 'time',
    ...(of === RECORD_TIMESTAMP ? {} : { field: of }),
    ...(since === undefined ? {} : { since: parseInstant(since) }),
    ...(until === undefined ? {} : { until: parseInstant(until) }),
    within: new Map(found.map((one) => [one.partition, one])),
  };
}

function offsetIn(spec: OffsetSpec, partition: number): number | undefined {
  return typeof spec === 'object' ? spec.get(partition) : spec;
}

function refuse({ partition, from, to }: PartitionRange, { start, end }: PartitionBounds): void {
  if (from < start && from < to)
    throw new BrokerError(
      `partition ${partition} begins at offset ${start} by now: records from ${from} on are deleted. Export from ${start}`,
      { code: 'range-gone' },
    );
  if (to > end)
    throw new BrokerError(
      `partition ${partition} is committed up to offset ${end}: a range up to ${to} could still change. Export up to ${end}`,
      { code: 'range-open' },
    );
}
