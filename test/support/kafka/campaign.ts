import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import {
  closedIn,
  expectedOf,
  makeCampaignJob,
  messagesIn,
  messagesOf,
  probeVotes,
  type Verdict,
  verdictOf,
  votesOn,
} from './campaign-job.ts';
import { Crew } from './crew.ts';
import type { Message } from './deliver.ts';
import type { Job } from './job.ts';
import { openTransactions } from './log-ends.ts';
import type { Outages } from './outages.ts';
import { until } from './topics.ts';

const FAULTS = ['kill', 'freeze', 'leave', 'join', 'restart'] as const;
/** Of 13: a broker restart takes longest. */
const WEIGHTS: Readonly<Record<Fault, number>> = { kill: 5, freeze: 3, leave: 2, join: 2, restart: 1 };
type Fault = (typeof FAULTS)[number];

export interface CampaignOptions {
  readonly brokers: readonly string[];
  readonly outages: Outages;
  readonly seed: number;
  readonly partitions: number;
  readonly faults: number;
}

export type FaultCounts = Record<Fault, number>;

const ITEMS_A_FAULT = 20;
/** Between two faults the members make a few commits, or this time is over. */
const COMMITS_BETWEEN = 3;
const MOST_BETWEEN_MS = 1500;
/** So long may any partition take to catch up once nothing more befalls the members. */
const PATIENCE_MS = 120_000;
/** What is committed is seen by every reader after so long. */
const SETTLING_MS = 30_000;
/** Faults between two times of rest, in which every partition must catch up. */
const FAULTS_BETWEEN_RESTS = 20;

/**
 * Three processes of one topology of two stages, to which a sequence of faults drawn from the seed happens while records
 * arrive; at last records that ask for what the restored state must know. Then, by an independent reader: outputs against
 * plain loops over what the input really holds, outputs and totals against an undisturbed run. Throws with the seed.
 */
