import { uniform } from '../../src/core/hash.ts';
import { collect } from '../../src/kernels/vote/ballots.ts';
import { DAWID_SKENE, emBatch, HDS, ONE_COIN } from '../../src/kernels/vote/em.ts';
import { majority, wawa } from '../../src/kernels/vote/majority.ts';
import { pooledBatch } from '../../src/kernels/vote/pooled.ts';
import { BUDGET, buyLabels } from '../kernels/vote/active-labels.ts';
import { runGrouped, scoreLabels, stream } from '../kernels/vote/stream-runs.ts';
import { accuracyOf, readSet, reference, SETS } from '../kernels/vote/vote-sets.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { type BenchOptions, median, type Table } from './table.ts';
import { claimNotes } from './vote/claim-notes.ts';
import { ruleNotes } from './vote/rule-notes.ts';

const VOTES_PER_ITEM = 10;
const VOTERS = 100;
const ACTIVE_SETS = ['rte', 'temp', 'dog', 'web', 'zencrowd_us'] as const;

/** Accuracy on the ten public sets beside the reference columns, speed of the stream, and what asking for labels brings. */
export async function run(options: BenchOptions): Promise<Table> {
  const table = reference();
  const rows: (readonly (string | number)[])[] = [];
  const sums = new Map<number, number>();
  for (const name of SETS) {
    const from = performance.now();
    const set = readSet(name);
    const ballots = collect(set.votes);
    const score = (aggregate: Parameters<typeof accuracyOf>[1]) => accuracyOf(ballots, aggregate, set.truth);
    const stream_ = runGrouped(set.votes, 'hds');
    const ref = table.get(name)!;
    const values = [
      score(majority(ballots)),
      score(wawa(ballots)),
      score(emBatch(ballots, DAWID_SKENE)),
      ref.DS!,
      score(emBatch(ballots, ONE_COIN)),
      score(emBatch(ballots, HDS)),
      score(pooledBatch(ballots)),
      ref.HDS_batch!,
      scoreLabels(stream_.first, set.truth),
      ref.HDS_stream_close!,
      scoreLabels(stream_.last, set.truth),
      ref.HDS_stream_revised!,
    ];
    for (const [v, value] of values.entries()) sums.set(v, (sums.get(v) ?? 0) + value / SETS.length);
    rows.push([name, ...values.map(text), `${((performance.now() - from) / 1000).toFixed(2)} s`]);
  }
  rows.push(['mean of 10', ...[...sums.values()].map(text), '']);
  return {
    title: 'vote: accuracy (expected under random ties for the batch columns; a tie is wrong in the stream columns)',
    columns: [
      'set',
      'MV',
      'Wawa',
      'DS',
      'ref',
      'one-coin',
      'HDS',
      'default',
      'ref',
      'close',
      'ref',
      'revised',
      'ref',
      'time',
    ],
    rows,
    notes: [
      'default: HDS, Dawid-Skene and one-coin pooled, what `method: hds` says at the end of a bounded input',
      ...speed(options),
      ...sizes(),
      ...strengths(),
      ...active(),
      ...claimNotes(),
      ...ruleNotes(),
      `seed ${options.seed}; peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
    ],
  };
}

/** Votes a second of the stream at K = 2, closing by maxVotes. */
function speed({ runs, records, seed }: BenchOptions): string[] {
  const votes = Array.from({ length: records }, (_, n) => ({
    item: `item-${Math.floor(n / VOTES_PER_ITEM)}`,
    voter: `voter-${Math.floor(uniform(seed, n) * VOTERS)}`,
    label: uniform(seed, n, 1) < 0.8 ? 'yes' : 'no',
  }));
  return ([0, 100] as const).map((sweepEvery) => {
    const rates: number[] = [];
    for (let r = 0; r < runs; r++) {
      const { votes: into } = stream({
        method: 'hds',
        close: { minVotes: 'all', confidence: 1, maxVotes: VOTES_PER_ITEM - 1 },
        sweepEvery,
        reportEvery: 0,
      });
      const from = performance.now();
      for (const vote of votes) into.vote(vote, 0);
      rates.push(records / ((performance.now() - from) / 1000));
    }
    const what = sweepEvery === 0 ? 'no sweep' : `a sweep every ${sweepEvery} closes`;
    return `speed, K = 2, ${what}: ${Math.round(median(rates) / 1000)} k votes/s (minimum 200 k without sweep, aim 1 M)`;
  });
}

/** Bytes of live memory a voter and an item in hand take, by growing each alone. */
function sizes(): string[] {
  const grow = (voters: number, items: number): number => {
    collectGarbage();
    const before = process.memoryUsage();
    const { votes } = stream({ method: 'hds', close: { minVotes: 'all', confidence: 1 } });
    for (let n = 0; n < Math.max(voters, items * VOTES_PER_ITEM); n++)
      votes.vote(
        { item: `item-${n % items}`, voter: `voter-${(n * 7) % voters}`, label: n % 3 === 0 ? 'yes' : 'no' },
        0,
      );
    collectGarbage();
    const after = process.memoryUsage();
    const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    return votes.items.size > 0 ? bytes : 0;
  };
  const item = Math.round((grow(100, 40_000) - grow(100, 10_000)) / 30_000);
  const voter = Math.round((grow(80_001, 100) - grow(20_001, 100)) / 60_000);
  return [`memory, K = 2: ${voter} B a voter with one vote, ${item} B an open item with ${VOTES_PER_ITEM} votes`];
}

/** Leave one set out: the strengths that are best on the nine others, scored on the one left. */
function strengths(): string[] {
  const grid = [0, 2, 4].flatMap((poolStrength) => [2, 4, 8].map((ownStrength) => ({ poolStrength, ownStrength })));
  const scores = grid.map((choice) =>
    SETS.map((name) => {
      const set = readSet(name);
      const ballots = collect(set.votes);
      return accuracyOf(ballots, emBatch(ballots, { ...HDS, ...choice }), set.truth);
    }),
  );
  let sum = 0;
  for (let left = 0; left < SETS.length; left++) {
    const others = scores.map((row) => row.reduce((a, b) => a + b, 0) - row[left]!);
    sum += scores[others.indexOf(Math.max(...others))]![left]!;
  }
  return [`strengths chosen on nine sets, scored on the tenth: mean ${text(sum / SETS.length)}`];
}

function active(): string[] {
  return ACTIVE_SETS.map((name) => {
    const set = readSet(name);
    const asked = [1, 2, 3].map((seed) => buyLabels(set, 'asked', seed).accuracy);
    const lot = [1, 2, 3].map((seed) => buyLabels(set, 'lot', seed).accuracy);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    return `label-requests on ${name}, budget ${BUDGET}: ${text(mean(asked))} asked, ${text(mean(lot))} by lot`;
  });
}

function text(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(4).replace(/^0/, '');
}
