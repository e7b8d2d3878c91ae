import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Path of a program; in CI its Debian package is installed when it is missing. Undefined where it cannot be had. */
export function findProgram(name: string, debianPackage: string): string | undefined {
  const found = onPath(name);
  if (found !== undefined || process.env.CI !== 'true') return found;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // another worker may be installing something at this moment
  const wait = ['-o', 'DPkg::Lock::Timeout=600', '-o', 'APT::Lists::Lock::Timeout=600'];
  spawnSync('apt-get', ['update', '-q', ...wait], { stdio: 'ignore', env });
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...wait, debianPackage], {
    stdio: 'ignore',
    env,
  });
  return onPath(name);
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Runs with a program; without it fails in CI, and elsewhere says in one line that it is skipped. */
export function describeWithProgram(
  name: string,
  program: { readonly name: string; readonly debianPackage: string },
  fn: (path: string) => void,
): void {
  const path = findProgram(program.name, program.debianPackage);
  if (path !== undefined) {
    describe(name, () => fn(path));
    return;
  }
  const reason = `${program.name} is not installed (Debian: apt-get install ${program.debianPackage})`;
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`SKIPPED "${name}": ${reason}`);
  describe.skip(name, () => fn(''));
}
