/**
 * Builds dist/ for the package: declarations by tsc, code by esbuild, the console's script and style.
 * The code is a few files instead of one a module, since finding and linking modules is most of a start.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { bundle } from '../src/http/console/assets.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Where shared code lands: two levels below the package, as the sources are, so that relative places hold. */
const CHUNKS = 'chunks';
/** Packages of many small files, which would be two thirds of all files a start opens. Others stay where npm puts them. */
const BUNDLED = ['@marcbachmann/cel-js', '@sinclair/typebox', 'avsc', 'commander', 'rxjs', 'yaml'];
/** What of a package in CommonJS asks for a module of Node's. */
const REQUIRE = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

const { dependencies, peerDependencies, devDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, string>>>>; // our own file
const known = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies });

rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
const { metafile } = await build({
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
  external: known.filter((name) => !BUNDLED.includes(name)),
  alias: { rxjs: join(root, 'node_modules/rxjs/dist/esm/index.js') }, // the form that what is unused can be left out of
  banner: { js: REQUIRE },
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'warning',
});
writeFileSync(join(dist, 'THIRD-PARTY.txt'), licenses(metafile));
const assets = join(dist, CHUNKS, 'assets');
const { script, style } = await bundle();
mkdirSync(assets, { recursive: true });
writeFileSync(join(assets, 'console.js'), script);
writeFileSync(join(assets, 'console.css'), style);
chmodSync(join(dist, 'cli', 'main.js'), 0o755);

/** The licenses of the packages in the bundle, each under its name. */
function licenses({ inputs }: Metafile): string {
  const pattern = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;
  const packages = new Set(Object.keys(inputs).flatMap((file) => pattern.exec(file)?.[1] ?? []));
  const texts = [...packages].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled and has no license file`);
    return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
