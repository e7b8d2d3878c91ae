import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/**
 * Lines without their end, of the first `length` bytes where that is given, unpacked where the name says so. They end at a
 * line feed and nowhere else: a text may hold every other separator Unicode has.
 */
export async function* linesOf(path: string, length?: number): AsyncGenerator<Buffer> {
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
