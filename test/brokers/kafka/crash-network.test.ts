import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { describeWithCluster } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, orders } from '../../support/kafka/job.ts';
import type { TcpProxy } from '../../support/kafka/proxy.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

const COUNT = 2000;
const SMALL_COMMITS = '{ every: 10ms, records: 50 }';
/** Far more than any of these faults takes to get over. */
const PATIENCE_MS = 40_000;
/** Doubts about commits are many here, and no reason to give up or to wait long before the next try. */
const PATIENT = 'restarts: { max: 1000, within: 500ms }';
const TIMEOUTS =
  'timeouts: { session: 6s, heartbeat: 100ms, rebalance: 10s, transaction: 10s, connect: 1s, request: 1500ms }';

/** Requests of one commit, by their numbers in the protocol. */
const OF_A_COMMIT = { Produce: 0, AddPartitionsToTxn: 24, AddOffsetsToTxn: 25, EndTxn: 26, TxnOffsetCommit: 28 };

await describeWithCluster('a network that fails between members and broker', { proxied: true }, (cluster) => {
  let job: Job;
  afterEach(async () => {
    cluster().proxies[0]!.heal();
    await job?.dispose();
  });

  /** Half of the records are there when the member begins, the others come while `disturb` does its work. */
  const run = async (seed: number, disturb: (proxy: TcpProxy) => void | Promise<void>) => {
    const { brokers, proxiedBrokers, proxies } = cluster();
    job = await Job.make({ brokers, more: PATIENT, timeouts: TIMEOUTS, commit: SMALL_COMMITS });
    const values = orders(COUNT, seed);
    await job.deliver(values.slice(0, COUNT / 2));
    const member = job.member({ brokers: proxiedBrokers.join(',') });
    await member.passed('commit.done', 3);
    await disturb(proxies[0]!);
    await job.deliver(values.slice(COUNT / 2));
    await job.caughtUp(PATIENCE_MS).catch((cause) => {
      throw new Error(member.describe(), { cause });
    });
    proxies[0]!.heal();
    expect(await member.stop()).toMatchObject({ code: 0, signal: null });
    expect(await job.outputs()).toEqual(expectedOf(values, job.partitions));
    return member;
  };

  it('slow: 40 ms each way, and the outputs are right', async () => {
    await run(71, (proxy) => {
      proxy.latencyMs = 40;
    });
  });

  it('cuts in the middle of commits, before each kind of request and before its answer: nothing is lost or doubled', async () => {
    const cuts = { before: new Set<string>(), answer: new Set<string>() };
    const member = await run(72, (proxy) => cutCommits(proxy, cuts));
    for (const where of ['before', 'answer'] as const)
      expect([...cuts[where]].sort(), `cut ${where}`).toEqual(Object.keys(OF_A_COMMIT).sort());
    expect(member.timesAt('open.begin')).toBeGreaterThan(job.partitions); // a cut end of a commit is a doubt: its task is opened anew
  });

  it('half open, a black hole for 2 s: requests end by their time-out, and nothing is lost or doubled', async () => {
    await run(73, async (proxy) => {
      proxy.halfOpen();
      await sleep(2000);
      proxy.heal();
    });
  });

  it('answers are swallowed for 2 s: what the broker did is found out, not done again', async () => {
    await run(74, async (proxy) => {
      proxy.muteBroker = true;
      await sleep(2000);
      proxy.heal();
    });
  });

  it('closed by the other side, which is heard of 1.5 s later: nothing is lost or doubled', async () => {
    await run(75, (proxy) => {
      proxy.closeDelayMs = 1500;
      proxy.closeBroker();
    });
  });
});

/** Which ones of each kind are cut, counted from 1. */
const CUT_BEFORE = [3, 7];
const CUT_ANSWER = [5, 9];

/** Cuts connections at requests of commits, before they arrive or before their answers do. */
function cutCommits(proxy: TcpProxy, cuts: Record<'before' | 'answer', Set<string>>): void {
  const names = new Map(Object.entries(OF_A_COMMIT).map(([name, key]) => [key, name]));
  const seen = new Map<string, number>();
  const awaited = new Set<number>();
  proxy.cutBefore = (chunk) => {
    let isCut = false;
    for (const { apiKey, correlation } of requestsIn(chunk)) {
      const name = names.get(apiKey);
      if (name === undefined) continue;
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      if (CUT_BEFORE.includes(count)) {
        cuts.before.add(name);
        isCut = true;
      } else if (CUT_ANSWER.includes(count)) {
        cuts.answer.add(name);
        awaited.add(correlation);
      }
    }
    return isCut;
  };
  // an answer: size i32 | correlation i32
  proxy.cutAnswer = (chunk) => chunk.length >= 8 && awaited.delete(chunk.readInt32BE(4));
}

/** Requests that begin in a chunk, as long as one begins where it does: size i32 | api key i16 | version i16 | correlation i32 */
function requestsIn(chunk: Buffer): { readonly apiKey: number; readonly correlation: number }[] {
  const requests: { readonly apiKey: number; readonly correlation: number }[] = [];
  for (let at = 0; at + 12 <= chunk.length; at += 4 + chunk.readInt32BE(at))
    requests.push({ apiKey: chunk.readInt16BE(at + 4), correlation: chunk.readInt32BE(at + 8) });
  return requests;
}
