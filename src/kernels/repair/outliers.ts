import { medianOf } from '../sketch/median.ts';

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
 * Idea: a spike is too fast from the last (repaired) point and away from what comes next: it is not the median of itself
 * and the ranges the next two points leave it. A point that either side explains stays: a step to a new level is no
 * spike. The repair lies on the line between its neighbors where these agree, else the median is moved into reach.
 * Example: last {t: 0, x: 1}, point {t: 1, x: 9}, next 2 at t: 2, limit 1: 1.5
 * Source: Song et al. 2015 (SCREEN), section 3, for the median; that both sides must disagree, and the line, are ours.
 */
export function speedRepair(last: Point | undefined, { t, x }: Point, next: readonly Point[], limit: number): number {
  const after = next[0];
  if (last === undefined || after === undefined || !(t > last.t)) return x;
  if (!isTooFast(last, { t, x }, limit)) return x;
  const reach = limit * (t - last.t);
  const values = [x];
  for (let i = 0; i < next.length && i < SPEED_AHEAD; i++) {
    const room = limit * Math.max(0, next[i]!.t - t);
    values.push(next[i]!.x - room, next[i]!.x + room);
  }
  const middle = medianOf(values);
  if (middle === x) return x;
  if (after.t > t && Math.abs(after.x - last.x) <= limit * (after.t - last.t))
    return last.x + ((after.x - last.x) * (t - last.t)) / (after.t - last.t);
  return Math.min(last.x + reach, Math.max(last.x - reach, middle));
}

/** Whether a series would have had to move faster than its limit to get from one point to a later one. */
export function isTooFast(from: Point, to: Point, limit: number): boolean {
  return to.t > from.t && Math.abs(to.x - from.x) > limit * (to.t - from.t);
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
  const middle = medianOf(window);
  const deviation = MAD_TO_SIGMA * medianOf(window.map((value) => Math.abs(value - middle)));
  return deviation > 0 && Math.abs(x - middle) > HAMPEL_FACTOR * deviation ? middle : x;
}
