import { describe, expect, it } from 'vitest';
import { normalQuantile } from '../../src/kernels/drift/normal.ts';
import { detectDrift } from '../../src/operators/detect-drift.ts';
import { type Draw, uniforms } from '../kernels/drift/families.ts';
import { DriftRun } from './drift-harness.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5);
const minutes = (i: number): number => START + i * MINUTE;
const numeric = { fields: { x: 'numeric' }, reference: { records: 2000 } };
const categorical = { fields: { c: 'categorical' }, reference: { records: 2000 } };

function rows(n: number, make: (u: Draw, i: number) => unknown, seed = 1): unknown[] {
  const u = uniforms(seed);
  return Array.from({ length: n }, (_, i) => make(u, i));
}
const normal = (u: Draw): number => normalQuantile(u());
const x =
  (shift = 0) =>
  (u: Draw) => ({ x: 20 + 3 * (normal(u) + shift) });
const pick = (u: Draw, shares: Readonly<Record<string, number>>): string => {
  let left = u();
  for (const [name, share] of Object.entries(shares)) {
    left -= share;
    if (left < 0) return name;
  }
  return 'rest';
};

describe('a numeric field', () => {
  it('that shifts raises one alarm that says what, since when, by how much and where', async () => {
    const run = await DriftRun.start(numeric);
    run.push(rows(3000, x()), minutes).push(rows(1500, x(1), 2), minutes);
    expect(run.emitted).toBe(4500);
    expect(run.of('drift.referenced')).toMatchObject([{ data: { field: 'x', kind: 'numeric', records: 2000 } }]);
    expect(run.alarms).toHaveLength(1);
    const { data } = run.alarms[0]!;
    expect(data).toMatchObject({ field: 'x', chart: 'location', direction: 'up', severity: 'major' });
    expect(data.changePoint).toMatchObject({ topic: 'in', partition: 0 });
    expect(Math.abs(data.changePoint.offset - 3000)).toBeLessThan(20);
    expect(data.detectedAt.offset - data.changePoint.offset + 1).toBe(data.recordsSinceChange);
    expect(Date.parse(data.changeTime)).toBe(minutes(data.changePoint.offset));
    expect(data.statistic).toBeGreaterThanOrEqual(data.threshold);
    expect(Math.abs(data.effect.sd - 1)).toBeLessThan(0.6);
    expect(Math.abs(data.effect.w1 - 1)).toBeLessThan(0.6);
    expect(data.effect.js).toBeGreaterThan(0.05);
    const shares = (key: 'before' | 'after') =>
      data.histogram.reduce((sum: number, bin: Record<string, number>) => sum + bin[key]!, 0);
    expect([shares('before'), shares('after')]).toEqual([expect.closeTo(1, 4), expect.closeTo(1, 4)]);
    expect(data.moved.length).toBeGreaterThan(2);
    expect(data.incident).toMatch(/^[0-9a-f]{16}$/);
  });

  it('that comes back recovers, and can raise the next alarm', async () => {
    const run = await DriftRun.start({ ...numeric, holdOff: { records: 500 } });
    run
      .push(rows(2500, x()))
      .push(rows(800, x(1), 2))
      .push(rows(3000, x(), 3))
      .push(rows(800, x(-1), 4));
    expect(run.events.map(({ type, data }) => `${type} ${data.direction ?? ''}`.trim())).toEqual([
      'drift.referenced',
      'drift.alarm up',
      'drift.recovered',
      'drift.alarm down',
    ]);
    expect(run.of('drift.recovered')[0]!.data.incident).toBe(run.alarms[0]!.data.incident);
    expect(run.alarms[0]!.data.incident).not.toBe(run.alarms[1]!.data.incident);
  });

  it('that stays changed takes a new reference by policy, or on a command, and else never', async () => {
    const policy = await DriftRun.start({ ...numeric, rebaseline: { after: { records: 1000 } } });
    policy.push(rows(2500, x())).push(rows(6000, x(2), 2));
    expect(policy.events.map(({ type }) => type)).toEqual([
      'drift.referenced',
      'drift.alarm',
      'drift.rebaselined',
      'drift.referenced',
    ]);
    expect(policy.of('drift.rebaselined')[0]!.data).toMatchObject({ field: 'x', cause: 'policy' });

    const never = await DriftRun.start(numeric);
    never.push(rows(2500, x())).push(rows(20_000, x(2), 2));
    expect(never.events.map(({ type }) => type)).toEqual(['drift.referenced', 'drift.alarm']);
    never.kernel.onTick!(
      { kind: 'command', id: 'a', step: 'drift', name: 'rebaseline', args: { field: 'y' }, time: Number.NaN },
      never,
    );
    never.push(rows(2500, x(2), 3));
    expect(never.events).toHaveLength(2);
    never.kernel.onTick!(
      { kind: 'command', id: 'a', step: 'drift', name: 'rebaseline', args: { field: 'x' }, time: Number.NaN },
      never,
    );
    never.push(rows(2500, x(2), 4));
    expect(never.events.slice(2).map(({ type, data }) => [type, data.cause])).toEqual([
      ['drift.rebaselined', 'command'],
      ['drift.referenced', undefined],
    ]);
  });

  it('in drift that shifts once more says so against what it was like since, once, with its change point', async () => {
    const config = { ...numeric, holdOff: { records: 500 } };
    const second = async (first: number, then: number, restarts: boolean) => {
      const run = await DriftRun.start(config);
      run.push(rows(2500, x()));
      for (const part of [1, 2, 3, 4]) {
        run.push(rows(900, x(first), part));
        if (restarts) await run.restart();
      }
      run.push(rows(300, x(then), 8));
      if (restarts) await run.restart();
      return run.push(rows(4000, x(then), 9));
    };
    const run = await second(1, 2, false);
    expect(run.events.map(({ type, data }) => [type, data.against])).toEqual([
      ['drift.referenced', undefined],
      ['drift.alarm', undefined],
      ['drift.alarm', 'level'],
    ]);
    const { data } = run.alarms[1]!;
    expect(data).toMatchObject({ field: 'x', chart: 'location', direction: 'up' });
    expect(Math.abs(data.changePoint.offset - 6100)).toBeLessThan(30);
    expect(data.detectedAt.offset - data.changePoint.offset + 1).toBe(data.recordsSinceChange);
    expect(Math.abs(data.effect.sd - 1)).toBeLessThan(0.6);
    expect((await second(1, 2, true)).events).toEqual(run.events);
    // beyond everything the reference has seen
    expect((await second(10, 20, false)).alarms.map(({ data }) => data.against)).toEqual([undefined, 'level']);
    expect((await second(10, 5, false)).alarms.map(({ data }) => data.direction)).toEqual(['up', 'down']);
  });

  it('with a proved run length raises the same kind of alarm, also after a restart', async () => {
    const run = await DriftRun.start({ ...numeric, guarantee: 'run-length' });
    const again = await DriftRun.start({ ...numeric, guarantee: 'run-length' });
    run
      .push(rows(3000, x()))
      .push(rows(20, x(1), 2))
      .push(rows(400, x(1), 3));
    again.push(rows(3000, x())).push(rows(20, x(1), 2));
    await again.restart();
    again.push(rows(400, x(1), 3));
    expect(run.alarms.map(({ data }) => [data.chart, data.direction])).toEqual([['location', 'up']]);
    expect(Math.abs(run.alarms[0]!.data.changePoint.offset - 3000)).toBeLessThan(30);
    expect(again.events).toEqual(run.events);
  });

  it('in drift that comes back after a long time only recovers, and without a further change is quiet', async () => {
    const run = await DriftRun.start({ ...numeric, holdOff: { records: 500 } });
    run
      .push(rows(2500, x()))
      .push(rows(300_000, x(1), 2))
      .push(rows(3000, x(), 3));
    expect(run.events.map(({ type }) => type)).toEqual(['drift.referenced', 'drift.alarm', 'drift.recovered']);
  });

  it('in drift with a daily season is quiet until it shifts once more', async () => {
    const wave = (shift: number) => (u: Draw, i: number) => ({
      x: 6 * Math.sin((2 * Math.PI * i) / 1440) + 3 * (normal(u) + shift),
    });
    const run = await DriftRun.start({ ...numeric, reference: { records: 14_400 }, holdOff: { records: 500 } });
    run.push(rows(14_400, wave(0)), minutes).push(rows(28_800, wave(1), 2), minutes);
    expect(run.alarms.map(({ data }) => data.against)).toEqual([undefined]);
    run.push(rows(1440, wave(2), 3), minutes);
    expect(run.alarms.map(({ data }) => data.against)).toEqual([undefined, 'level']);
  });

  it('that loses values, or gets others than numbers, is told apart from one that shifts', async () => {
    const nulls = await DriftRun.start(numeric);
    nulls.push(rows(2500, x())).push(rows(1000, (u) => (u() < 0.1 ? { x: null } : x()(u)), 2));
    expect(nulls.alarms.map(({ data }) => data.chart)).toEqual(['nulls']);
    expect(nulls.alarms[0]!.data.after).toBeGreaterThan(0.05);
    const texts = await DriftRun.start(numeric);
    texts.push(rows(2500, x())).push(rows(300, (u) => ({ x: String(x()(u).x) }), 2));
    expect(texts.alarms.map(({ data }) => data.chart)).toEqual(['invalid']);
  });

  it('with a real but irrelevant change stays quiet when the effect asked for is larger', async () => {
    const quiet = await DriftRun.start({ ...numeric, minEffect: { js: 1, sd: 0.8 } });
    quiet.push(rows(2500, x())).push(rows(20_000, x(0.3), 2));
    expect(quiet.alarms).toEqual([]);
    const usual = await DriftRun.start(numeric);
    usual.push(rows(2500, x())).push(rows(20_000, x(0.3), 2));
    expect(usual.alarms).toHaveLength(1);
  });

  it('gives the same alarms after any strictly increasing change of its values', async () => {
    const values = [...rows(2500, x()), ...rows(600, x(1), 2)] as { x: number }[];
    const alarms = async (map: (value: number) => number) => {
      const run = await DriftRun.start(numeric);
      run.push(values.map((row) => ({ x: map(row.x) })));
      return run.alarms.map(({ at, data }) => [
        at,
        data.chart,
        data.changePoint.offset,
        data.statistic,
        data.effect.js,
      ]);
    };
    const plain = await alarms((value) => value);
    expect(plain).toHaveLength(1);
    for (const map of [(v: number) => Math.exp(v / 5), (v: number) => v ** 3, (v: number) => 1e6 + v / 100])
      expect(await alarms(map)).toEqual(plain);
  });

  it('that is constant is quiet as any other, and speaks up soon when it changes either way', async () => {
    for (const [next, direction] of [
      [5, undefined],
      [6, 'up'],
      [4.9, 'down'],
    ] as const) {
      const run = await DriftRun.start(numeric);
      run.push(rows(30_000, () => ({ x: 5 }))).push(rows(10, () => ({ x: next })));
      expect(run.alarms.map(({ data }) => data.direction)).toEqual(direction === undefined ? [] : [direction]);
    }
  });
});

