import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { sluice } from '../e2e/cli.ts';
import { DONE, type Job, killOften, runOrKill } from './cli-kill.ts';
import { outputsOf } from './crash-harness.ts';

const KILLS = 16;
const RECORDS = 6000;
const SITES = ['north', 'south', 'east', 'west', 'mill', 'dock'];

/** One record a second; two bursts of bad ones, a silent half hour, a site that fails more often, late and missing records. */
function readings(): string {
  const rows: { readonly second: number; readonly text: string }[] = [];
  for (let i = 0; i < RECORDS; i++) {
    if (i > 2500 && i < 4300) continue;
    const site = SITES[Math.floor(uniform(1, i) ** 2 * SITES.length)]!;
    const burst = (i > 1000 && i < 1300) || (i > 5000 && i < 5200);
    const bad = uniform(2, i) < (burst ? 0.7 : site === 'dock' ? 0.3 : 0.02);
    const x = bad ? -1 : Math.round(50 + 20 * Math.sin(i / 200) + 20 * uniform(3, i));
    const at = new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString();
    const text = JSON.stringify({ at, n: i, site, kind: i % 3 === 0 ? 'a' : 'b', x: uniform(4, i) < 0.02 ? 'NaN' : x });
    rows.push({ second: i + (uniform(5, i) < 0.05 ? 90 : 0), text });
  }
  return rows
    .sort((a, b) => a.second - b.second)
    .map(({ text }) => `${text}\n`)
    .join('');
}

let job: Job;
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  writeFileSync(join(folder, 'readings.ndjson'), readings());
  job = { topology: 'watch.yaml', folder, topics: ['readings'] };
});
afterAll(() => rmSync(job.folder, { recursive: true, force: true }));

it(`windows, profiles, breaker and slices say the same after ${KILLS} SIGKILLs of the command line`, async () => {
  expect(await runOrKill(job, 'whole')).toEqual(DONE);
  const events = readFileSync(join(job.folder, 'whole', 'watch.events.ndjson'), 'utf8');
  const types = new Set([...events.matchAll(/"type":"([a-z]+\.[a-z]+)"/g)].map(([, type]) => type));
  expect([...types].sort()).toEqual([
    'breaker.closed',
    'breaker.opened',
    'profile.field',
    'profile.window',
    'slices.changed',
    'state.evicted',
    'window.failed',
    'window.recovered',
  ]);
  expect(events.match(/breaker\.opened/g)!.length).toBeGreaterThanOrEqual(2);
  expect(await killOften(job, 'watch.events', KILLS)).toBeGreaterThanOrEqual(10);
  expect(await runOrKill(job, 'killed')).toEqual(DONE);
  const whole = outputsOf(job.folder, 'whole');
  const files = ['kept.ndjson', 'late.ndjson', 'watch.diverted.ndjson', 'watch.quarantine.ndjson'];
  expect(Object.keys(whole)).toEqual(expect.arrayContaining(files));
  expect(outputsOf(job.folder, 'killed')).toEqual(whole);
}, 240_000);

it('a breaker that stops ends the command with 3, and again until it is told to forget', async () => {
  const topology = join(job.folder, 'stops.yaml');
  const text = readFileSync(join(import.meta.dirname, 'watch.yaml'), 'utf8');
  writeFileSync(topology, text.replace('action: divert', 'action: stop'));
  const args = [
    'run',
    topology,
    '--local',
    join(job.folder, 'stops'),
    '--topic',
    `readings=${join(job.folder, 'readings.ndjson')}`,
    '--quiet',
  ];
  const first = await sluice(args);
  expect([first.code, first.stderr]).toEqual([3, expect.stringContaining('--reset-state breaker')]);
  const committed = () => readFileSync(join(job.folder, 'stops', 'watch.quarantine.ndjson'), 'utf8').length;
  const before = committed();
  expect((await sluice(args)).code).toBe(3);
  expect(committed()).toBe(before);
  expect((await sluice([...args, '--reset-state', 'breaker'])).code).toBe(3); // the burst goes on
  expect(committed()).toBeGreaterThanOrEqual(before);
}, 60_000);
