import { BallotItem, type ClosedBy, type ItemState } from './ballot-item.ts';
import type { Scalar } from './ballots.ts';

/** Order of the fields of an item in its group. */
export type StoredItem = readonly [
  id: Scalar,
  seq: number,
  state: ItemState,
  voters: readonly number[],
  codes: readonly number[],
  weights: readonly number[] | null,
  labels: readonly Scalar[] | null,
  added: readonly number[] | null,
  q: readonly number[] | null,
  numbers: readonly (number | null)[],
  flags: readonly [calibrated: boolean, settled: boolean],
  closedBy: ClosedBy,
];

export function saveItem(item: BallotItem): StoredItem {
  const { n, added, q } = item;
  return [
    item.id,
    item.seq,
    item.state,
    [...item.voters.subarray(0, n)],
    [...item.codes.subarray(0, n)],
    item.weights === undefined ? null : [...item.weights.subarray(0, n)],
    item.labels ?? null,
    added === undefined ? null : [...added],
    q === undefined ? null : [...q],
    [
      item.counted,
      item.evaluatedAt,
      item.gold,
      item.announced,
      item.revision,
      Number.isNaN(item.openedAt) ? null : item.openedAt,
      Number.isNaN(item.lastAt) ? null : item.lastAt,
      item.touch,
      item.closeSeq,
      item.lookAt,
      item.askedAt,
    ],
    [item.calibrated, item.settled],
    item.closedBy,
  ];
}

export function loadItem(stored: StoredItem): BallotItem {
  const [id, seq, state, voters, codes, weights, labels, added, q, numbers, flags, closedBy] = stored;
  const item = new BallotItem(id, seq, labels !== null);
  for (let v = 0; v < voters.length; v++) item.push(voters[v]!, codes[v]!, weights?.[v] ?? 1);
  if (weights !== null && item.weights === undefined) item.weights = new Float64Array(item.voters.length).fill(1);
  item.state = state;
  if (labels !== null) item.labels = [...labels];
  if (added !== null) item.added = Float64Array.from(added);
  if (q !== null) item.q = Float64Array.from(q);
  const [counted, evaluatedAt, gold, announced, revision, openedAt, lastAt, touch, closeSeq, lookAt, askedAt] = numbers;
  item.counted = counted!;
  item.evaluatedAt = evaluatedAt!;
  item.gold = gold!;
  item.announced = announced!;
  item.revision = revision!;
  item.openedAt = openedAt ?? Number.NaN;
  item.lastAt = lastAt ?? Number.NaN;
  item.touch = touch!;
  item.closeSeq = closeSeq!;
  item.lookAt = lookAt!;
  item.askedAt = askedAt!;
  [item.calibrated, item.settled] = flags;
  item.closedBy = closedBy;
  return item;
}