describe('a categorical field', () => {
  const usual = { ok: 0.9, warn: 0.08, fail: 0.02 };
  it('whose shares change raises an alarm with the categories that moved', async () => {
    const run = await DriftRun.start(categorical);
    run.push(rows(3050, (u) => ({ c: pick(u, usual) })));
    run.push(rows(1000, (u) => ({ c: pick(u, { ok: 0.7, warn: 0.28, fail: 0.02 }) }), 2));
    expect(run.alarms).toHaveLength(1);
    const { data } = run.alarms[0]!;
    expect(data).toMatchObject({ field: 'c', chart: 'distribution' });
    expect(Math.abs(data.changePoint.offset - 3050)).toBeLessThan(100);
    expect(
      data.moved
        .map(({ category }: { category: string }) => category)
        .sort()
        .slice(-2),
    ).toEqual(['ok', 'warn']);
  });

  it('with new categories raises an alarm of that name', async () => {
    const run = await DriftRun.start(categorical);
    run.push(rows(3000, (u) => ({ c: pick(u, usual) })));
    run.push(rows(400, (u, i) => ({ c: u() < 0.05 ? `new-${i}` : pick(u, usual) }), 2));
    expect(run.alarms[0]!.data).toMatchObject({ field: 'c', chart: 'new-category' });
  });

  it('is quiet for 300,000 records without a change, also when equal values come in runs', async () => {
    const run = await DriftRun.start({ fields: { c: 'categorical', s: 'categorical' }, reference: { records: 4000 } });
    let sticky = 'a';
    const u = uniforms(9);
    for (let chunk = 0; chunk < 30; chunk++)
      run.push(
        Array.from({ length: 10_000 }, () => {
          if (u() < 0.2) sticky = pick(u, { a: 0.5, b: 0.3, d: 0.2 });
          return { c: pick(u, usual), s: sticky };
        }),
      );
    expect(run.alarms.length).toBeLessThanOrEqual(1);
  });
});

