import { readManifest } from '../brokers/local/manifest.ts';
import { linesOf } from '../brokers/local/read-lines.ts';
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
  let at = 0;
  for await (const line of linesOf(`${dir}/${file}`, length)) yield readLine(line.toString(), at++);
}
