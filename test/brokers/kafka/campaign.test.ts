import { expect, it } from 'vitest';
import { runCampaign } from '../../support/kafka/campaign.ts';
import { describeWithCluster } from '../../support/kafka/describe-kafka.ts';
import { Outages } from '../../support/kafka/outages.ts';

/** One campaign again with CAMPAIGN_SEED. */
const ONE = process.env.CAMPAIGN_SEED;
const FAULTS = 36;
/** Seven minutes where nothing else runs; tests run two at a time. */
const MOST_MS = 600_000;
const CAMPAIGNS = [
  { seed: 1, partitions: 4 },
  { seed: 2, partitions: 8 },
  { seed: 3, partitions: 12 },
].filter(({ seed }) => ONE === undefined || seed === Number(ONE));

await describeWithCluster('three processes, two stages, faults drawn from a seed', {}, (cluster) => {
  it('nothing is lost, nothing doubled, no partition stands still', { timeout: MOST_MS, retry: 0 }, async () => {
    const { brokers } = cluster();
    const outages = new Outages(cluster());
    const began = performance.now();
    const counts = await Promise.all(
      CAMPAIGNS.map((campaign) => runCampaign({ ...campaign, brokers, outages, faults: FAULTS })),
    );
    const all = counts.flatMap((count) => Object.values(count)).reduce((a, b) => a + b, 0);
    console.info(`${all} faults in ${Math.round((performance.now() - began) / 1000)} s: ${JSON.stringify(counts)}`);
    if (ONE === undefined) expect(all).toBeGreaterThanOrEqual(100);
  });
});
