import { spawn } from 'node:child_process';
import { needTool } from './install.ts';

/** A record as the independent reader saw it. */
export interface SeenRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  /** null: no key. */
  readonly key: Buffer | null;
  /** null: a tombstone. */
  readonly value: Buffer | null;
}

export interface ReadOptions {
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  readonly partition?: number;
}

/** `%K` and `%S` are lengths, -1 for null; keys and values follow as raw bytes. */
const FORMAT = '%p %o %T %K %S\\n%k%s\\n';

/**
 * The oracle: everything in a topic up to its end (read committed: the last stable offset), read by kcat, which shares no
 * code with ours. Within a partition in order of offsets.
 */
export async function readTopic(
  brokers: readonly string[],
  topic: string,
  options: ReadOptions = {},
): Promise<SeenRecord[]> {
  needTool('kcat', ['-V'], 'kcat');
  const { isolation = 'read_committed', partition } = options;
  const from = partition === undefined ? [] : ['-p', String(partition)];
  const settings = ['-X', `isolation.level=${isolation}`, '-X', 'check.crcs=true', '-X', 'fetch.wait.max.ms=10'];
  const args = [
    '-C',
    '-q',
    '-e',
    '-b',
    brokers.join(','),
    '-t',
    topic,
    '-o',
    'beginning',
    ...from,
    ...settings,
    '-f',
    FORMAT,
  ];
  return parse(await output('kcat', args));
}

function output(command: string, args: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`${command} ended with ${code}: ${Buffer.concat(errors).toString()}`));
    });
  });
}

function parse(bytes: Buffer): SeenRecord[] {
  const records: SeenRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    const [partition = 0, offset = 0, timestamp = 0, keyLength = 0, valueLength = 0] = bytes
      .toString('latin1', at, end)
      .split(' ')
      .map(Number);
    const keyAt = end + 1;
    const valueAt = keyAt + Math.max(keyLength, 0);
    at = valueAt + Math.max(valueLength, 0) + 1;
    records.push({
      partition,
      offset,
      timestamp,
      key: keyLength < 0 ? null : bytes.subarray(keyAt, valueAt),
      value: valueLength < 0 ? null : bytes.subarray(valueAt, at - 1),
    });
  }
  return records;
}