describe('rates, models and segments', () => {
  it('a rate by a condition, and one by findings, rise', async () => {
    const run = await DriftRun.start({
      fields: {},
      reference: { records: 2000 },
      rates: { duplicates: { when: 'record.dup == true' }, failures: { finding: '*' } },
    });
    run.push(rows(2500, (u) => ({ dup: u() < 0.02 }))).push(rows(600, (u) => ({ dup: u() < 0.15 }), 2));
    expect(run.alarms.map(({ data }) => [data.field, data.chart])).toEqual([['duplicates', 'rate']]);
  });

  it.each([
    [{ prediction: 'p', label: 'l' }, (wrong: boolean) => ({ p: 'a', l: wrong ? 'b' : 'a' })],
    [{ error: 'e' }, (wrong: boolean) => ({ e: wrong ? 1 : 0 })],
    [{ error: 'e' }, (wrong: boolean) => ({ e: wrong })],
  ])('target %j watches a model', async (target, row) => {
    const run = await DriftRun.start({ target });
    run.push(rows(3000, (u) => row(u() < 0.1))).push(rows(300, (u) => row(u() < 0.4), 2));
    expect(run.alarms.map(({ data }) => [data.field, data.chart])).toEqual([['target', 'error']]);
    expect(Math.abs(run.alarms[0]!.data.changePoint.offset - 3000)).toBeLessThan(60);
  });

  it('the segment that drifts is named, the others are quiet', async () => {
    const run = await DriftRun.start({ ...numeric, by: ['country'] });
    const countries = ['de', 'fr', 'it'];
    const make = (shift: number) => (u: Draw, i: number) => ({
      country: countries[i % 3],
      x: normal(u) + (i % 3 === 1 ? shift : 0),
    });
    run.push(rows(9000, make(0))).push(rows(900, make(1.5), 2));
    expect(run.alarms.map(({ data }) => data.segment)).toEqual([{ country: 'fr' }]);
  });

  it('segments beyond the bound share one, and it is said once and at every tenfold number', async () => {
    const run = await DriftRun.start({ ...numeric, by: ['id'], maxSegments: 5 });
    run.push(rows(3000, (u, i) => ({ id: `s${i}`, x: normal(u) })));
    expect(run.of('drift.overflow').map(({ data }) => data)).toEqual(
      [1, 10, 100, 1000].map((records) => ({ bound: 5, records })),
    );
    expect(run.kernel.stats!().entries).toBe(6);
  });

  it('redacted fields show no values', async () => {
    const run = await DriftRun.start({ ...numeric, by: ['who'] }, { deps: { redacted: () => true } });
    run.push(rows(2500, (u) => ({ ...x()(u), who: 'ann' }))).push(rows(200, (u) => ({ ...x(2)(u), who: 'ann' }), 2));
    expect(run.alarms).toHaveLength(1);
    const said = JSON.stringify(run.events);
    for (const word of ['ann', 'histogram', '"moved"', '"mean"', '"reference"']) expect(said).not.toContain(word);
    expect(run.kernel.inspect!()).toEqual({ distributions: [] });
  });

  it('lets people look at the fields nearest to an alarm, with shares that add up', async () => {
    const run = await DriftRun.start({ ...numeric, by: ['country'] });
    const make = (shift: number) => (u: Draw, i: number) => ({
      country: i % 2 === 0 ? 'de' : 'fr',
      ...x(i % 2 === 0 ? 0 : shift)(u),
    });
    run.push(rows(3900, make(0)));
    expect(run.kernel.inspect!()).toEqual({ distributions: [] }); // still warming up
    run.push(rows(3000, make(0), 2)).push(rows(900, make(1.5), 3));
    const { distributions } = run.kernel.inspect!();
    expect(distributions!.map(({ field, segment, phase }) => [field, segment, phase])).toEqual([
      ['x', 'fr', 'drifted'],
      ['x', 'de', 'watching'],
    ]);
    for (const { histogram } of distributions!)
      for (const side of ['before', 'after'] as const) {
        const sum = (histogram as Record<typeof side, number>[]).reduce((all, bin) => all + bin[side], 0);
        expect(sum).toBeCloseTo(1, 6);
      }
  });
});

