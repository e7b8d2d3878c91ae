import type { BallotItem } from './ballot-item.ts';
import type { Ballots } from './ballots.ts';
import type { ConfusionModel } from './confusion-model.ts';
import { DAWID_SKENE, emBatch } from './em.ts';
import { pooledBatch } from './pooled.ts';
import type { VoterTable } from './voter-table.ts';

interface Look {
  readonly method: 'pooled' | 'dawid-skene';
  readonly model: ConfusionModel;
  readonly voters: VoterTable;
  readonly temperature: number;
}

/** The posteriors of all items in hand by the batch form of the method: what is told of an item, and what is learned from it. */
export function lookAtAll(
  items: readonly BallotItem[],
  { method, model, voters, temperature }: Look,
): { told(item: number): Float64Array; learned(item: number): Float64Array } {
  const k = model.width();
  const ballots = rowsOf(items, { k, voters: voters.names.length });
  const known = { ...model.snapshot(voters.names.length), muted: voters.excluded };
  const of = (posterior: Float64Array) => (item: number) => posterior.slice(item * k, (item + 1) * k);
  if (method === 'dawid-skene') {
    const { posterior } = emBatch(ballots, DAWID_SKENE, known);
    return { told: of(posterior), learned: of(posterior) };
  }
  const { posterior, hds } = pooledBatch(ballots, temperature, known);
  return { told: of(posterior), learned: of(hds) };
}

/** Voter and label codes stay those of the stream. */
function rowsOf(items: readonly BallotItem[], size: { readonly k: number; readonly voters: number }): Ballots {
  const start = new Int32Array(items.length + 1);
  for (const [i, item] of items.entries()) start[i + 1] = start[i]! + item.n;
  const votes = start[items.length]!;
  const voter = new Int32Array(votes);
  const label = new Int32Array(votes);
  const weighted = items.some((item) => item.weights !== undefined);
  const weight = weighted ? new Float64Array(votes) : undefined;
  for (const [i, item] of items.entries()) {
    voter.set(item.voters.subarray(0, item.n), start[i]!);
    label.set(item.codes.subarray(0, item.n), start[i]!);
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
    gold: Int32Array.from(items, ({ gold }) => (gold < size.k ? gold : -1)),
  };
}
