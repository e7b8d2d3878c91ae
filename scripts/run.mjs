// Installs what is missing, then runs a script on the pinned Node. Must itself run on Node 20, before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
const stamp = join(root, 'node_modules', '.sluice-installed');
const node = join(root, 'node_modules', 'node', 'bin', 'node');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock || !existsSync(node)) {
  console.error('sluice: installing dependencies …');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) {
    console.error('sluice: npm ci failed; its output is above');
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stamp, lock);
}

const [command = '', ...args] = process.argv.slice(2);
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
const target =
  command.endsWith('.ts') || command.endsWith('.mjs')
    ? [node, [join(root, command), ...args]]
    : [join(bin, command), args];
const child = spawnSync(target[0], target[1], { stdio: 'inherit', env });
if (child.signal !== null) process.kill(process.pid, child.signal);
process.exit(child.status ?? 1);
