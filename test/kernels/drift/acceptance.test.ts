import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { mix32 } from '../../../src/core/hash.ts';
import { FrozenBins } from '../../../src/kernels/sketch/frozen-bins.ts';
import { Kll } from '../../../src/kernels/sketch/kll.ts';
import { describeWithData } from '../../data.ts';
import { ColumnRun } from './column-run.ts';
import { targetChart } from './error-detector.ts';
import { FAMILIES, type Family, uniforms } from './families.ts';
import { type Concept, readRows, runConcept } from './naive-bayes.ts';
import { AIMS, delays, falseAlarms, NULLS, NULLS_RUNS, REFERENCE } from './trials.ts';

const SEEDS = [11, 29];
const REFERENCES = 6;
const LENGTH = 300_000;

describe('false alarms of one column with a reference of 2,000 records', () => {
  it.each(Object.keys(FAMILIES) as Family[])(
    'are at most 3 in a million on %s',
    (family) => {
      let alarms = 0;
      for (const seed of SEEDS) alarms += falseAlarms(family, { seed, references: REFERENCES, length: LENGTH }).length;
      expect((alarms / (SEEDS.length * REFERENCES * LENGTH)) * 1e6).toBeLessThanOrEqual(3);
    },
    120_000,
  );
});

describe('the delay on N(0, 1)', () => {
  it.each(AIMS)(
    'to $name is at most $minimum records',
    ({ change, minimum }) => {
      for (const seed of SEEDS)
        expect(delays(change, { seed, runs: 400, reference: REFERENCE }).delay).toBeLessThanOrEqual(minimum);
    },
    60_000,
  );

  it(`to ${NULLS.name} is at most ${NULLS.minimum} records`, () => {
    for (const seed of SEEDS) {
      const { delay } = delays(NULLS.change, { seed, runs: 300 * NULLS_RUNS, reference: REFERENCE });
      expect(delay).toBeLessThanOrEqual(NULLS.minimum);
    }
  }, 120_000);

  it('is counted from a change point that is close to the true one', () => {
    expect(delays({ shift: 1 }, { seed: 5, runs: 100, reference: REFERENCE }).changePoint).toBeLessThan(10);
    expect(delays({ shift: 0.5 }, { seed: 5, runs: 100, reference: REFERENCE }).changePoint).toBeLessThan(40);
  }, 60_000);
});

describeWithData('concept drift', 'drift/tornado', () => {
  it.each<[Concept, number]>([
    ['sine1', 45],
    ['mixed', 45],
    ['circles', 140],
  ])('in %s is found within %d records, every time, and nothing else is', (concept, most) => {
    const { delay, found, wrong, drifts } = runConcept(concept, targetChart());
    expect({ found, wrong }).toEqual({ found: drifts, wrong: 0 });
    expect(delay).toBeLessThanOrEqual(most);
  });

  it.each<[Concept, readonly number[]]>([
    ['sine1', [0, 1]],
    ['mixed', [2, 3]],
  ])('in the class rule of %s leaves a monitor of its inputs silent', (concept, columns) => {
    for (const column of columns) expect(alarmsOn(concept, column)).toEqual([]);
  });

  it('in circles shows in the inputs too', () => {
    expect(alarmsOn('circles', 0)[0]).toBeGreaterThan(25_000);
  });
});

function alarmsOn(concept: Concept, column: number): number[] {
  const run = new ColumnRun();
  for (const row of readRows(concept)) run.push(row[column]);
  return run.alarms.map(({ at }) => at);
}

