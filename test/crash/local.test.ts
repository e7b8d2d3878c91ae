import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clean, FAULT_POINTS, outputsOf, type Program, prepare, runOnce } from './crash-harness.ts';

const SEED = 20261124;
const DONE = { code: 0, stderr: '' };
const PROGRAMS: readonly {
  readonly program: Program;
  readonly records: number;
  readonly passesOf: readonly number[];
  readonly randomKills: number;
}[] = [
  { program: 'toy-run.ts', records: 2000, passesOf: [4], randomKills: 5 },
  { program: 'engine-run.ts', records: 15_000, passesOf: [0, 4], randomKills: 50 },
];

describe.each(PROGRAMS)('a killed local run of $program', ({ program, records, passesOf, randomKills }) => {
  let folder: string;
  let undisturbed: Record<string, string>;
  /** How long a run takes here that nobody kills. */
  let calmMs: number;

  beforeAll(async () => {
    folder = prepare(records);
    const started = performance.now();
    expect(await runOnce(program, folder, { pauseMs: 4 })).toMatchObject(DONE);
    calmMs = performance.now() - started;
    undisturbed = outputsOf(folder);
    expect(Object.keys(undisturbed).length).toBeGreaterThan(1);
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(FAULT_POINTS)(
    'at %s leaves the same bytes after the same command',
    async (point) => {
      for (const passes of passesOf) {
        clean(folder);
        const killed = await runOnce(program, folder, { point, passes });
        if (passes === 0) expect(killed.signal).toBe('SIGKILL');
        const resumed = await runOnce(program, folder, { point, passes: passes + 5 });
        expect(resumed.signal === null ? resumed : await runOnce(program, folder)).toMatchObject(DONE);
        expect(outputsOf(folder)).toEqual(undisturbed);
      }
    },
    120_000,
  );

  it.each(['restore.part', 'open.cut'])(
    'at %s leaves the same bytes too',
    async (point) => {
      clean(folder);
      expect((await runOnce(program, folder, { point: 'outputs.written', passes: 9 })).signal).toBe('SIGKILL');
      expect((await runOnce(program, folder, { point })).signal).toBe('SIGKILL');
      expect(await runOnce(program, folder)).toMatchObject(DONE);
      expect(outputsOf(folder)).toEqual(undisturbed);
    },
    120_000,
  );

  it(`at ${randomKills} random moments leaves the same bytes`, async () => {
    let seed = SEED;
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32;
    };
    let kills = 0;
    let untilMs = calmMs;
    for (let rounds = 0; kills < randomKills; rounds++) {
      expect(rounds).toBeLessThan(2 * randomKills);
      clean(folder);
      for (let attempt = 0; ; attempt++) {
        // later each time: a machine that got slower meanwhile must not be killed for ever before it has moved
        const killAfterMs = untilMs * (0.3 + 0.7 * random()) * (1 + attempt / 10);
        const { code, signal, stderr } = await runOnce(program, folder, { pauseMs: 4, killAfterMs });
        if (signal === 'SIGKILL') {
          kills++;
          continue;
        }
        expect({ code, stderr }).toEqual(DONE);
        // earlier in the next round: it runs faster now than when that was measured
        if (attempt === 0) untilMs *= 0.9;
        break;
      }
      expect(outputsOf(folder)).toEqual(undisturbed);
    }
  }, 480_000);
});
