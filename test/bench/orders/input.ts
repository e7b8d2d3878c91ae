import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { dataPath } from '../../data.ts';
import { readTruth, type Truth } from './verify.ts';

export const benchCache = join(resolve(import.meta.dirname, '../../..'), '.cache', 'bench');

/** The input of the reference job, made when it is not there yet, and the counts it must give. */
export function makeOrders({ records, seed }: { records: number; seed: number }): { file: string; truth: Truth } {
  mkdirSync(benchCache, { recursive: true });
  const name = join(benchCache, `orders-${records}-${seed}`);
  if (!existsSync(`${name}.truth.json`)) {
    const args = [join(dataPath('../bench'), 'gen.py'), `${name}.ndjson`, String(records), String(seed)];
    const made = spawnSync('python3', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (made.status !== 0) throw new Error(`the generator failed: ${args.join(' ')}`);
  }
  return { file: `${name}.ndjson`, truth: readTruth(`${name}.truth.json`) };
}
