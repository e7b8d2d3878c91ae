import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
function readings(): string {
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
  return `${lines.join('\n')}\n`;
}

describe('a drift watch killed by SIGKILL and started again by the same command', () => {
  let job: Job;
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-drift-'));
    writeFileSync(join(folder, 'drift.raw.ndjson'), readings());
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
