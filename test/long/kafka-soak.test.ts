import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigResourceTypes } from 'kafkajs';
import { expect, it } from 'vitest';
import { median } from '../bench/table.ts';
import { LiveRun } from '../e2e/live-run.ts';
import { describeWithCluster } from '../support/kafka/describe-kafka.ts';
import { FastProducer } from '../support/kafka/fast-producer.ts';
import { Job } from '../support/kafka/job.ts';
import { pour } from '../support/kafka/pour.ts';
import { withAdmin } from '../support/kafka/topics.ts';
import { type Vitals, vitalsOf } from '../support/vitals.ts';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 20);
const PARTITIONS = 4;
/** Read at full speed first: half of that is half load. */
const MEASURED = 1_000_000;
const TICK_MS = 20;
const SAMPLES = 120;
const TELL_EVERY = SAMPLES / 12;
/** One in so many records repeats one that is no repeat and came a little earlier: a duplicate, inside the window. */
const REPEAT = 10;
const BEFORE = 5000;
/** Memory of the last quarter beside that of the second; the first is for warming up. */
const MEMORY_RATIO = 1.1;
const MORE_DESCRIPTORS = 2;
/** A topology that keeps up is never further behind than what arrives in so long. */
const BEHIND_SECONDS = 3;
const BODY = `
steps:
  - { id: sane, use: check, with: { rules: [{ name: v-range, field: v, between: [0, 1000000] }] } }
  - { id: spread, use: repartition, with: { key: [id] } }
  - { id: once, use: dedup, with: { key: [id], window: { records: 100000 } } }
output: { topic: {name}.out }
outputs: { once.duplicates: {name}.again }
`;
const KEPT = { 'retention.bytes': '1000000000', 'segment.bytes': '100000000' };

await describeWithCluster('a long time at half load', { nodes: 1, optimized: true }, (cluster) => {
  it(`for ${MINUTES} minutes neither memory nor descriptors grow, and it keeps up`, async () => {
    const { brokers } = cluster();
    const job = await Job.make({
      brokers,
      partitions: PARTITIONS,
      body: BODY,
      commit: '{ every: 100ms }',
      checkpoint: '10s',
      timeouts: 'timeouts: { session: 10s }',
    });
    try {
      await keepLittle(job);
      await pour(brokers, { topic: job.input, partitions: PARTITIONS, values: values(0, MEASURED) });
      using run = new LiveRun([job.topology, '--brokers', brokers.join(',')]);
      const perSecond = Math.floor((await rateOf(run, job)) / 2);
      console.info(`${perSecond} records/s for ${MINUTES} min`);
      const sent = Math.floor(perSecond * MINUTES * 60);
      const samples = await soak(job, { run, from: MEASURED, sent, perSecond });
      await run.says(job.fateLine('duplicate', duplicates(MEASURED + sent)));
      await run.says(job.fateLine('curated', MEASURED + sent - duplicates(MEASURED + sent)));
      expect(await run.stop()).toBe(0);
      expect(Math.max(...samples.map(({ behind }) => behind))).toBeLessThan(BEHIND_SECONDS * perSecond);
      const [before, after] = [samples.slice(SAMPLES / 4, SAMPLES / 2), samples.slice(-SAMPLES / 4)];
      const of = (some: readonly Sample[], what: keyof Vitals) => median(some.map((sample) => sample[what]));
      expect(of(after, 'residentMiB')).toBeLessThan(MEMORY_RATIO * of(before, 'residentMiB'));
      expect(of(after, 'descriptors')).toBeLessThanOrEqual(of(before, 'descriptors') + MORE_DESCRIPTORS);
    } finally {
      await job.dispose();
    }
  });
});

interface Sample extends Vitals {
  /** Records sent and not committed yet. */
  readonly behind: number;
}

interface Soak {
  readonly run: LiveRun;
  readonly from: number;
  readonly sent: number;
  readonly perSecond: number;
}

async function soak(job: Job, { run, from, sent, perSecond }: Soak): Promise<Sample[]> {
  const producer = await FastProducer.connect(job.brokers[0]!, { topic: job.input, partitions: PARTITIONS });
  const samples: Sample[] = [];
  const start = performance.now();
  try {
    for (let at = 0; at < sent; ) {
      const due = Math.min(sent, Math.ceil(((performance.now() - start) * perSecond) / 1000));
      for (const value of values(from + at, due - at))
        producer.write(Buffer.from(value.id), JSON.stringify(value), Date.now());
      at = due;
      await producer.flush();
      if (at >= ((samples.length + 1) * sent) / SAMPLES) {
        samples.push(await sampleOf(job, run));
        if (samples.length % TELL_EVERY === 0) console.info(JSON.stringify(samples.at(-1)));
      }
      await sleep(TICK_MS);
    }
  } finally {
    await producer.close();
  }
  return samples;
}

async function sampleOf(job: Job, run: LiveRun): Promise<Sample> {
  const behind = (await job.lag()).reduce((sum, lag) => sum + lag, 0);
  if (run.hasEnded) throw new Error(`it ended with ${await run.ended}: ${run.stderr}`);
  return { ...vitalsOf(run.pid), behind };
}

/** Records a second from the first to the last of those that are there. */
async function rateOf(run: LiveRun, job: Job): Promise<number> {
  await run.ready();
  const start = performance.now();
  await job.caughtUp(MEASURED / 2);
  return (MEASURED * 1000) / (performance.now() - start);
}

/** Long runs must not fill the disk. */
async function keepLittle(job: Job): Promise<void> {
  await withAdmin(job.brokers, async (admin) => {
    const topics = [job.input, `${job.name}.out`, `${job.name}.again`]; // the others trim themselves
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
    });
    // what is set must be given again: this request replaces all of it
    const resources = described.resources.map(({ resourceName, configEntries }) => {
      const set = configEntries.filter(({ isDefault }) => !isDefault).map((one) => [one.configName, one.configValue]);
      const all = { ...Object.fromEntries(set), ...KEPT } as Record<string, string>;
      const entries = Object.entries(all).map(([name, value]) => ({ name, value }));
      return { type: ConfigResourceTypes.TOPIC, name: resourceName, configEntries: entries };
    });
    await admin.alterConfigs({ validateOnly: false, resources });
  });
}

function* values(from: number, count: number): Generator<{ readonly id: string; readonly v: number }> {
  for (let i = from; i < from + count; i++) yield { id: `k${isRepeat(i) ? i - BEFORE - 1 : i}`, v: i % 1000 };
}

function isRepeat(i: number): boolean {
  return i % REPEAT === 1 && i > BEFORE;
}

function duplicates(records: number): number {
  return Array.from({ length: Math.ceil(records / REPEAT) }, (_, k) => k * REPEAT + 1).filter(
    (i) => i < records && isRepeat(i),
  ).length;
}
