import { expect, it } from 'vitest';
import { type CampaignOptions, runCampaign } from '../support/kafka/campaign.ts';
import { describeWithCluster } from '../support/kafka/describe-kafka.ts';
import { Outages } from '../support/kafka/outages.ts';

/** Beyond those that every run of the tests has; from another one on with CAMPAIGN_FIRST, one again with CAMPAIGN_SEED. */
const FIRST = Number(process.env.CAMPAIGN_FIRST ?? 101);
const FAULTS = 50;
const TOTAL = Number(process.env.CAMPAIGN_FAULTS ?? 2000);
const ONE = process.env.CAMPAIGN_SEED;
const PARTITIONS = [4, 5, 6, 8, 10, 12];
/** Topologies at a time on one cluster. */
const AT_ONCE = 2;

for (const nodes of [1, 3] as const) {
  await describeWithCluster(`${nodes} broker(s), faults drawn from seeds`, { nodes }, (cluster) => {
    const half = Math.ceil(TOTAL / 2 / FAULTS / AT_ONCE);
    it(`${half * FAULTS * AT_ONCE} faults lose nothing, double nothing, and leave no partition standing`, async () => {
      const outages = new Outages(cluster());
      let faults = 0;
      const run = async (seed: number) => {
        const partitions = PARTITIONS[seed % PARTITIONS.length] ?? 4;
        const options: CampaignOptions = { brokers: cluster().brokers, outages, seed, partitions, faults: FAULTS };
        const counts = await runCampaign(options);
        faults += Object.values(counts).reduce((a, b) => a + b, 0);
        console.info(`${nodes} broker(s), seed ${seed}, ${partitions} partitions: ${JSON.stringify(counts)}`);
      };
      if (ONE !== undefined) return run(Number(ONE));
      for (let i = 0; i < half; i++) {
        const seeds = Array.from({ length: AT_ONCE }, (_, k) => FIRST + 1000 * nodes + i * AT_ONCE + k);
        await Promise.all(seeds.map(run));
      }
      expect(faults).toBeGreaterThanOrEqual(TOTAL / 2);
    });
  });
}
