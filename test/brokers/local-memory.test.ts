import { expect, it } from 'vitest';
import { peakOfCopy } from './local-memory.ts';

/** The least of three: what is needed. A busy machine lets the collector lag, which is not need. */
function least(mebibytes: number): number {
  return Math.min(...[1, 2, 3].map(() => peakOfCopy(mebibytes)));
}

it('a file of 200 MiB needs at most a tenth more memory than one of 10 MiB', () => {
  expect(least(200)).toBeLessThanOrEqual(least(10) * 1.1);
}, 120_000);
