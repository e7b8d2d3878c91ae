import { expect, it } from 'vitest';
import { peakOfCopy } from '../brokers/local-memory.ts';

it('a file of 1 GiB needs at most a tenth more memory than one of 10 MiB', () => {
  const small = peakOfCopy(10);
  expect(peakOfCopy(1024)).toBeLessThanOrEqual(small * 1.1);
});
