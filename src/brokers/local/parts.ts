import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { BrokerError } from '../../core/errors.ts';
import { onFile } from './files.ts';
import type { Compression } from './part-bytes.ts';

/** A file that is, or will be, read as part of an input. */
export interface Part {
  /** Absolute. */
  readonly path: string;
  /** As origins show it: the file's name, below a folder its path from there. */
  readonly name: string;
  /** Extension without the compression, lower case: `ndjson`, `csv`, …; empty when there is none. */
  readonly extension: string;
  readonly compression: Compression;
}

/** What is taken from a folder; a file named outright may be called anything. */
const READABLE = new Set(['ndjson', 'jsonl', 'json', 'csv', 'tsv', 'txt']);
const COMPRESSIONS: Readonly<Record<string, Compression>> = { gz: 'gz', zst: 'zst', zstd: 'zst' };
/** More parts than this in one input is a mistake in the path. */
const MAX_PARTS = 1_000_000;

export function partOf(path: string, name: string): Part {
  const pieces = basename(path).toLowerCase().split('.');
  const last = pieces.length > 1 ? (pieces.at(-1) ?? '') : '';
  const compression = Object.hasOwn(COMPRESSIONS, last) ? (COMPRESSIONS[last] ?? 'none') : 'none';
  if (compression !== 'none') pieces.pop();
  return { path, name, compression, extension: pieces.length > 1 ? (pieces.at(-1) ?? '') : '' };
}

/**
 * All parts of an input in byte order of their paths. A missing file is an error unless `mayMiss` knows it; an empty
 * folder is an empty input.
 */
export async function listParts(
  paths: readonly string[],
  mayMiss: (path: string) => boolean = () => false,
): Promise<Part[]> {
  const parts = new Map<string, Part>();
  for (const given of paths) {
    const path = resolve(given);
    if (mayMiss(path) && !existsSync(path)) continue;
    const status = await onFile('read', path, () => stat(path));
    if (status.isDirectory()) await listFolder(path, { root: path, above: [], parts });
    else if (status.isFile()) parts.set(path, partOf(path, basename(path)));
    else
      throw new BrokerError(`cannot read ${path}: neither a file nor a folder; name a regular file`, {
        code: 'file-not-a-file',
      });
  }
  return [...parts.values()].sort((a, b) => compareBytes(a.path, b.path));
}

interface Walk {
  readonly root: string;
  /** Real paths of the folders above: meeting one of them again is a loop. */
  readonly above: readonly string[];
  readonly parts: Map<string, Part>;
}

async function listFolder(folder: string, walk: Walk): Promise<void> {
  const real = await onFile('read the folder', folder, () => realpath(folder));
  if (walk.above.includes(real))
    throw new BrokerError(`cannot read ${folder}: symbolic links lead in a circle; remove the loop`, {
      code: 'file-symlink-loop',
    });
  const inside = { ...walk, above: [...walk.above, real] };
  const entries = await onFile('read the folder', folder, () => readdir(folder, { withFileTypes: true }));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const link = entry.isSymbolicLink() ? await onFile('read', path, () => stat(path)) : entry;
    if (link.isDirectory()) await listFolder(path, inside);
    else if (link.isFile()) {
      const part = partOf(path, relative(walk.root, path));
      if (READABLE.has(part.extension)) walk.parts.set(path, part);
    }
    if (walk.parts.size > MAX_PARTS)
      throw new BrokerError(`${walk.root} holds more than ${MAX_PARTS} files; name a smaller folder`, {
        code: 'too-many-parts',
      });
  }
}

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
