import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { DataRecord } from '../../../src/core/record.ts';
import { type RepairConfig, repair } from '../../../src/operators/repair.ts';
import { describeWithData } from '../../data.ts';
import { runStep } from '../../support/step-run.ts';
import { readAirQuality } from './airquality.ts';
import { readHospital } from './score.ts';

const MINUTE = 60_000;

/** The record as it was, by its evidence backwards. */
function undone({ data, evidence }: DataRecord): unknown {
  const before: Record<string, unknown> = { ...(data as object) };
  for (const change of [...evidence].reverse()) {
    if (change.old === undefined) delete before[change.field];
    else before[change.field] = change.old;
  }
  return before;
}

describeWithData('on the public sets', 'clean', (folder) => {
  const hospital = readHospital(`${folder}/hospital`);
  const hours = readAirQuality(`${folder}/airquality`).slice(0, 3000);
  const series = hours.map(({ values }, i) => ({
    ...values,
    T: values.T === null ? null : values.T! + (uniform(9, i) < 0.02 ? 30 : 0),
  }));
  const jobs = [
    ['hospital', { dependencies: [...hospital.published] } as RepairConfig, hospital.dirty, () => Number.NaN],
    [
      'airquality',
      {
        outliers: { fields: ['T', 'RH'] },
        impute: { fields: ['T', 'C6H6(GT)'] },
        grace: { records: 50 },
      } as RepairConfig,
      series,
      (i: number) => hours[i]!.time,
    ],
  ] as const;

  it.each(jobs)('%s: the evidence applied backwards restores the input', async (_, config, rows, timeOf) => {
    const out = await runStep(repair, config, rows, { timeOf });
    const changed = out.port(0).filter(({ evidence }) => evidence.length > 0);
    expect(changed.length).toBeGreaterThan(50);
    expect(out.port(0).map(undone)).toEqual(rows);
    for (const { method, confidence } of out.evidences) {
      expect(method).toMatch(/^(dependency|spelling|speed|last|regression|hour-of-day)$/);
      expect(confidence).toBeGreaterThan(0);
      expect(confidence).toBeLessThanOrEqual(1);
    }
  });

  it.each(jobs)('%s: what was repaired is not repaired again', async (_, config, rows, timeOf) => {
    const once = (await runStep(repair, config, rows, { timeOf })).port(0).map(({ data }) => data);
    const twice = (await runStep(repair, config, once, { timeOf })).port(0).map(({ data }) => data);
    expect(twice).toEqual(once);
  });
});

describe('series', () => {
  const config = { outliers: { fields: ['x'] }, grace: { records: 10 } } as RepairConfig;
  const repaired = async (xs: readonly number[], given = config): Promise<number[]> => {
    const out = await runStep(
      repair,
      given,
      xs.map((x) => ({ x })),
      { timeOf: (i) => i * MINUTE },
    );
    return out.port(0).map(({ data }) => (data as { x: number }).x);
  };
  const walk = (seed: number, length: number): number[] => {
    const xs: number[] = [];
    for (let i = 0, x = 0; i < length; i++) {
      x += uniform(seed, i) - 0.5;
      xs.push(uniform(seed, i, 1) < 0.03 ? x + 20 : x);
    }
    return xs;
  };

  it('that are constant are untouched', async () => {
    for (const method of ['speed', 'hampel']) {
      const xs = new Array(200).fill(7);
      expect(await repaired(xs, { ...config, outliers: { fields: ['x'], method } } as RepairConfig)).toEqual(xs);
    }
  });

  it('that switch between two levels are untouched', async () => {
    const xs = Array.from({ length: 300 }, (_, i) => (Math.floor(i / 10) % 2 === 0 ? 0 : 100));
    expect(await repaired(xs)).toEqual(xs);
  });

  it('a step to another level is no spike', async () => {
    const xs = Array.from({ length: 300 }, (_, i) => Math.sin(i / 5) + (i < 150 ? 0 : 50));
    expect(await repaired(xs)).toEqual(xs);
  });

  it('scaled by a power of two are repaired to the scaled values', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 999 }), fc.integer({ min: -20, max: 20 }), async (seed, power) => {
        const xs = walk(seed, 200);
        const scale = 2 ** power;
        const plain = await repaired(xs);
        expect(plain).not.toEqual(xs);
        expect(await repaired(xs.map((x) => x * scale))).toEqual(plain.map((x) => x * scale));
      }),
      { numRuns: 20, seed: 5 },
    );
  });

  it('scaled with a given limit scale too', async () => {
    const given = (change: number) =>
      ({ ...config, outliers: { fields: ['x'], maxSpeed: { change, per: '1m' } } }) as RepairConfig;
    const xs = walk(3, 200);
    const plain = await repaired(xs, given(1));
    expect(plain).not.toEqual(xs);
    expect(
      await repaired(
        xs.map((x) => x * 8),
        given(8),
      ),
    ).toEqual(plain.map((x) => x * 8));
  });
});

it('repairs of independent fields commute', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => ({
    zip: `z${i % 7}`,
    city: uniform(1, i) < 0.05 ? 'birminghxm' : `birmingham ${'abcdefg'[i % 7]}`,
    x: Math.sin(i / 9) + (uniform(2, i) < 0.03 ? 9 : 0),
  }));
  const run = async (config: object, input: readonly unknown[]) =>
    (await runStep(repair, { grace: { records: 500 }, infer: false, ...config } as RepairConfig, input))
      .port(0)
      .map(({ data }) => data);
  const [city, x] = [{ dependencies: ['zip -> city'] }, { outliers: { fields: ['x'] } }];
  expect(await run(x, await run(city, rows))).toEqual(await run(city, await run(x, rows)));
  expect(await run({ ...city, ...x }, rows)).toEqual(await run(x, await run(city, rows)));
});

it('a record that nothing speaks against leaves as the same bytes', async () => {
  const rows = Array.from({ length: 50 }, (_, i) => `{ "zip" : "z${i % 3}" , "city":"c${i % 3}" }`);
  const out = await runStep(repair, { dependencies: ['zip -> city'], grace: { records: 10 } } as RepairConfig, rows);
  expect(out.port(0).map(({ payload, patches }) => [payload, patches])).toEqual(rows.map((row) => [row, undefined]));
});