describe('volume and freshness', () => {
  const volume = { fields: {}, volume: { every: '1m', reference: 400 }, season: 'none' };
  const feed = (run: DriftRun, from: number, to: number, perMinute: number, seed: number): void => {
    const u = uniforms(seed);
    const times: number[] = [];
    for (let m = from; m < to; m++)
      for (let n = 0; n < perMinute * (0.7 + 0.6 * u()); n++) times.push(START + m * MINUTE + n * 100);
    let i = 0;
    run.push(
      times.map(() => ({})),
      () => times[i++]!,
    );
  };

  it('a rate of records that falls to half is noticed, and a steady one is not', async () => {
    const run = await DriftRun.start(volume);
    feed(run, 0, 900, 60, 1);
    expect(run.alarms).toEqual([]);
    feed(run, 900, 960, 30, 2);
    expect(run.alarms.map(({ data }) => [data.field, data.direction])).toEqual([['volume', 'down']]);
  });

  it('silence is an alarm at the next record, or at an idle tick without one', async () => {
    for (const idle of [false, true]) {
      const run = await DriftRun.start(volume);
      feed(run, 0, 500, 20, 1);
      if (idle) run.kernel.onTick!({ kind: 'idle', time: START + 560 * MINUTE }, run);
      else feed(run, 560, 561, 20, 2);
      expect(run.alarms.map(({ data }) => [data.field, data.chart])).toEqual([['volume', 'gap']]);
    }
  });
});

