import type { AlarmFacts } from './column.ts';
import { severityOf } from './distances.ts';
import type { RateFacts } from './rate-chart.ts';

/** What an alarm of a chart or window of a rate says. */
export function rateAlarm(chart: string, facts: RateFacts): AlarmFacts {
  const { statistic, threshold, offset, index, time, length, before, after, sd } = facts;
  const far = rateDistances(before, after);
  return {
    chart,
    direction: 'up',
    statistic,
    threshold,
    offset,
    index,
    time,
    length,
    effect: { ...far, sd },
    severity: severityOf({ psi: far.psi, sd }),
    before,
    after,
  };
}

/** JS and PSI of a share. */
function rateDistances(before: number, after: number): { js: number; psi: number } {
  const half = (p: number, q: number): number => (p > 0 ? (p / 2) * Math.log2((2 * p) / (p + q)) : 0);
  const js = half(before, after) + half(after, before) + half(1 - before, 1 - after) + half(1 - after, 1 - before);
  const q = Math.min(Math.max(after, 1e-6), 1 - 1e-6);
  const p = Math.min(Math.max(before, 1e-6), 1 - 1e-6);
  return { js, psi: (q - p) * Math.log(q / p) + (p - q) * Math.log((1 - q) / (1 - p)) };
}
