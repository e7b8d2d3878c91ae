import type { Out } from '../../core/operator.ts';
import type { Placed } from './clusters.ts';
import { round3 } from './likeness.ts';
import type { NearEntry } from './near-index.ts';

/** Says what became of clusters when `entry` came: two are one now, or a record came over to it. */
export function tellPlaced({ cluster, origin }: NearEntry, { union, move }: Placed, out: Out): void {
  if (union !== undefined) out.event('cluster.merged', { ...union, score: round3(union.score), origin });
  if (move === undefined) return;
  const { origin: moved } = move.entry;
  out.event('cluster.split', { cluster: move.from, origin: moved });
  out.event('cluster.merged', { cluster, origin: moved, with: origin, score: round3(move.score) });
}
