import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface ConsoleAssets {
  readonly script: string;
  readonly style: string;
}

const built = (name: string) => new URL(`./assets/${name}`, import.meta.url);
let assets: Promise<ConsoleAssets> | undefined;

/** Script and style of the console. The package brings them; in a clone they are bundled at first use. */
export function consoleAssets(): Promise<ConsoleAssets> {
  assets ??= existsSync(built('console.js'))
    ? Promise.resolve({
        script: readFileSync(built('console.js'), 'utf8'),
        style: readFileSync(built('console.css'), 'utf8'),
      })
    : bundle();
  return assets;
}

/** Bundles app/ with esbuild, a development dependency. Also what the build of the package writes. */
export async function bundle(): Promise<ConsoleAssets> {
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [fileURLToPath(new URL('./app/main.tsx', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    outdir: 'assets',
    target: 'es2022',
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
  });
  const text = (end: string) => result.outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  return { script: text('.js'), style: text('.css') };
}
