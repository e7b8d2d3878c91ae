import type { Cells } from './columns.ts';
import type { ImputeState } from './imputer.ts';
import type { Point } from './outliers.ts';
import { SpeedLimit, type StoredLimit } from './speed-limit.ts';

/** A point that left before anything after it was known. */
export interface BlindPoint extends Point {
  readonly origin: unknown;
  readonly key: string | null;
}

/** What is kept of a series. */
export interface Series {
  /** Number of the record it begins with; earlier ones that still wait are not judged. */
  readonly since: number;
  /** Records that came, and that left. */
  arrived: number;
  left: number;
  /** By place in the list of outlier columns. */
  readonly limits: SpeedLimit[];
  readonly last: (Point | undefined)[];
  /** Too fast from the last, which stays the last until the next point tells a spike from a new level. */
  readonly blind: (BlindPoint | undefined)[];
  /** Raw values before the next one to leave, for Hampel. */
  readonly before: number[][];
  /** By place in the list of imputed columns. */
  readonly gaps: ImputeState[];
}

type StoredSeries = readonly [
  since: number,
  arrived: number,
  left: number,
  limits: readonly StoredLimit[],
  last: Series['last'],
  blind: Series['blind'],
  before: Series['before'],
  gaps: readonly ImputeState[],
];

/** A record that waits, as its series sees it. */
export interface Waiting {
  readonly seq: number;
  readonly t: number;
  readonly cells: Cells;
}

const EDGE_CONFIDENCE = 0.75;
/** Rough sizes in memory, bytes. */
const SERIES_BYTES = 400;
const LIMIT_BYTES = 8_400;
const GAP_BYTES = 2_500;
const PAIR_BYTES = 160;

/** How a series lies in a checkpoint, and what it takes. */
export const SERIES_SHAPE = { save: saveSeries, load: loadSeries, size: sizeOf };

/** The next points of a column that waits behind. */
export function ahead(waiting: readonly Waiting[], column: number, most: number): Point[] {
  const found: Point[] = [];
  for (let i = 0; i < waiting.length && found.length < most; i++) {
    const x = waiting[i]!.cells[column];
    if (typeof x === 'number') found.push({ t: waiting[i]!.t, x });
  }
  return found;
}

/** Records behind that lack the column too, up to the next that has it; no more than `most` are counted. */
export function missingIn(waiting: readonly Waiting[], column: number, most: number): number {
  let missing = 0;
  while (missing < waiting.length && missing < most && waiting[missing]!.cells[column] === undefined) missing++;
  return missing;
}

/** How sure it is that a point does not belong: from .75 at the edge of its range towards 1 with the distance. */
export function confidenceOf(
  x: number,
  value: number,
  { last, t, limit }: { readonly last: Point | undefined; readonly t: number; readonly limit: number },
): number {
  if (last === undefined || Number.isNaN(limit)) return EDGE_CONFIDENCE;
  const reach = limit * Math.max(0, t - last.t);
  const beyond = Math.abs(x - value);
  return EDGE_CONFIDENCE + (1 - EDGE_CONFIDENCE) * (beyond / (beyond + reach));
}

function saveSeries(s: Series): StoredSeries {
  return [s.since, s.arrived, s.left, s.limits.map((limit) => limit.save()), s.last, s.blind, s.before, s.gaps];
}

function loadSeries([since, arrived, left, limits, last, blind, before, gaps]: StoredSeries): Series {
  return {
    since,
    arrived,
    left,
    limits: limits.map((stored) => new SpeedLimit(stored)),
    last,
    blind: [...blind],
    before,
    gaps: [...gaps],
  };
}

function sizeOf({ limits, gaps }: Series): number {
  let bytes = SERIES_BYTES + limits.length * LIMIT_BYTES;
  for (const gap of gaps) bytes += GAP_BYTES + PAIR_BYTES * gap.pairs.size;
  return bytes;
}
