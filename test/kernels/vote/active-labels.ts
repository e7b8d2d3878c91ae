import { uniform } from '../../../src/core/hash.ts';
import type { Scalar, Vote } from '../../../src/kernels/vote/ballots.ts';
import { scoreLabels, shuffled, stream, summary } from './stream-runs.ts';
import type { VoteSet } from './vote-sets.ts';

/** Votes every item starts with. */
const START = 3;
/** Extra votes for each vote taken so far, and votes between two rounds of requests. */
export const BUDGET = 0.2;
const WINDOW = 50;

export interface ActiveScore {
  readonly accuracy: number;
  readonly asked: number;
  readonly taken: number;
}

/**
 * Every item has three votes; after that extra ones are bought, one for five votes taken, for the items the stream asks
 * for or for items drawn by lot. The other votes of the set are what people would have answered.
 */
export function buyLabels(set: VoteSet, who: 'asked' | 'lot', seed: number): ActiveScore {
  const { votes, kept } = stream({
    method: 'hds',
    close: { minVotes: START, confidence: 0.99 },
    ...(who === 'asked' ? { requests: { budget: BUDGET, windowVotes: WINDOW, below: 0.99 } } : {}),
  });
  const pool = new Map<Scalar, Vote[]>();
  for (const vote of shuffled(set.votes, seed)) {
    const rest = pool.get(vote.item);
    if (rest === undefined) pool.set(vote.item, [vote]);
    else rest.push(vote);
  }
  const first = shuffled([...pool.values()].flatMap((rest) => rest.splice(0, START)), seed + 1); // biome-ignore format: one pipeline
  const items = [...pool.keys()];
  let bought = 0;
  let answered = 0;
  const buy = (item: Scalar): void => {
    const vote = pool.get(item)?.shift();
    if (vote === undefined) return;
    bought++;
    votes.vote(vote, 0);
  };
  for (const vote of first) votes.vote(vote, 0);
  const limit = Math.floor(BUDGET * first.length);
  let round = 0;
  while (bought < limit && round++ < 100 * limit) {
    if (who === 'lot') buy(items[Math.floor(uniform(seed, 3, round) * items.length)]!);
    else if (answered < kept.requests.length) buy(kept.requests[answered++]!.item);
    else break;
  }
  votes.end();
  return { accuracy: scoreLabels(summary(kept).last, set.truth), asked: bought, taken: first.length };
}
