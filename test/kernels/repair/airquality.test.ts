import { expect, it } from 'vitest';
import { describeWithData } from '../../data.ts';
import { readAirQuality, scoreGaps, scoreSpikes } from './airquality.ts';

describeWithData('airquality', 'clean/airquality', (folder) => {
  const hours = readAirQuality(folder);

  it('has 9,357 hours', () => expect(hours).toHaveLength(9357));

  it.each([1, 2])('spikes on T are found: F1 ≥ .96 (C5, seed %i)', async (seed) => {
    const { f1 } = await scoreSpikes(hours, 'T', { seed });
    expect(f1).toBeGreaterThanOrEqual(0.96);
  });

  it('so are those of a series of another kind', async () => {
    const { f1 } = await scoreSpikes(hours, 'PT08.S5(O3)', { seed: 3 });
    expect(f1).toBeGreaterThanOrEqual(0.9);
  });

  it('the centred Hampel filter finds most of them: F1 ≥ .75', async () => {
    const { f1 } = await scoreSpikes(hours, 'T', { seed: 1, outliers: { method: 'hampel' } });
    expect(f1).toBeGreaterThanOrEqual(0.75);
  });

  it('days without C6H6 are filled: error ≤ .14 standard deviations (C5)', async () => {
    let sum = 0;
    for (const seed of [1, 2, 3]) {
      const { error, left } = await scoreGaps(hours, 'C6H6(GT)', { seed, kind: 'days' });
      expect(error).toBeLessThanOrEqual(0.2);
      expect(left).toBe(0);
      sum += error / 3;
    }
    expect(sum).toBeLessThanOrEqual(0.14);
  });

  it('single hours without T are filled: error ≤ .14', async () => {
    const { error } = await scoreGaps(hours, 'T', { seed: 1, kind: 'single' });
    expect(error).toBeLessThanOrEqual(0.14);
  });
});
