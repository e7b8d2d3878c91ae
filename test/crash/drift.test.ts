import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normalQuantile } from '../../src/kernels/drift/normal.ts';
import { uniforms } from '../kernels/drift/families.ts';
import { DONE, type Job, killOften, runOrKill } from './cli-kill.ts';
import { outputsOf } from './crash-harness.ts';

const KILLS = 14;
const ROWS = 24_000;

/** Two sites; x shifts at a third and comes back at two thirds, then categories change, a rate and a model follow. */
function readings(): string[] {
  const u = uniforms(5);
  const lines: string[] = [];
  for (let i = 0; i < ROWS; i++) {
    const phase = Math.floor((i * 6) / ROWS);
    const row = {
      at: new Date(Date.UTC(2026, 0, 5) + i * 2000).toISOString(),
      site: i % 2 === 0 ? 'north' : 'south',
      x: u() < 0.01 ? null : normalQuantile(u()) + (phase === 2 || phase === 3 ? 1.2 : 0),
      c: u() < (phase >= 4 ? 0.6 : 0.3) ? 'a' : 'b',
      dup: u() < (phase >= 5 ? 0.2 : 0.02),
      wrong: u() < (phase >= 3 ? 0.5 : 0.1),
    };
    lines.push(JSON.stringify(row));
  }
  return lines;
}

const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

describe('a drift watch killed by SIGKILL and started again by the same command', () => {
  let job: Job;
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-drift-'));
    writeFileSync(join(folder, 'drift.raw.ndjson'), textOf(readings()));
    job = { topology: 'drift.yaml', folder, topics: ['drift.raw'] };
  });
  afterAll(() => rmSync(job.folder, { recursive: true, force: true }));

  it(`raises the same alarms with the same change points, none twice, after ${KILLS} kills`, async () => {
    expect(await runOrKill(job, 'whole')).toEqual(DONE);
    expect(await killOften(job, 'drift.curated', KILLS)).toBeGreaterThanOrEqual(10);
    expect(await runOrKill(job, 'killed')).toEqual(DONE);
    expect(outputsOf(job.folder, 'killed')).toEqual(outputsOf(job.folder, 'whole'));
    const events = readFileSync(join(job.folder, 'whole', 'drift.events.ndjson'), 'utf8')
      .trim()
      .split('\n');
    const kinds = events.map((line) => JSON.parse(line)).filter(({ type }) => type !== 'drift.referenced');
    const said = new Set(kinds.map(({ type, data }) => `${type} ${data.field}`));
    for (const one of ['x', 'c', 'target', 'duplicates']) expect(said).toContain(`drift.alarm ${one}`);
    expect(said).toContain('drift.recovered x');
    expect(new Set(events.map((line) => JSON.parse(line).id)).size).toBe(events.length);
  }, 300_000);
});

describe('a new reference asked for with --rebaseline', () => {
  let job: Job;
  const rows = readings();
  const half = (ROWS * 5) / 12; // x has shifted, its charts are in drift
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-rebaseline-'));
    job = { topology: 'drift.yaml', folder, topics: ['drift.raw'] };
  });
  afterAll(() => rmSync(job.folder, { recursive: true, force: true }));

  it('is taken once for each name, whenever the run is killed and however often it is started', async () => {
    const input = join(job.folder, 'drift.raw.ndjson');
    writeFileSync(input, textOf(rows.slice(0, half)));
    expect([await runOrKill(job, 'whole'), await runOrKill(job, 'killed')]).toEqual([DONE, DONE]);
    writeFileSync(input, textOf(rows));
    const asked = { ...job, flags: ['--rebaseline', 'watch/x@moved'] };
    expect(await runOrKill(asked, 'whole')).toEqual(DONE);
    expect(await killOften(asked, 'drift.curated', KILLS)).toBeGreaterThanOrEqual(5);
    expect(await runOrKill(asked, 'killed')).toEqual(DONE);
    expect(outputsOf(job.folder, 'killed')).toEqual(outputsOf(job.folder, 'whole'));
    expect(await runOrKill(asked, 'killed')).toEqual(DONE);
    expect(outputsOf(job.folder, 'killed')).toEqual(outputsOf(job.folder, 'whole'));
    expect(rebaselined('whole')).toEqual(['x north', 'x south']);
    const again = { ...job, flags: ['--rebaseline', 'watch/c@later'] };
    expect(await runOrKill(again, 'whole')).toEqual(DONE);
    expect(rebaselined('whole')).toEqual(['x north', 'x south', 'c north', 'c south']);
  }, 300_000);

  it('of a step that has none, or in another form, is refused', async () => {
    for (const flag of ['other', 'watch/', 'Watch@x'])
      expect(await runOrKill({ ...job, flags: ['--rebaseline', flag] }, 'refused')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`--rebaseline ${flag}: `),
      });
    expect(existsSync(join(job.folder, 'refused', '.sluice'))).toBe(false); // nothing was opened
  }, 60_000);

  function rebaselined(out: string): string[] {
    const lines = readFileSync(join(job.folder, out, 'drift.events.ndjson'), 'utf8')
      .trim()
      .split('\n');
    const events = lines.map((line) => JSON.parse(line));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    return events
      .filter(({ type, data }) => type === 'drift.rebaselined' && data.cause === 'command')
      .map(({ data }) => `${data.field} ${data.segment.site}`);
  }
});
