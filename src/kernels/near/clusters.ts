import type { Match } from './near-index.ts';

/** The best match of the cluster that is most alike on average; undefined when none is alike enough. */
export function bestCluster(matches: readonly Match[], threshold: number): Match | undefined {
  const clusters = new Map<string, { sum: number; count: number; best: Match }>();
  for (const match of matches) {
    const known = clusters.get(match.entry.cluster);
    if (known === undefined) clusters.set(match.entry.cluster, { sum: match.score, count: 1, best: match });
    else {
      known.sum += match.score;
      known.count++;
    }
  }
  let found: Match | undefined;
  let most = threshold;
  for (const { sum, count, best } of clusters.values())
    if (sum / count > most || (found === undefined && sum / count >= most)) {
      most = sum / count;
      found = best;
    }
  return found;
}
