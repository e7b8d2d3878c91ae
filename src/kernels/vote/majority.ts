import { type Aggregate, type Ballots, TIE } from './ballots.ts';

/**
 * Plurality: the posterior of a label is its share of the item's votes.
 *
 * In: ballots. Out: vote shares; equal shares stay equal, the caller decides what a tie means (`winner`).
 * Cost: linear in votes.
 *
 * Example: two votes for `a`, one for `b` give [2/3, 1/3].
 */
export function majority(ballots: Ballots): Aggregate {
  const k = ballots.labels.length;
  const posterior = new Float64Array(ballots.items.length * k);
  for (let i = 0; i < ballots.items.length; i++) {
    const from = ballots.start[i]!;
    const to = ballots.start[i + 1]!;
    let all = 0;
    for (let v = from; v < to; v++) all += ballots.weight?.[v] ?? 1;
    if (all > 0)
      for (let v = from; v < to; v++) posterior[i * k + ballots.label[v]!]! += (ballots.weight?.[v] ?? 1) / all;
  }
  return { posterior };
}

/**
 * Wawa (worker agreement with aggregate): one round of weighting voters by how often they say what most say.
 *
 * Idea: the plurality label of each item, then a voter's weight is its agreement with it, then weighted shares.
 * A tie for the plurality counts as 1/m agreement with each of its m labels.
 * Cost: linear in votes.
 *
 * Source: Ustalov et al. 2024 (Crowd-Kit), Wawa; Appen's "agreement with aggregate".
 */
export function wawa(ballots: Ballots): Aggregate & { readonly accuracy: Float64Array } {
  const k = ballots.labels.length;
  const { posterior } = majority(ballots);
  const agreed = new Float64Array(ballots.voters.length);
  const votes = new Float64Array(ballots.voters.length);
  for (let i = 0; i < ballots.items.length; i++) {
    let top = 0;
    for (let l = 0; l < k; l++) top = Math.max(top, posterior[i * k + l]!);
    let tied = 0;
    for (let l = 0; l < k; l++) if (posterior[i * k + l]! > top - TIE) tied++;
    for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++) {
      votes[ballots.voter[v]!]!++;
      if (posterior[i * k + ballots.label[v]!]! > top - TIE) agreed[ballots.voter[v]!]! += 1 / tied;
    }
  }
  for (let w = 0; w < agreed.length; w++) agreed[w] = votes[w]! > 0 ? agreed[w]! / votes[w]! : 0;
  posterior.fill(0);
  for (let i = 0; i < ballots.items.length; i++) {
    let sum = 0;
    for (let v = ballots.start[i]!; v < ballots.start[i + 1]!; v++) {
      const weight = agreed[ballots.voter[v]!]! * (ballots.weight?.[v] ?? 1);
      posterior[i * k + ballots.label[v]!]! += weight;
      sum += weight;
    }
    if (sum > 0) for (let l = 0; l < k; l++) posterior[i * k + l]! /= sum;
  }
  return { posterior, accuracy: agreed };
}
