import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { dataPath, describeWithData } from '../../data.ts';
import { corrupt, readHospital, scoreRepair } from './score.ts';

describeWithData('hospital', 'clean/hospital', (folder) => {
  const set = readHospital(folder);
  const config = (records: number) => ({ dependencies: [...set.published], grace: { records } }) as never;
  const example = parse(readFileSync(join(dataPath('../examples'), 'hospital.yaml'), 'utf8')).steps[0].with;
  const clean = { dirty: set.clean, clean: set.clean };

  it('is repaired without labels: P ≥ .99, F1 ≥ .92 (C1)', async () => {
    const score = await scoreRepair(config(1000), set);
    expect(score.wrong).toBe(509);
    expect(score.precision).toBeGreaterThanOrEqual(0.99);
    expect(score.f1).toBeGreaterThanOrEqual(0.92);
  });

  it('is repaired in one pass: P ≥ .95, F1 ≥ .81 (C2)', async () => {
    const score = await scoreRepair(config(0), set);
    expect(score.precision).toBeGreaterThanOrEqual(0.95);
    expect(score.f1).toBeGreaterThanOrEqual(0.81);
  });

  it('is repaired by the example as it stands: F1 ≥ .80 over all cells (C2b)', async () => {
    const score = await scoreRepair(example, set);
    expect(score.precision).toBeGreaterThanOrEqual(0.99);
    expect(score.f1).toBeGreaterThanOrEqual(0.8);
  });

  it.each([
    ['letter', 0.99, 0.8],
    ['swap', 0.95, 0.7],
  ] as const)(
    'errors of another kind (%s) are repaired with the same constants: P ≥ %f, F1 ≥ %f',
    async (kind, precision, f1) => {
      const dirty = corrupt(set.clean, { kind, share: 0.03, seed: 31 });
      const score = await scoreRepair(config(1000), { dirty, clean: set.clean });
      expect(score.wrong).toBeGreaterThan(300);
      expect(score.precision).toBeGreaterThanOrEqual(precision);
      expect(score.f1).toBeGreaterThanOrEqual(f1);
    },
  );

  it('suspends the published dependency that is false, and changes nothing in the clean file (C4)', async () => {
    const score = await scoreRepair(config(1000), clean);
    expect(score.changed).toBe(0);
    expect(score.events.map(({ type, data }) => [type, data.dependency, data.proposal])).toEqual([
      ['dependency.suspended', 'MeasureCode -> StateAverage', 'MeasureCode, State -> StateAverage'],
    ]);
    expect((await scoreRepair(example, clean)).changed).toBe(0);
    expect((await scoreRepair(config(0), clean)).changed).toBeLessThanOrEqual(20);
  });
});