describe('freshness', () => {
  const config = { fields: {}, freshness: true, reference: { records: 2000 }, season: 'none' };
  /** Half a minute on average, exponential: skewed, as lags are. */
  const lag = (u: Draw, more: number) => () => more - 30_000 * Math.log(u());

  it('that gets worse is noticed soon, with a change point and how many seconds it was before', async () => {
    const run = await DriftRun.start(config);
    run.push(
      rows(4000, () => ({})),
      minutes,
      lag(uniforms(3), 0),
    );
    expect(run.of('drift.referenced')).toMatchObject([{ data: { field: 'freshness', records: 2000 } }]);
    expect(Math.abs(run.of('drift.referenced')[0]!.data.mean - 30)).toBeLessThan(3);
    expect(run.alarms).toEqual([]);
    run.push(
      rows(200, () => ({})),
      minutes,
      lag(uniforms(4), 15_000),
    );
    expect(run.alarms.map(({ data }) => [data.field, data.chart, data.direction])).toEqual([
      ['freshness', 'location', 'up'],
    ]);
    expect(Math.abs(run.alarms[0]!.data.changePoint.offset - 4000)).toBeLessThan(60);
  });

  it('says nothing of records without an event time or an arrival', async () => {
    const run = await DriftRun.start(config);
    run.push(
      rows(3000, () => ({})),
      minutes,
    );
    expect(run.events).toEqual([]);
  });
});

describe('incidents', () => {
  it.each([
    ['a record a second', 1000],
    ['a record an hour', 3_600_000],
  ])('twelve partitions that shift together carry one, with %s', async (_name, stepMs) => {
    const at = (i: number): number => START + i * stepMs;
    const incidents = new Set<string>();
    for (let partition = 0; partition < 12; partition++) {
      const run = await DriftRun.start(numeric, { partition });
      run.push(rows(3000, x(), 100 + partition), at).push(rows(500, x(1), 200 + partition), at);
      expect(run.alarms).toHaveLength(1);
      incidents.add(run.alarms[0]!.data.incident);
    }
    expect(incidents.size).toBe(1);
  });
});

