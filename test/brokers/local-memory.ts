import { execFileSync } from 'node:child_process';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from './local-toy.ts';

const MIB = 1024 * 1024;
/** A heap of fixed size: without it the peak tells how lazy the collector was, not what is needed. */
const HEAP = ['--max-old-space-size=64', '--max-semi-space-size=1'];

/** Peak memory in KiB of a child that copies `mebibytes` of records of 230 bytes. */
export function peakOfCopy(mebibytes: number): number {
  using folder = scratch();
  const path = join(folder.path, 'in.ndjson');
  const file = openSync(path, 'w');
  const line = `{"id":0,"text":"${'x'.repeat(211)}"}\n`;
  const block = Buffer.from(line.repeat(Math.ceil(MIB / line.length)));
  for (let i = 0; i < mebibytes; i++) writeSync(file, block);
  closeSync(file);
  const child = join(import.meta.dirname, 'local-copy.ts');
  const peak = Number(execFileSync(process.execPath, [...HEAP, child, folder.path], { encoding: 'utf8' }));
  if (statSync(join(folder.path, 'out.ndjson')).size !== statSync(path).size) throw new Error('the copy is not whole');
  return peak;
}
