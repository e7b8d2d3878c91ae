import type { BallotItem } from './ballot-item.ts';
import type { Ballots, Scalar } from './ballots.ts';
import { DAWID_SKENE, emBatch, ONE_COIN } from './em.ts';
import type { VoteModel } from './model.ts';
import { pooledBatch } from './pooled.ts';
import type { VoterTable } from './voter-table.ts';

interface Look {
  readonly method: 'pooled' | 'dawid-skene' | 'one-coin';
  readonly model: VoteModel;
  readonly voters: VoterTable;
  readonly temperature: number;
  /** All labels; items with codes of their own are brought to the places here, and back. */
  readonly labels: readonly Scalar[];
}

/** The posteriors of all items in hand by the batch form of the method: what is told of an item, and what is learned from it. */
export function lookAtAll(
  items: readonly BallotItem[],
  { method, model, voters, temperature, labels }: Look,
): { told(item: number): Float64Array; learned(item: number): Float64Array } {
  const k = Math.max(2, labels.length);
  const places = new Map(labels.map((label, place) => [label, place]));
  const placeOf = (item: BallotItem, code: number): number =>
    item.labels === undefined ? code : places.get(item.labels[code]!)!;
  const ballots = rowsOf(items, { k, voters: voters.names.length, placeOf });
  const known = { ...model.snapshot(voters.names.length, k), muted: voters.excluded };
  const of = (posterior: Float64Array) => (i: number) => {
    const own = items[i]!.labels;
    if (own === undefined) return posterior.slice(i * k, (i + 1) * k);
    return Float64Array.from(own, (label) => posterior[i * k + places.get(label)!]!);
  };
  if (method === 'pooled') {
    const { posterior, hds } = pooledBatch(ballots, temperature, known);
    return { told: of(posterior), learned: of(hds) };
  }
  const { posterior } = emBatch(ballots, method === 'one-coin' ? ONE_COIN : DAWID_SKENE, known);
  return { told: of(posterior), learned: of(posterior) };
}

interface Size {
  readonly k: number;
  readonly voters: number;
  readonly placeOf: (item: BallotItem, code: number) => number;
}

/** Voter codes stay those of the stream. */
function rowsOf(items: readonly BallotItem[], size: Size): Ballots {
  const start = new Int32Array(items.length + 1);
  for (const [i, item] of items.entries()) start[i + 1] = start[i]! + item.n;
  const votes = start[items.length]!;
  const voter = new Int32Array(votes);
  const label = new Int32Array(votes);
  const weighted = items.some((item) => item.weights !== undefined);
  const weight = weighted ? new Float64Array(votes) : undefined;
  for (const [i, item] of items.entries()) {
    voter.set(item.voters.subarray(0, item.n), start[i]!);
    for (let v = 0; v < item.n; v++) label[start[i]! + v] = size.placeOf(item, item.codes[v]!);
    if (weight !== undefined) for (let v = 0; v < item.n; v++) weight[start[i]! + v] = item.weightOf(v);
  }
  return {
    items: items.map(({ id }) => id),
    voters: Array.from({ length: size.voters }, (_, w) => w),
    labels: Array.from({ length: size.k }, (_, l) => l),
    start,
    voter,
    label,
    ...(weight === undefined ? {} : { weight }),
    gold: Int32Array.from(items, (item) => (item.gold < 0 ? -1 : size.placeOf(item, item.gold))),
  };
}
