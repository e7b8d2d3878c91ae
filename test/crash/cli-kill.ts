import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../e2e/cli.ts';

/** A topology beside this file, and where its inputs are: `<folder>/<topic>.ndjson`. */
export interface Job {
  readonly topology: string;
  readonly folder: string;
  readonly topics: readonly string[];
  /** Further flags of `run`. */
  readonly flags?: readonly string[];
}

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

export const DONE: Ending = { code: 0, signal: null, stderr: '' };

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Runs the command a user types; SIGKILL once `watched` has `atBytes` bytes. */
export function runOrKill(
  job: Job,
  out: string,
  kill?: { readonly watched: string; readonly atBytes: number },
): Promise<Ending> {
  const dir = join(job.folder, out);
  mkdirSync(dir, { recursive: true });
  const args = [join(root, 'src', 'cli', 'main.ts'), 'run', join(import.meta.dirname, job.topology), '--local', dir];
  for (const topic of job.topics) args.push('--topic', `${topic}=${join(job.folder, topic)}.ndjson`);
  args.push(...(job.flags ?? []));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args, '--json', '--quiet'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    const look = setInterval(() => {
      if (kill !== undefined && sizeOf(kill.watched) >= kill.atBytes) child.kill('SIGKILL');
    }, 1);
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(look);
      resolve({ code, signal, stderr });
    });
  });
}

/**
 * Kills a job over and over, `kills` times at most, each time after it has written a bit more of `output`; gives how
 * many different sizes it died at. Leaves it unfinished in `killed`.
 */
export async function killOften(job: Job, output: string, kills: number): Promise<number> {
  const result = join(job.folder, 'whole', `${output}.ndjson`);
  const watched = join(job.folder, 'killed', `${output}.ndjson`);
  const points = new Set<number>();
  for (let n = 0; n < kills; n++) {
    const atBytes = sizeOf(watched) + Math.floor(sizeOf(result) / (2 * kills));
    const ended = await runOrKill(job, 'killed', { watched, atBytes });
    if (ended.signal !== 'SIGKILL') break;
    points.add(sizeOf(watched));
  }
  return points.size;
}
