export type OutlierMethod = 'speed' | 'hampel';

/** A point of a series. */
export interface Point {
  readonly t: number;
  readonly x: number;
}

/** Points after one that the speed constraint looks at. */
export const SPEED_AHEAD = 2;
/** Points before and after one that Hampel looks at: a window of seven. */
export const HAMPEL_SIDE = 3;
const HAMPEL_FACTOR = 3;
/** MAD to standard deviation for a normal distribution. */
const MAD_TO_SIGMA = 1.4826;

/**
 * The value a point should have under a speed limit; its own when it is none of the too fast.
 *
 * Idea: a spike is too fast from the last (repaired) point and away from what comes next. The median of the point and
 * the ranges its next two leave it is taken, moved into the range the last one leaves. A point that either side
 * explains stays: a step to a new level is no spike.
 * Example: last {t: 0, x: 1}, point {t: 1, x: 9}, next 1 and 1.2, limit .5: 1.5
 * Source: Song et al. 2015 (SCREEN), section 3, for the median; that both sides must disagree is ours.
 */
export function speedRepair(last: Point | undefined, { t, x }: Point, next: readonly Point[], limit: number): number {
  if (last === undefined || next.length === 0 || !(t > last.t)) return x;
  const reach = limit * (t - last.t);
  if (Math.abs(x - last.x) <= reach) return x;
  const values = [x];
  for (let i = 0; i < next.length && i < SPEED_AHEAD; i++) {
    const room = limit * Math.max(0, next[i]!.t - t);
    values.push(next[i]!.x - room, next[i]!.x + room);
  }
  const middle = median(values);
  return middle === x ? x : Math.min(last.x + reach, Math.max(last.x - reach, middle));
}

/**
 * The median of a centred window when the point is more than three deviations (by MAD) from it, else the point.
 *
 * A window in which most values are equal has no deviation: it judges nobody.
 * Source: Hampel 1974; Pearson 2002 for the centred filter.
 */
export function hampelRepair(before: readonly number[], x: number, after: readonly number[]): number {
  if (before.length < HAMPEL_SIDE || after.length < HAMPEL_SIDE) return x;
  const window = [...before.slice(-HAMPEL_SIDE), x, ...after.slice(0, HAMPEL_SIDE)];
  const middle = median(window);
  const deviation = MAD_TO_SIGMA * median(window.map((value) => Math.abs(value - middle)));
  return deviation > 0 && Math.abs(x - middle) > HAMPEL_FACTOR * deviation ? middle : x;
}

/** Of an odd number of values. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
