import { expect, it } from 'vitest';
import { peakOfCopy } from './local-memory.ts';

it('a file of 200 MiB needs at most a tenth more memory than one of 10 MiB', () => {
  const small = peakOfCopy(10);
  expect(peakOfCopy(200)).toBeLessThanOrEqual(small * 1.1);
}, 120_000);
