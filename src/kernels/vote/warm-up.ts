import type { BallotItem } from './ballot-item.ts';
import { TIE } from './ballots.ts';

/**
 * First posteriors of the items held for warm-up, by agreement with the plurality (Wawa): the plurality label of each
 * item, then a voter's weight is its agreement with it, then weighted shares.
 */
export function startByAgreement(
  items: readonly BallotItem[],
  start: (item: BallotItem, posterior: Float64Array) => void,
): void {
  const agreed = new Map<number, number>();
  const votes = new Map<number, number>();
  for (const item of items) {
    const share = shares(item, () => 1);
    let top = 0;
    for (const value of share) if (value > top) top = value;
    let tied = 0;
    for (const value of share) if (value > top - TIE) tied++;
    for (let v = 0; v < item.n; v++) {
      const voter = item.voters[v]!;
      votes.set(voter, (votes.get(voter) ?? 0) + 1);
      if (share[item.codes[v]!]! > top - TIE) agreed.set(voter, (agreed.get(voter) ?? 0) + 1 / tied);
    }
  }
  for (const item of items)
    start(
      item,
      shares(item, (voter) => (agreed.get(voter) ?? 0) / votes.get(voter)!),
    );
}

function shares(item: BallotItem, weight: (voter: number) => number): Float64Array {
  let k = item.labels?.length ?? 2;
  if (item.gold >= k) k = item.gold + 1;
  for (let v = 0; v < item.n; v++) if (item.codes[v]! >= k) k = item.codes[v]! + 1;
  const share = new Float64Array(k);
  let sum = 0;
  for (let v = 0; v < item.n; v++) {
    const value = weight(item.voters[v]!) * item.weightOf(v);
    share[item.codes[v]!]! += value;
    sum += value;
  }
  for (let l = 0; l < k; l++) share[l] = sum > 0 ? share[l]! / sum : 1 / k;
  return share;
}
