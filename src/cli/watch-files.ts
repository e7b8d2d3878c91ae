import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** An editor that saves makes several events of it. */
const QUIET_MS = 200;

/** Tells of a file once it was quiet for 200 ms. Its folder is watched: many editors replace a file instead of writing to it. */
export function watchFile(
  path: string,
  on: { readonly changed: () => void; readonly failed: (error: Error) => void },
): { dispose(): void } {
  const file = basename(resolve(path));
  let quiet: NodeJS.Timeout | undefined;
  const watcher: FSWatcher = watch(dirname(resolve(path)), (_event, name) => {
    if (name !== file) return;
    clearTimeout(quiet);
    quiet = setTimeout(on.changed, QUIET_MS);
  });
  watcher.on('error', on.failed);
  return {
    dispose() {
      clearTimeout(quiet);
      watcher.close();
    },
  };
}
