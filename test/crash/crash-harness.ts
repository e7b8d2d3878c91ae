import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** What is killed: a toy stage that needs the broker alone, or the whole engine. */
export type Program = 'toy-run.ts' | 'engine-run.ts';

export interface Kill {
  /** Fault point to die at, after so many passes of it. */
  readonly point?: string;
  readonly passes?: number;
  /** Pause at each commit, so that a kill at a random moment meets all of the run. */
  readonly pauseMs?: number;
  /** SIGKILL from outside. */
  readonly killAfterMs?: number;
}

/** Every fault point of the local broker a bounded run passes. */
export const FAULT_POINTS = [
  'open.begin',
  'open.locked',
  'open.fresh',
  'open.manifest',
  'open.outputs',
  'open.swept',
  'open.entry',
  'open.task',
  'commit.begin',
  'state.written',
  'state.synced',
  'outputs.written',
  'outputs.synced',
  'manifest.written',
  'manifest.synced',
  'manifest.renamed',
  'manifest.durable',
  'commit.done',
] as const;

export interface Ending {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs once over `folder`. */
export function runOnce(program: Program, folder: string, kill: Kill = {}): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const path = join(import.meta.dirname, program);
    const args = [path, folder, kill.point ?? '', String(kill.passes ?? 0), String(kill.pauseMs ?? 0)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const timer =
      kill.killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), kill.killAfterMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stderr });
    });
  });
}

/** A folder with two input parts (one compressed) in which every third id comes twice. */
export function prepare(records: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
  mkdirSync(join(folder, 'run'));
  let text = '';
  for (let i = 0; i < records; i++)
    text += `{"id":${i % 3 === 0 ? i >> 1 : i},"group":${i % 13},"padding":"${'x'.repeat(i % 50)}"}\n`;
  const half = text.indexOf('\n', text.length / 2) + 1;
  const inputs = [join(folder, 'a.ndjson.gz'), join(folder, 'b.ndjson')];
  writeFileSync(inputs[0]!, gzipSync(text.slice(0, half)));
  writeFileSync(inputs[1]!, text.slice(half));
  writeFileSync(join(folder, 'inputs.json'), JSON.stringify(inputs));
  return folder;
}

/** Outputs of a run by name: hash of the bytes. */
export function outputsOf(folder: string, name = 'run'): Record<string, string> {
  const run = join(folder, name);
  const found: Record<string, string> = {};
  for (const file of readdirSync(run).sort())
    if (!file.startsWith('.'))
      found[file] = createHash('sha256')
        .update(readFileSync(join(run, file)))
        .digest('hex');
  return found;
}

/** Forgets everything a run made. */
export function clean(folder: string): void {
  rmSync(join(folder, 'run'), { recursive: true, force: true });
  mkdirSync(join(folder, 'run'));
}
