import { expect, it } from 'vitest';
import { median } from '../bench/table.ts';
import { LiveRun } from '../e2e/live-run.ts';
import { describeWithCluster } from '../support/kafka/describe-kafka.ts';
import { Job } from '../support/kafka/job.ts';
import { pour } from '../support/kafka/pour.ts';

const KEYS = Number(process.env.RESTORE_KEYS ?? 5_000_000);
const PARTITIONS = 4;
/** From the start of the process to `/readyz`, state read and restored. */
const WITHIN_SECONDS = 5;
const STARTS = 5;
const FILL_MS = 600_000;
const BODY = `
steps:
  - { id: once, use: dedup, with: { key: [id], window: 1d } }
output: { topic: {name}.out }
outputs: { once.duplicates: {name}.again }
`;

await describeWithCluster('a restart with much state', { nodes: 1, optimized: true }, (cluster) => {
  it(`with ${KEYS} keys of dedup it is ready within ${WITHIN_SECONDS} s, and knows every one of them`, async () => {
    const { brokers } = cluster();
    const job = await Job.make({
      brokers,
      partitions: PARTITIONS,
      body: BODY,
      commit: '{ every: 100ms, records: 20000 }',
      checkpoint: '10s',
      timeouts: 'timeouts: { session: 10s }',
    });
    const counted = (n: number) => `sluice_input_records_total{topology="${job.name}"} ${n}\n`;
    const start = () => new LiveRun([job.topology, '--brokers', brokers.join(',')]);
    const fill = async () => {
      using run = start();
      await run.says(counted(KEYS), '/metrics', FILL_MS);
      expect(await run.stop()).toBe(0);
    };
    try {
      await pour(brokers, { topic: job.input, partitions: PARTITIONS, values: keys(0, KEYS, 1) });
      await fill();
      const seconds: number[] = [];
      for (let i = 0; i < STARTS; i++) {
        const begun = performance.now();
        using run = start();
        await run.ready();
        seconds.push((performance.now() - begun) / 1000);
        if (i === STARTS - 1) await knowsAll(job, run);
        expect(await run.stop()).toBe(0);
      }
      console.info(
        `${KEYS} keys, ${PARTITIONS} partitions: ready after ${seconds.map((s) => s.toFixed(2)).join(', ')} s`,
      );
      expect(median(seconds)).toBeLessThanOrEqual(WITHIN_SECONDS);
    } finally {
      await job.dispose();
    }
  });
});

/** Records with keys that are known, and as many new ones. */
async function knowsAll(job: Job, run: LiveRun): Promise<void> {
  const asked = Math.min(KEYS, 100_000);
  const values = [...keys(0, asked, KEYS / asked), ...keys(KEYS, asked, 1)];
  await pour(job.brokers, { topic: job.input, partitions: PARTITIONS, values });
  await run.says(job.fateLine('duplicate', asked));
  await run.says(job.fateLine('curated', asked));
}

function* keys(from: number, count: number, step: number): Generator<{ readonly id: string }> {
  for (let i = 0; i < count; i++) yield { id: `k${from + Math.floor(i * step)}` };
}
