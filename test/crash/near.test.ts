import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { DONE, type Job, killOften, runOrKill } from './cli-kill.ts';
import { outputsOf } from './crash-harness.ts';

const KILLS = 12;
const RECORDS = 4000;
const PARTS = ['red', 'drill', 'lamp', 'velo', 'norda', 'router', 'steel', 'kettle', 'micro', 'camera'];

/** Goods of which one in three is an earlier one with a word changed; sellers on two sides, typed differently. */
function goods(): string {
  const pick = (i: number, n: number): string => PARTS[Math.floor(uniform(n, i) * PARTS.length)]!;
  let text = '';
  for (let i = 0; i < RECORDS; i++) {
    const of = uniform(1, i) < 0.35 ? Math.max(0, i - 1 - Math.floor(uniform(2, i) * 400)) : i;
    const name = `${pick(of, 3)} ${pick(of, 4)} ${pick(of, 5)} m${Math.floor(uniform(6, of) * 1e6)}`;
    const seller = `${pick(of, 7)}son ${Math.floor(uniform(8, of) * 900)} ${pick(of, 9)}ly`;
    const other = of !== i;
    const record = {
      at: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
      side: other ? 'b' : 'a',
      name: other ? `${name} ${pick(i, 10)}` : name,
      maker: pick(of, 11),
      seller: other ? seller.replace('e', 'a') : seller,
      town: `${pick(of, 12)}ton`,
    };
    text += `${JSON.stringify(record)}\n`;
  }
  return text;
}

let job: Job;
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  writeFileSync(join(folder, 'goods.ndjson'), goods());
  job = { topology: 'near.yaml', folder, topics: ['goods'] };
});
afterAll(() => rmSync(job.folder, { recursive: true, force: true }));

it(`clusters and links are the same after ${KILLS} SIGKILLs of the command line`, async () => {
  expect(await runOrKill(job, 'whole')).toEqual(DONE);
  expect(await killOften(job, 'told', KILLS)).toBeGreaterThanOrEqual(10);
  expect(await runOrKill(job, 'killed')).toEqual(DONE);
  const whole = outputsOf(job.folder, 'whole');
  expect(Object.keys(whole)).toEqual(
    expect.arrayContaining(['golden.findings.ndjson', 'golden.ndjson', 'near.events.ndjson', 'told.ndjson']),
  );
  expect(outputsOf(job.folder, 'killed')).toEqual(whole);
}, 240_000);
