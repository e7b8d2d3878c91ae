import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clean, FAULT_POINTS, outputsOf, prepare, runOnce } from './crash-harness.ts';

const RECORDS = 2000;
const SEED = 20261124;
const RANDOM_KILLS = 50;

let folder: string;
let undisturbed: Record<string, string>;

beforeAll(async () => {
  folder = prepare(RECORDS);
  expect(await runOnce(folder)).toMatchObject({ code: 0, stderr: '' });
  undisturbed = outputsOf(folder);
  const written = readFileSync(join(folder, 'run', 'out.ndjson'), 'utf8').split('\n');
  expect(written.length).toBeGreaterThan(1000);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a killed local run', () => {
  it.each(FAULT_POINTS)('at %s leaves the same bytes after the same command', async (point) => {
    for (const passes of [0, 1, 4]) {
      clean(folder);
      const killed = await runOnce(folder, { point, passes });
      if (passes === 0 && !point.startsWith('open.fresh')) expect(killed.signal).toBe('SIGKILL');
      const resumed = await runOnce(folder, { point, passes: passes + 5 });
      if (resumed.signal !== null) expect(await runOnce(folder)).toMatchObject({ code: 0, stderr: '' });
      else expect(resumed).toMatchObject({ code: 0, stderr: '' });
      expect(outputsOf(folder)).toEqual(undisturbed);
    }
  });

  it('at restore.part and open.cut leaves the same bytes too', async () => {
    for (const point of ['restore.part', 'open.cut']) {
      clean(folder);
      expect((await runOnce(folder, { point: 'outputs.written', passes: 9 })).signal).toBe('SIGKILL');
      expect((await runOnce(folder, { point })).signal).toBe('SIGKILL');
      expect(await runOnce(folder)).toMatchObject({ code: 0, stderr: '' });
      expect(outputsOf(folder)).toEqual(undisturbed);
    }
  });

  it(`at ${RANDOM_KILLS} random moments leaves the same bytes`, async () => {
    let seed = SEED;
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32;
    };
    let kills = 0;
    for (let rounds = 0; kills < RANDOM_KILLS; rounds++) {
      expect(rounds).toBeLessThan(RANDOM_KILLS);
      clean(folder);
      for (;;) {
        const { code, signal, stderr } = await runOnce(folder, { pauseMs: 4, killAfterMs: 120 + random() * 260 });
        if (signal === 'SIGKILL') {
          kills++;
          continue;
        }
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        break;
      }
      expect(outputsOf(folder)).toEqual(undisturbed);
    }
  }, 180_000);
});
