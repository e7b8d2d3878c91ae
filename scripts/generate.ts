/** `npm run generate` writes every generated file; `npm run check` says which are stale. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Generated {
  /** Relative to the root. */
  readonly path: string;
  readonly content: string;
}

async function generated(root: string): Promise<readonly Generated[]> {
  const { cataloguePage } = await import('./catalogue-page.ts');
  const { driftPicture } = await import('./drift-picture.ts');
  const { galleryPage } = await import('./gallery-page.ts');
  const { galleryReference } = await import('./gallery-reference.ts');
  const { grafanaFiles } = await import('./grafana/files.ts');
  const { operatorPages } = await import('./operator-pages.ts');
  const { schemaFiles } = await import('./schema-files.ts');
  const { votesPicture } = await import('./votes-picture.ts');
  return [
    ...operatorPages(),
    ...schemaFiles(),
    ...grafanaFiles(),
    cataloguePage(),
    await galleryReference(),
    await galleryPage(root),
    votesPicture(),
    driftPicture(root),
  ];
}

/** One line a file that is not what `npm run generate` would write. */
export async function staleFiles(root: string): Promise<string[]> {
  const files = await generated(root);
  return files
    .filter(({ path, content }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== content)
    .map(({ path }) => `${path} is stale: npm run generate`);
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  for (const { path, content } of await generated(root)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    console.log(path);
  }
}
