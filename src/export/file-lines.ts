import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
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
  return names.sort(byBytes).map((name) => `${path}/${name}`);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Lines without their end, of the first `length` bytes where that is given. They end at a line feed and nowhere else. */
export async function* linesOf(path: string, length?: number): AsyncGenerator<Uint8Array> {
  if (length === 0) return;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytesOf(path, length)) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield bytes.subarray(0, end);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  }
  if (rest.length > 0) yield rest;
}

async function* bytesOf(path: string, length: number | undefined): AsyncGenerator<Buffer> {
  const file = createReadStream(path, length === undefined ? {} : { end: length - 1 });
  const unpack = path.endsWith('.gz') ? createGunzip() : path.endsWith('.zst') ? createZstdDecompress() : undefined;
  if (unpack === undefined) {
    yield* file as AsyncIterable<Buffer>; // no encoding was set
    return;
  }
  const done = pipeline(file, unpack);
  yield* unpack as AsyncIterable<Buffer>;
  await done;
}
