/** Compiles src/ to dist/ for the package, and bundles the console. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../src/http/console/assets.ts';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
const assets = join(root, 'dist', 'http', 'console', 'assets');
const { script, style } = await bundle();
mkdirSync(assets, { recursive: true });
writeFileSync(join(assets, 'console.js'), script);
writeFileSync(join(assets, 'console.css'), style);
chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);
