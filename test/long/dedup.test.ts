import { expect, it } from 'vitest';
import { replayJob } from '../kernels/dedup/replay-job.ts';

it('dedup loses nothing and invents nothing over 10 million events with two restarts', { timeout: 600_000 }, () => {
  const result = replayJob(10_000_000, [3_300_000, 7_700_000]);
  console.log(JSON.stringify(result));
  expect(result).toMatchObject({ wrongDrops: 0, missed: 0, replayDifferences: 0 });
  expect(result.duplicates).toBeGreaterThan(490_000);
  expect(result.maxParts).toBeLessThanOrEqual(66);
  expect(result.bytesPerKey).toBeLessThanOrEqual(40);
});
