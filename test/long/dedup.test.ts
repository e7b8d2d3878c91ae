import { describe, expect, it } from 'vitest';
import { replayJob } from '../kernels/dedup/replay-job.ts';

describe('dedup over 10 million events with two restarts', () => {
  it.each([
    ['all inside the window', 20_000, 32],
    ['a window of six per cent of them: small segments, and slots that wait to be used again', 600, 50],
  ])('loses nothing and invents nothing, %s', { timeout: 600_000 }, (_, seconds, maxBytesPerKey) => {
    const result = replayJob(10_000_000, [3_300_000, 7_700_000], seconds);
    console.log(JSON.stringify(result));
    expect(result).toMatchObject({ wrongDrops: 0, missed: 0, replayDifferences: 0 });
    expect(result.duplicates).toBeGreaterThan(490_000);
    expect(result.maxParts).toBeLessThanOrEqual(66);
    expect(result.bytesPerKey).toBeLessThanOrEqual(maxBytesPerKey);
  });
});
