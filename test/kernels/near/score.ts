import { findPairs, oneToOne } from '../../../src/kernels/near/find-pairs.ts';
import { PRESETS } from '../../../src/kernels/near/near-settings.ts';
import { dedupNear } from '../../../src/operators/dedup-near.ts';
import { CollectOut, recordOf, testDeps } from '../../support/collect-out.ts';
import { type MatchSet, pairOf, sameGroup } from './sets.ts';

export interface NearScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly found: number;
}

/** One pass over a set in its order, with the constants of its kind; pairs of a cluster, or links as they stand at the end. */
export async function scoreSet(set: MatchSet, over: object = {}): Promise<NearScore> {
  const link = set.source === undefined ? {} : { link: { source: set.source, oneToOne: true } };
  const config = { kind: set.kind, fields: [...set.fields], into: '_cluster', ...link, ...over };
  const kernel = await dedupNear.create(config as never, testDeps());
  const out = new CollectOut();
  const records = set.rows.map((row, i) => recordOf(row, i));
  kernel.process(records, new Float64Array(records.length).fill(Number.NaN), out);
  const labels: string[] = new Array(records.length);
  for (const { record } of out.emissions) labels[record.offset] = (record.data as { _cluster: string })._cluster;
  for (const { type, data } of out.events) {
    const origin = data.origin as { readonly offset: number };
    if (type === 'cluster.split') labels[origin.offset] = `alone ${origin.offset}`;
    if (type !== 'cluster.merged') continue;
    if (data.from !== undefined) {
      for (const [i, label] of labels.entries()) if (label === data.from) labels[i] = String(data.cluster);
      continue;
    }
    labels[origin.offset] = String(data.cluster);
    labels[(data.with as { readonly offset: number }).offset] = String(data.cluster);
  }
  return compare(sameGroup(labels), set.truth);
}

function compare(found: ReadonlySet<string>, truth: ReadonlySet<string>): NearScore {
  let right = 0;
  for (const pair of found) if (truth.has(pair)) right++;
  const [precision, recall] = [found.size === 0 ? 1 : right / found.size, right / truth.size];
  return { precision, recall, f1: (2 * right) / (found.size + truth.size), found: found.size };
}

/** All pairs of the whole set at or above the threshold, with the frequencies of the whole set. */
export function scoreBatch(set: MatchSet): NearScore {
  const { threshold, linkThreshold } = PRESETS[set.kind];
  const least = set.source === undefined ? threshold : linkThreshold;
  const second =
    set.source === undefined ? undefined : set.rows.findIndex((row) => row[set.source!] !== set.rows[0]![set.source!]);
  const rows = set.rows.map((row) => set.fields.map((field) => row[field]));
  const pairs = findPairs(rows, { kind: set.kind, least, ...(second === undefined ? {} : { second }) });
  const taken = second === undefined ? pairs : oneToOne(pairs);
  return compare(new Set(taken.map(({ a, b }) => pairOf(a, b))), set.truth);
}
