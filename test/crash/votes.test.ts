import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { root } from '../e2e/cli.ts';
import { outputsOf } from './crash-harness.ts';

const KILLS = 14;
const ITEMS = 1200;

const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();

/** Eight voters of .55 to .9; one vote in eight comes half a minute late, one item in twenty gets a verdict. */
function votes(): Record<string, string> {
  const rows: { readonly second: number; readonly row: object }[] = [];
  let verdicts = '';
  for (let i = 0; i < ITEMS; i++) {
    const truth = uniform(1, i) < 0.4 ? 'yes' : 'no';
    for (let v = 0; v < 8; v++) {
      const second = i + 10 * uniform(2, i, v) + (uniform(3, i, v) < 0.125 ? 30 : 0);
      const right = uniform(4, i, v) < 0.55 + v / 20;
      rows.push({
        second,
        row: { at: at(second), item: `i${i}`, voter: `w${v}`, label: right === (truth === 'yes') ? 'yes' : 'no' },
      });
    }
    if (i % 20 === 7) verdicts += line({ at: at(i + 40), item: `i${i}`, label: truth });
  }
  rows.sort((a, b) => a.second - b.second);
  return { 'votes.raw': rows.map(({ row }) => line(row)).join(''), 'votes.verdicts': verdicts };
}

/** Nine sources, three of them copies of a bad one; one claim in eight comes after its entry has closed. */
function claims(): Record<string, string> {
  const rows: { readonly second: number; readonly row: object }[] = [];
  for (let i = 0; i < ITEMS; i++) {
    const said: string[] = [];
    for (let s = 0; s < 9; s++) {
      said[s] =
        s > 5 ? said[0]! : uniform(5, i, s) < 0.4 + s / 10 ? 'here' : `there${Math.floor(uniform(6, i, s) * 4)}`;
      const second = i + 10 * uniform(7, i, s) + (uniform(8, i, s) < 0.125 ? 70 : 0);
      rows.push({
        second,
        row: { at: at(second), entity: `e${i}`, attribute: 'place', source: `s${s}`, value: ` ${said[s]}` },
      });
    }
  }
  rows.sort((a, b) => a.second - b.second);
  return { 'claims.raw': rows.map(({ row }) => line(row)).join('') };
}

interface Job {
  readonly topology: string;
  readonly folder: string;
  readonly topics: readonly string[];
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

const DONE: Ending = { code: 0, signal: null, stderr: '' };

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Runs the command a user types; SIGKILL once `watched` has `atBytes` bytes. */
function run(job: Job, out: string, kill?: { readonly watched: string; readonly atBytes: number }): Promise<Ending> {
  const dir = join(job.folder, out);
  mkdirSync(dir, { recursive: true });
  const args = [join(root, 'src', 'cli', 'main.ts'), 'run', join(import.meta.dirname, job.topology), '--local', dir];
  for (const topic of job.topics) args.push('--topic', `${topic}=${join(job.folder, topic)}.ndjson`);
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

describe.each([
  { topology: 'votes.yaml', inputs: votes(), consensus: 'labels.consensus' },
  { topology: 'claims.yaml', inputs: claims(), consensus: 'claims.resolved' },
])('$topology, killed by SIGKILL and started again by the same command', ({ topology, inputs, consensus }) => {
  let job: Job;
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
    for (const [topic, text] of Object.entries(inputs)) writeFileSync(join(folder, `${topic}.ndjson`), text);
    job = { topology, folder, topics: Object.keys(inputs) };
  });
  afterAll(() => rmSync(job.folder, { recursive: true, force: true }));

  it(`gives the same consensus records, revisions and events after ${KILLS} kills`, async () => {
    expect(await run(job, 'whole')).toEqual(DONE);
    const result = join(job.folder, 'whole', `${consensus}.ndjson`);
    const watched = join(job.folder, 'killed', `${consensus}.ndjson`);
    const points = new Set<number>();
    for (let n = 0; n < KILLS; n++) {
      const atBytes = sizeOf(watched) + Math.floor(sizeOf(result) / (2 * KILLS));
      const ended = await run(job, 'killed', { watched, atBytes });
      if (ended.signal !== 'SIGKILL') break;
      points.add(sizeOf(watched));
    }
    expect(points.size).toBeGreaterThanOrEqual(10);
    expect(await run(job, 'killed')).toEqual(DONE);
    expect(outputsOf(job.folder, 'killed')).toEqual(outputsOf(job.folder, 'whole'));
    expect(readFileSync(result, 'utf8').trim().split('\n').length).toBeGreaterThan(ITEMS / 2);
    const events = readFileSync(join(job.folder, 'whole', `${topology.replace('.yaml', '')}.events.ndjson`), 'utf8');
    expect(events.match(/"(vote|resolve)\.revised"/g)!.length).toBeGreaterThan(10);
  }, 300_000);
});
