import { ConfigError } from '../core/errors.ts';

const MOST = 256;

/** `--workers`: 1 to 256 threads, on Kafka only; 1 without it. Throws ConfigError. */
export function workerCount(flag: string | undefined, { onFiles }: { readonly onFiles: boolean }): number {
  if (flag === undefined) return 1;
  if (onFiles)
    throw new ConfigError('--workers works on Kafka, where partitions are shared out: files are read in one order', {
      code: 'flag-elsewhere',
    });
  const count = Number(flag);
  if (!/^\d{1,3}$/.test(flag) || count < 1 || count > MOST)
    throw new ConfigError(`--workers ${flag}: expected a number from 1 to ${MOST}`, { code: 'workers-flag' });
  return count;
}
