/** The gate: format and lint, types, layers, dead exports, stale generated files. Every step runs; the exit code says whether all passed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkArchitecture, readSources } from './architecture.ts';
import { staleFiles } from './generate.ts';

const root = join(import.meta.dirname, '..');

function command(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

async function list(lines: readonly string[] | Promise<readonly string[]>): Promise<boolean> {
  const found = await lines;
  for (const line of found) console.error(line);
  return found.length === 0;
}

const steps: readonly (readonly [string, () => boolean | Promise<boolean>])[] = [
  ['biome', () => command('biome', 'check', '--error-on-warnings', '.')],
  ['tsc', () => command('tsc')],
  ['tsc, console', () => command('tsc', '-p', 'src/http/console/app/tsconfig.json')],
  ['architecture', () => list(checkArchitecture(readSources(join(root, 'src'))))],
  ['knip', () => command('knip', '--include', 'files,exports,types,duplicates,unlisted,unresolved')],
  ['generated files', () => list(staleFiles(root))],
];

const failed: string[] = [];
for (const [name, run] of steps) {
  console.log(`check: ${name}`);
  if (!(await run())) failed.push(name);
}
if (failed.length > 0) console.error(`check failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
