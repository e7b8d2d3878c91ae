import { ConfigError, StateError } from '../core/errors.ts';
import { matches, type QuarantineEntry, type QuarantineFilter } from './entry.ts';

/** What a replay was asked for. It stays the same for as long as the replay goes on. */
export interface ReplayRequest {
  readonly filter: QuarantineFilter;
  /** `--since` and `--until` as they were typed: durations mean another instant each time. */
  readonly times: readonly [since: string | null, until: string | null];
  readonly maxAttempts: number;
  /** Hash of the fix; null without one. */
  readonly fix: string | null;
}

/** How far a replay is in one partition of the quarantine: offsets from `from` up to `next` are done, those up to `end` belong to it. */
export interface ReplayPlace {
  readonly partition: number;
  readonly from: number;
  readonly next: number;
  readonly end: number;
  /** Records sent back so far. */
  readonly sent: number;
}

/** A replay on Kafka as its group remembers it: everything stands in the offsets and their metadata. */
export interface ReplayRun {
  readonly run: string;
  readonly request: ReplayRequest;
  readonly places: readonly ReplayPlace[];
}

interface Saved extends ReplayRequest {
  readonly r: typeof VERSION;
  readonly from: number;
  readonly end: number;
  readonly sent: number;
}

const VERSION = 1;
/** What brokers keep by default (`offset.metadata.max.bytes`). */
const MAX_METADATA_BYTES = 4096;

/** Metadata of a committed offset. Throws ConfigError when the filters are too long for it. */
export function placeMetadata({ from, end, sent }: ReplayPlace, request: ReplayRequest): string {
  const saved: Saved = { r: VERSION, from, end, sent, ...request };
  const text = JSON.stringify(saved);
  if (Buffer.byteLength(text) > MAX_METADATA_BYTES)
    throw new ConfigError('the filters are too long: several replays with fewer conditions do the same', {
      code: 'replay-filters',
    });
  return text;
}

/** Undefined for a group without offsets. Throws StateError for offsets that no replay has written. */
export function readRun(
  run: string,
  group: string,
  found: readonly ({ readonly offset: number; readonly metadata: string | null } | undefined)[],
): ReplayRun | undefined {
  let request: ReplayRequest | undefined;
  const places: ReplayPlace[] = [];
  for (const [partition, one] of found.entries()) {
    if (one === undefined) continue;
    const { r, from, end, sent, ...rest } = parse(one.metadata);
    if (r !== VERSION)
      throw new StateError(
        `the offsets of group ${group} are not those of a replay: somebody has set them. Delete the group to forget that replay`,
        { code: 'replay-offsets' },
      );
    request = rest;
    places.push({ partition, from, next: one.offset, end, sent });
  }
  return request && { run, request, places };
}

export function isDone({ places }: ReplayRun): boolean {
  return places.every(({ next, end }) => next >= end);
}

export function sentBy({ places }: ReplayRun): number {
  return places.reduce((sum, { sent }) => sum + sent, 0);
}

/** The replay has come by this entry, and chosen it. */
export function hasTaken({ request, places }: ReplayRun, entry: QuarantineEntry): boolean {
  const place = places.find(({ partition }) => partition === entry.partition);
  if (place === undefined || entry.at < place.from || entry.at >= place.next) return false;
  return entry.attempt < request.maxAttempts && matches(entry, request.filter);
}

/** The same question, whenever it was asked. */
export function isSame(a: ReplayRequest, b: ReplayRequest): boolean {
  const text = ({ filter: { where, fields }, times, maxAttempts, fix }: ReplayRequest) =>
    JSON.stringify([where.map(({ key, value }) => [key, value]), fields, times, maxAttempts, fix]);
  return text(a) === text(b);
}

function parse(metadata: string | null): Saved {
  try {
    return JSON.parse(metadata ?? '{}') as Saved; // judged by its version
  } catch {
    return {} as Saved; // text of another tool
  }
}
