import { createReadStream } from 'node:fs';
import { readManifest } from '../brokers/local/manifest.ts';
import { BrokerError } from '../core/errors.ts';
import type { QuarantineEntry } from './entry.ts';
import { readLine } from './line.ts';

/**
 * What is committed of a topology's quarantine in a folder, in order. Lines are read one at a time. Throws BrokerError when
 * no run of the topology has written there.
 */
export async function* localQuarantine(options: {
  readonly dir: string;
  readonly topology: string;
  readonly topic: string;
}): AsyncGenerator<QuarantineEntry> {
  const { dir, topology, topic } = options;
  const manifest = await readManifest(`${dir}/.sluice/${topology}/manifest`);
  if (manifest === undefined)
    throw new BrokerError(
      `no run of ${topology} has written to ${dir}: give the folder of its outputs as --local DIR`,
      {
        code: 'no-run',
      },
    );
  const file = `${topic}.ndjson`;
  const length = Object.hasOwn(manifest.outputs, file) ? (manifest.outputs[file] ?? 0) : 0;
  if (length === 0) return;
  let at = 0;
  for await (const line of linesOf(`${dir}/${file}`, length)) yield readLine(line, at++);
}

/** Lines end at a line feed and nowhere else: a text may hold every other separator Unicode has. */
async function* linesOf(path: string, length: number): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { end: length - 1 })) {
    let bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]); // no encoding was set
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield bytes.toString('utf8', 0, end);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  }
}