describeWithData('quality control series with a reference of 80 points', 'drift/tcpd', (folder) => {
  const series = (n: number): readonly number[] => {
    const text = readFileSync(join(folder, `quality_control_${n}.json`), 'utf8');
    return (JSON.parse(text) as { series: { raw: number[] }[] }).series[0]!.raw;
  };
  const alarms = (n: number): number[] => {
    const run = new ColumnRun({ referenceRecords: 80 });
    for (const value of series(n)) run.push(value);
    return run.alarms.map(({ at }) => at);
  };

  it('shows the step of _2 by 110 and that of _3 by 190, each once', () => {
    const [second, third] = [alarms(2), alarms(3)];
    expect(second).toHaveLength(1);
    expect(second[0]).toBeGreaterThanOrEqual(97);
    expect(second[0]).toBeLessThanOrEqual(110);
    expect(third).toHaveLength(1);
    expect(third[0]).toBeGreaterThanOrEqual(179);
    expect(third[0]).toBeLessThanOrEqual(190);
  });

  it('is silent on _5, which has no change', () => {
    expect(alarms(5)).toEqual([]);
  });
});

describeWithData('series of NAB', 'drift/nab', (folder) => {
  const alarms = (path: string): { time: number }[] => {
    const run = new ColumnRun({ referenceRecords: 1000 });
    const found: { time: number }[] = [];
    const lines = gunzipSync(readFileSync(join(folder, `${path}.gz`)))
      .toString()
      .trim()
      .split('\n');
    for (const line of lines.slice(1)) {
      const [at, value] = line.split(',');
      const time = Date.parse(`${at!.replace(' ', 'T')}Z`);
      run.push(Number(value), time);
      if (run.alarms.length > found.length) found.push({ time });
    }
    return found;
  };
  const windows = JSON.parse(readFileSync(join(folder, 'combined_windows.json'), 'utf8')) as Record<string, string[][]>;
  const series = Object.keys(windows).filter((path) => path.startsWith('artificial'));

  it('without an anomaly raise no alarm', () => {
    const calm = series.filter((path) => windows[path]!.length === 0);
    expect(calm).toHaveLength(5);
    for (const path of calm) expect(alarms(path), path).toEqual([]);
  });

  it.each(['art_daily_jumpsdown', 'art_daily_jumpsup', 'art_daily_nojump', 'art_load_balancer_spikes'])(
    '%s raises its first inside the labeled window',
    (name) => {
      const path = `artificialWithAnomaly/${name}.csv`;
      const [[from, to]] = windows[path] as [[string, string]];
      const [first] = alarms(path);
      expect(first!.time).toBeGreaterThanOrEqual(Date.parse(`${from.slice(0, 19).replace(' ', 'T')}Z`));
      expect(first!.time).toBeLessThanOrEqual(Date.parse(`${to.slice(0, 19).replace(' ', 'T')}Z`));
    },
  );
});

describe('16 partitions', () => {
  it('merged give the counts of one, and quantiles within .01 in rank', () => {
    const u = uniforms(77);
    const values = Float64Array.from({ length: 160_000 }, () => Math.exp(3 * u()) + (u() < 0.2 ? 5 : 0));
    const sketches = Array.from({ length: 16 }, (_, s) => new Kll(undefined, s));
    for (const [i, value] of values.entries()) sketches[i % 16]!.add(value);
    const sketch = new Kll();
    for (const part of sketches) sketch.merge(part);
    const bins = FrozenBins.fromKll(sketch, 128);
    const parts = Array.from({ length: 16 }, () => new FrozenBins(bins.cuts));
    for (const [i, value] of values.entries()) {
      bins.add(value);
      parts[mix32(i) % 16]!.add(value);
    }
    const merged = new FrozenBins(bins.cuts);
    for (const part of parts) merged.merge(part);
    expect(merged.counts).toEqual(bins.counts);
    const sorted = values.slice().sort();
    for (let q = 1; q < 100; q++) {
      const value = sketch.quantile(q / 100);
      const below = sorted.findIndex((x) => x > value) / sorted.length;
      const least = sorted.findIndex((x) => x >= value) / sorted.length;
      expect(q / 100).toBeGreaterThanOrEqual(least - 0.01);
      expect(q / 100).toBeLessThanOrEqual(below + 0.01);
    }
  });
});
