import type { Out } from '../../core/operator.ts';
import { originId } from '../../core/origin-id.ts';
import { round3 } from './likeness.ts';
import type { Match, NearEntry, NearIndex } from './near-index.ts';

/** Gives `entry` the best partner that is free or likes it better than its own; who loses one looks again. */
export function linkBest(
  index: NearIndex,
  {
    entry,
    matches,
    threshold,
  }: { readonly entry: NearEntry; readonly matches: readonly Match[]; readonly threshold: number },
  out: Out,
): Match | undefined {
  let [seeker, offers] = [entry, matches];
  for (;;) {
    const chosen = offers.find(({ entry: other, score }) => score >= threshold && score > other.score);
    if (chosen === undefined) break;
    const { entry: other, score } = chosen;
    const left = other.partner < 0 ? undefined : index.get(other.partner);
    const before = other.cluster;
    const cluster = other.seq < seeker.seq ? originId(other.origin) : originId(seeker.origin);
    pair(seeker, other, { cluster, score });
    index.touch(seeker);
    index.touch(other);
    if (seeker !== entry)
      out.event('cluster.merged', { cluster, origin: seeker.origin, with: other.origin, score: round3(score) });
    if (left === undefined) break;
    left.partner = -1;
    left.score = 0;
    left.cluster = originId(left.origin);
    index.touch(left);
    out.event('cluster.split', { cluster: before, origin: left.origin, from: other.origin });
    [seeker, offers] = [left, index.matches(index.featuresOf(left), threshold, (e) => e.side !== left.side).near];
  }
  const partner = entry.partner < 0 ? undefined : index.get(entry.partner);
  return partner === undefined ? undefined : { entry: partner, score: entry.score };
}

function pair(
  a: NearEntry,
  b: NearEntry,
  { cluster, score }: { readonly cluster: string; readonly score: number },
): void {
  a.partner = b.seq;
  b.partner = a.seq;
  a.score = score;
  b.score = score;
  a.cluster = cluster;
  b.cluster = cluster;
}
