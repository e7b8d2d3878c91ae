import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { DONE, type Job, killOften, runOrKill } from './cli-kill.ts';
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
    expect(await runOrKill(job, 'whole')).toEqual(DONE);
    expect(await killOften(job, consensus, KILLS)).toBeGreaterThanOrEqual(10);
    expect(await runOrKill(job, 'killed')).toEqual(DONE);
    expect(outputsOf(job.folder, 'killed')).toEqual(outputsOf(job.folder, 'whole'));
    const result = join(job.folder, 'whole', `${consensus}.ndjson`);
    expect(readFileSync(result, 'utf8').trim().split('\n').length).toBeGreaterThan(ITEMS / 2);
    const events = readFileSync(join(job.folder, 'whole', `${topology.replace('.yaml', '')}.events.ndjson`), 'utf8');
    expect(events.match(/"(vote|resolve)\.revised"/g)!.length).toBeGreaterThan(10);
  }, 300_000);
});
