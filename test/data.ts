import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { describe } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const configured = process.env.SLUICE_DATA ?? '../shared/data';
const folder = isAbsolute(configured) ? configured : resolve(root, configured);

/** Path of a public data set below the data folder (`SLUICE_DATA`, default `../shared/data`). */
export function dataPath(relative: string): string {
  return join(folder, relative);
}

/** A block of tests that need a public data set: skipped with one loud line when it is missing, failed under CI=true. */
export function describeWithData(name: string, relative: string, fn: (path: string) => void): void {
  const path = dataPath(relative);
  if (existsSync(path)) {
    describe(name, () => fn(path));
    return;
  }
  if (process.env.CI === 'true') throw new Error(`data set ${relative} is missing below ${folder}: set SLUICE_DATA`);
  console.warn(`SKIPPED "${name}": data set ${relative} is missing below ${folder} (set SLUICE_DATA)`);
  describe.skip(name, () => fn(path));
}
