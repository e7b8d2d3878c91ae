/**
 * Builds dist/ for the package: declarations by tsc, code by esbuild, the console's script and style.
 * The code is a few files instead of one a module, since finding and linking modules is most of a start.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundle } from '../src/http/console/assets.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Where shared code lands: two levels below the package, as the sources are, so that relative places hold. */
const CHUNKS = 'chunks';

rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
await build({
  absWorkingDir: root,
  entryPoints: {
    index: 'src/index.ts',
    'testing/index': 'src/testing/index.ts',
    'kernels/index': 'src/kernels/index.ts',
    'kernels/query/index': 'src/kernels/query/index.ts',
    'cli/main': 'src/cli/main.ts',
    [`${CHUNKS}/run-worker`]: 'src/cli/run-worker.ts',
  },
  outdir: dist,
  chunkNames: `${CHUNKS}/[name]-[hash]`,
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'warning',
});
const assets = join(dist, CHUNKS, 'assets');
const { script, style } = await bundle();
mkdirSync(assets, { recursive: true });
writeFileSync(join(assets, 'console.js'), script);
writeFileSync(join(assets, 'console.css'), style);
chmodSync(join(dist, 'cli', 'main.js'), 0o755);
