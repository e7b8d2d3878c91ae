import { uniform } from '../../../src/core/hash.ts';
import type { Scalar, Vote } from '../../../src/kernels/vote/ballots.ts';
import { scoreLabels, shuffled, stream, summary } from './stream-runs.ts';
import type { VoteSet } from './vote-sets.ts';

/** Votes a new item starts with. */
const START = 3;
/** Extra votes for each vote of the new items. */
export const BUDGET = 0.2;
const WINDOW = 100;

export interface ActiveScore {
  /** Over the new items. */
  readonly accuracy: number;
  readonly bought: number;
  readonly limit: number;
  /** Requests made for each vote taken. */
  readonly requestRatio: number;
}

/**
 * Half of the items are old: all their votes came, the voters are known. The others start with three votes; extra ones
 * are bought, one for five, for the items the stream asks for or for items drawn by lot. The other votes of the set are
 * what people would have answered.
 */
export function buyLabels(set: VoteSet, who: 'asked' | 'lot', seed: number): ActiveScore {
  const { votes, kept } = stream({
    method: 'hds',
    close: { minVotes: 'all', confidence: 1 },
    bufferItems: 20_000,
    sweepEvery: 500,
    ...(who === 'asked' ? { requests: { budget: BUDGET, windowVotes: WINDOW, below: 0.99 } } : {}),
  });
  const pool: Map<Scalar, Vote[]> = Map.groupBy(shuffled(set.votes, seed), (vote) => vote.item);
  const items = shuffled([...pool.keys()], seed + 5);
  const old = items.slice(0, items.length >> 1);
  const fresh = items.slice(items.length >> 1);
  for (const item of old) {
    for (const vote of pool.get(item)!.splice(0)) votes.vote(vote, 0);
    votes.close(item);
  }
  let answered = kept.requests.length;
  let bought = 0;
  const first = fresh.flatMap((item) => pool.get(item)!.splice(0, START));
  const limit = Math.floor(BUDGET * first.length);
  const buy = (item: Scalar): void => {
    const vote = pool.get(item)?.shift();
    if (vote === undefined || bought >= limit) return;
    bought++;
    votes.vote(vote, 0);
  };
  for (const vote of first) {
    votes.vote(vote, 0);
    while (answered < kept.requests.length && bought < limit) buy(kept.requests[answered++]!.item);
  }
  for (let draw = 0; who === 'lot' && bought < limit && draw < 100 * limit; draw++)
    buy(fresh[Math.floor(uniform(seed, 3, draw) * fresh.length)]!);
  const requestRatio = kept.requests.length / votes.taken;
  votes.end();
  const truth = new Map([...set.truth].filter(([item]) => fresh.includes(item)));
  return { accuracy: scoreLabels(summary(kept).last, truth), bought, limit, requestRatio };
}
