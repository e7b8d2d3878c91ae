import { readdir, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { compareBytes } from '../brokers/local/parts.ts';
import { ConfigError } from '../core/errors.ts';

const PART = /\.(ndjson|jsonl)(\.gz|\.zst)?$/;

/** Files of a topic, in byte order of their names: a file, or the parts in a folder. Throws ConfigError when there are none. */
export async function partsOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return [path];
  const names = found?.isDirectory() ? (await readdir(path)).filter((name) => PART.test(name)) : [];
  if (names.length === 0)
    throw new ConfigError(`${path}: expected a file or a folder of .ndjson files (also .gz, .zst)`, {
      code: 'no-parts',
    });
  return names.sort(compareBytes).map((name) => `${path}/${name}`);
}

/** The topic that files of this name hold, as far as the name says. */
export function topicOf(path: string): string {
  return basename(path).replace(PART, '');
}