describe('a stored reference', () => {
  const stored = async (): Promise<Uint8Array> => {
    const learn = await DriftRun.start({ ...numeric, fields: { x: 'numeric', c: 'categorical' } });
    learn.push(rows(2000, (u) => ({ ...x()(u), c: u() < 0.5 ? 'a' : 'b' })));
    const lines = learn.events.map(({ type, data }) => JSON.stringify({ type, source: 'sluice/t/s', data }));
    return new TextEncoder().encode(`${lines.join('\n')}\n`);
  };
  const fields = { x: 'numeric', c: 'categorical' };
  const start = async (config: object, bytes: Uint8Array, deps = {}) =>
    DriftRun.start(config, { deps: { readFile: async () => bytes, ...deps } });

  it('watches from the first record on', async () => {
    const run = await start({ fields, reference: { file: 'usual.ndjson' } }, await stored());
    run.push(rows(100, (u) => ({ ...x(1.5)(u), c: 'a' }), 3));
    expect(run.events.map(({ type, data }) => [type, data.field])).toEqual([['drift.alarm', 'x']]);
    await run.restart();
    run.push(rows(200, (u) => ({ ...x(1.5)(u), c: 'a' }), 4));
    expect(run.events.at(-1)).toMatchObject({ type: 'drift.alarm', data: { field: 'c' } });
  });

  it('of another topology is refused unless it is asked for', async () => {
    const config = { fields, reference: { file: 'usual.ndjson' } };
    await expect(start(config, await stored(), { topology: 'other' })).rejects.toThrow(/of t\/s, not of other\/s/);
    const asked = { fields, reference: { file: 'usual.ndjson', from: 't/s' } };
    await expect(start(asked, await stored(), { topology: 'other' })).resolves.toBeDefined();
  });

  it('that lacks a field, knows it as another kind, is damaged or no JSON is refused', async () => {
    const bytes = await stored();
    const file = { file: 'f' };
    await expect(start({ fields: { y: 'numeric' }, reference: file }, bytes)).rejects.toThrow(/field y/);
    await expect(start({ fields: { x: 'categorical' }, reference: file }, bytes)).rejects.toThrow(/as numeric/);
    const damaged = new TextEncoder().encode(
      new TextDecoder().decode(bytes).replace('"reference":"', '"reference":"AAAA'),
    );
    await expect(start({ fields, reference: file }, damaged)).rejects.toThrow(/damaged/);
    await expect(start({ fields, reference: file }, new TextEncoder().encode('nope'))).rejects.toThrow(/no JSON/);
  });
});

describe('configuration', () => {
  it('warns of a small reference and refuses an empty watch', () => {
    const codes = (config: object) =>
      detectDrift.validate!(config as never).map(({ code, level }) => `${code} ${level}`);
    expect(codes({ fields: { x: 'numeric' }, reference: { records: 80 } })).toEqual(['drift-small-reference warn']);
    expect(codes({ fields: {} })).toEqual(['drift-nothing error']);
    expect(codes({ fields: { x: 'numeric' }, reference: { file: 'f' }, by: ['a'] })).toEqual([
      'drift-stored-segments error',
    ]);
    expect(codes({ fields: { c: 'categorical' }, guarantee: 'run-length' })).toEqual(['drift-unproved warn']);
    expect(codes({ fields: { x: 'numeric' }, guarantee: 'run-length' })).toEqual([]);
    expect(codes({ rates: { odd: { when: 'record.' } } })).toEqual(['cel error']);
    expect(codes({ fields: { x: 'numeric' }, rates: { x: { finding: '*' } } })).toEqual(['drift-name-twice error']);
  });

  it('the epoch field rises with alarm and recovery', async () => {
    const run = await DriftRun.start({ ...numeric, epoch: 'epoch' });
    const seen: unknown[] = [];
    run.emit = (_port, record) => seen.push((record.data as { epoch: number }).epoch);
    run.push(rows(2500, x())).push(rows(500, x(1), 2));
    expect([...new Set(seen)]).toEqual([0, 1]);
  });
});