export async function runCampaign(options: CampaignOptions): Promise<FaultCounts> {
  const { seed, partitions, brokers } = options;
  const job = await makeCampaignJob(brokers, partitions);
  const calm = await makeCampaignJob(brokers, partitions);
  const counts: FaultCounts = { kill: 0, freeze: 0, leave: 0, join: 0, restart: 0 };
  const told: string[] = [];
  try {
    const items = await disturb(job, options, (fault) => {
      counts[fault]++;
      told.push(fault);
    });
    await options.outages.pause(async () => {
      await job.send(messagesOf(probeVotes(seed, items), partitions));
      await compare(job, calm);
    });
    return counts;
  } catch (cause) {
    const what = `campaign with seed ${seed} (${partitions} partitions) failed after ${told.length} faults: ${told.join(' ')}`;
    throw new Error(
      `${what}; run it alone with CAMPAIGN_SEED=${seed}: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  } finally {
    await Promise.all([job.dispose(), calm.dispose()]);
  }
}

/** Feeds and hurts; returns the number of items there are votes on. */
async function disturb(job: Job, options: CampaignOptions, tell: (fault: Fault) => void): Promise<number> {
  const { seed, outages, partitions } = options;
  let draws = 0;
  const draw = () => uniform(seed, 7, ++draws);
  const crew = new Crew(job, outages);
  await crew.fill();
  for (let i = 0; i < options.faults; i++) {
    const range = { from: i * ITEMS_A_FAULT, to: (i + 1) * ITEMS_A_FAULT };
    await feed(job, outages, messagesOf(votesOn(seed, range), partitions));
    await crew.commits(COMMITS_BETWEEN, MOST_BETWEEN_MS);
    await sleep(draw() * 200); // not always just after a commit
    const fault = chooseFault(draw());
    await strike(crew, outages, fault, draw);
    tell(fault);
    await crew.fill();
    crew.complain();
    if ((i + 1) % FAULTS_BETWEEN_RESTS === 0) await rest(job, crew, outages);
  }
  await rest(job, crew, outages);
  await outages.pause(() => crew.dismiss());
  return options.faults * ITEMS_A_FAULT;
}

function chooseFault(share: number): Fault {
  const total = Object.values(WEIGHTS).reduce((a, b) => a + b, 0);
  let left = share * total;
  for (const fault of FAULTS) {
    left -= WEIGHTS[fault];
    if (left < 0) return fault;
  }
  return 'kill';
}

async function strike(crew: Crew, outages: Outages, fault: Fault, draw: () => number): Promise<void> {
  switch (fault) {
    case 'kill':
      return crew.kill(draw());
    case 'freeze':
      return crew.freeze(draw(), 500 + draw() * 4000);
    case 'leave':
      return crew.leave(draw());
    case 'join':
      return crew.join();
    case 'restart':
      return outages.restart(draw());
  }
}

/** A request that failed is sent again: what is in the input is asked of the input. */
async function feed(job: Job, outages: Outages, messages: readonly Message[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await outages.over();
    try {
      return await job.send(messages);
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** No partition stands still: those that are there read everything that has arrived. */
async function rest(job: Job, crew: Crew, outages: Outages): Promise<void> {
  await outages.pause(async () => {
    crew.thaw();
    let behind = '';
    const caughtUp = async () => {
      crew.complain();
      const lags = await job.lag();
      behind = lags.map((lag, partition) => `${partition}: ${lag}`).join(', ');
      return lags.every((lag) => lag === 0);
    };
    await until('the input to be read', caughtUp, PATIENCE_MS).catch(async (cause) => {
      const what = `partitions and what they have not read: ${behind}\n${await picture(job, crew)}`;
      throw new Error(what, { cause });
    });
    const closed = closedIn(expectedOf(await messagesIn(job.brokers, job.input), job.partitions));
    const settled = async () => (await job.read('out')).flat().length >= closed;
    await until('the second stage', settled, PATIENCE_MS).catch(async (cause) => {
      throw new Error(`the second stage is behind\n${await picture(job, crew)}`, { cause });
    });
  });
}

/** What stands still, for a person who looks into it. */
async function picture(job: Job, crew: Crew): Promise<string> {
  return [crew.describe(), 'open transactions:', ...(await openTransactions(job.brokers, job.name))].join('\n');
}

/** A commit is answered before every reader can see it: its markers are still on their way. */
function visible({ brokers, name }: Job): Promise<void> {
  return until(
    'the last commits to be seen',
    async () => (await openTransactions(brokers, name)).length === 0,
    PATIENCE_MS,
  );
}

/**
 * A reader that comes right after a leader has changed may be shown an older end of the log: the new leader learns how far its
 * followers are a moment later. What is lost or doubled stays so.
 */
async function settledVerdict(job: Job, expected: Verdict): Promise<Verdict> {
  const isRight = async () => isDeepStrictEqual(await verdictOf(job), expected);
  const first = await verdictOf(job);
  if (isDeepStrictEqual(first, expected)) return first;
  console.warn(`${job.name}: not what it should be at first sight, read again`);
  await until('outputs as they should be', isRight, SETTLING_MS).catch(() => {}); // whoever asked compares
  return verdictOf(job);
}

/** Both read to the end; `calm` first gets what the other one has in its input. */
async function compare(job: Job, calm: Job): Promise<void> {
  const input = await messagesIn(job.brokers, job.input);
  await calm.send(input);
  const [disturbed, undisturbed] = [await job.finish(), await calm.finish()];
  await Promise.all([job, calm].map(visible));
  const expected = expectedOf(input, job.partitions);
  const [found, reference] = [await settledVerdict(job, expected), await settledVerdict(calm, expected)];
  expect(reference, 'an undisturbed run').toEqual(expected);
  expect(found, 'outputs after the faults').toEqual(expected);
  const { read: _, ...totals } = disturbed.summary ?? {};
  const { read: __, ...calmTotals } = undisturbed.summary ?? {};
  expect(totals, 'totals').toEqual(calmTotals);
  expect(totals.in).toBe(input.length);
}
