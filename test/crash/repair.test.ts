import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { DONE, type Job, killOften, runOrKill } from './cli-kill.ts';
import { outputsOf } from './crash-harness.ts';

const KILLS = 12;
const RECORDS = 4000;
const CITIES = ['birmingham', 'montgomery', 'huntsville', 'tuscaloosa', 'gadsden', 'sheffield'];

/** Typing errors, spikes and holes at a few percent each; a city moves to another name half way. */
function readings(): string {
  let text = '';
  for (let i = 0; i < RECORDS; i++) {
    const place = Math.floor(uniform(1, i) * CITIES.length);
    const wave = 10 + place + 5 * Math.sin(i / 300);
    const record: Record<string, unknown> = {
      at: new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString(),
      zip: `3500${place}`,
      phone: `205-${place}${place}`,
      city: place === 3 && i > RECORDS / 2 ? 'northport' : CITIES[place],
      kind: i % 3 === 0 ? 'day' : 'night',
      rate: `${place}${i % 3 === 0 ? 'd' : 'n'}-tariff`,
      temp: Math.round((wave + uniform(2, i)) * 100) / 100,
      hum: Math.round((90 - 2 * wave + uniform(3, i)) * 100) / 100,
    };
    const dirt = uniform(4, i);
    if (dirt < 0.03) record.city = String(record.city).replace(/[aeiou]/, 'x');
    else if (dirt < 0.05) record.temp = Number(record.temp) + 40;
    else if (dirt < 0.09) record.temp = null;
    else if (dirt < 0.11) record.rate = 'tariff';
    else if (dirt < 0.13) record.zip = `3x00${place}`;
    text += `${JSON.stringify(record)}\n`;
  }
  return text;
}

let job: Job;
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  writeFileSync(join(folder, 'readings.ndjson'), readings());
  job = { topology: 'repair.yaml', folder, topics: ['readings'] };
});
afterAll(() => rmSync(job.folder, { recursive: true, force: true }));

it(`repairs are the same after ${KILLS} SIGKILLs of the command line`, async () => {
  expect(await runOrKill(job, 'whole')).toEqual(DONE);
  expect(await killOften(job, 'mended', KILLS)).toBeGreaterThanOrEqual(10);
  expect(await runOrKill(job, 'killed')).toEqual(DONE);
  const whole = outputsOf(job.folder, 'whole');
  const files = ['corrections.ndjson', 'mended.findings.ndjson', 'mended.ndjson'];
  expect(Object.keys(whole)).toEqual(expect.arrayContaining(files));
  expect(outputsOf(job.folder, 'killed')).toEqual(whole);
}, 240_000);
