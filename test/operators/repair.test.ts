import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/core/operator.ts';
import { type RepairConfig, repair } from '../../src/operators/repair.ts';
import { CollectOut, recordOf, testDeps } from '../support/collect-out.ts';
import { runStep } from '../support/step-run.ts';

const config = (over: object): RepairConfig => ({ grace: { records: 1000 }, infer: false, ...over }) as RepairConfig;
const values = (out: CollectOut, port = 0): unknown[] => out.port(port).map(({ data }) => data);

/** `n` records of a zip and its city. */
const homes = (zip: string, city: string, n: number): object[] => Array.from({ length: n }, () => ({ zip, city }));

describe('dependencies', () => {
  const rows = [...homes('35233', 'birmingham', 9), { zip: '35233', city: 'boaz' }, ...homes('35957', 'boaz', 9)];

  it('mend a city that contradicts its zip code, with evidence', async () => {
    const out = await runStep(repair, config({ dependencies: ['zip -> city'] }), rows);
    expect(values(out)[9]).toEqual({ zip: '35233', city: 'birmingham' });
    expect(out.evidences).toEqual([
      { field: 'city', old: 'boaz', new: 'birmingham', method: 'dependency', confidence: 0.9 },
    ]);
    expect(out.port(0)).toHaveLength(rows.length);
  });

  it.each([
    ['a list of fields', [{ from: ['zip'], to: ['city'] }]],
    ['another arrow', ['zip ⇒ city']],
  ])('can be written as %s', async (_, dependencies) => {
    expect((await runStep(repair, config({ dependencies }), rows)).evidences).toHaveLength(1);
  });

  it('hold only where their condition does', async () => {
    const where = (when: string) => config({ dependencies: [{ from: 'zip', to: 'city', when }] });
    expect((await runStep(repair, where('record.zip == "35233"'), rows)).evidences).toHaveLength(1);
    expect((await runStep(repair, where('record.zip == "35957"'), rows)).evidences).toHaveLength(0);
  });

  it('below the bound become a suggestion', async () => {
    const split = [...homes('1', 'aachen', 3), ...homes('1', 'berlin', 2)];
    const out = await runStep(repair, config({ dependencies: ['zip -> city'] }), split);
    expect(values(out)).toEqual(split);
    expect(out.findings).toHaveLength(2);
    expect(out.findings[0]).toEqual({
      rule: 'city.dependency',
      severity: 'warn',
      field: 'city',
      observed: 'berlin',
      expected: '3 of 5 with the same zip',
      suggestion: 'aachen',
      dimension: 'consistency',
    });
  });

  it('flag and observe change nothing', async () => {
    const flag = await runStep(repair, config({ dependencies: ['zip -> city'], mode: 'flag' }), rows);
    expect(values(flag)).toEqual(rows);
    expect(flag.port(0)[9]!.findings).toHaveLength(1);
    const observe = await runStep(repair, config({ dependencies: ['zip -> city'], mode: 'observe' }), rows);
    expect(values(observe)).toEqual(rows);
    expect(observe.port(0)[9]!.findings).toEqual([]);
    expect(observe.findings).toHaveLength(1);
  });

  it('do not touch what is kept, and show nothing that is redacted', async () => {
    const kept = await runStep(repair, config({ dependencies: ['zip -> city'], keep: ['city'] }), rows);
    expect(kept.evidences).toEqual([]);
    const hidden = await runStep(repair, config({ dependencies: ['zip -> city'], mode: 'flag' }), rows, {
      redact: ['city'],
    });
    expect(JSON.stringify(hidden.findings)).not.toMatch(/boaz|birmingham/);
    expect(hidden.findings).toHaveLength(1);
  });

  it('learn nothing from a field a step above found something wrong with', async () => {
    const kernel = await repair.create(config({ dependencies: ['zip -> city'] }), testDeps());
    const dirty = [...homes('1', 'wrong', 8), ...homes('1', 'right', 3)].map((row, i) => {
      const draft = recordOf(row, i).edit();
      if (i < 8) draft.addFinding({ step: 'sane', rule: 'city.in', severity: 'warn', field: 'city' });
      return draft;
    });
    const out = new CollectOut();
    kernel.process(dirty, new Float64Array(dirty.length), out);
    kernel.onTick?.({ kind: 'end', time: 0 }, out);
    expect(new Set(values(out).map((row) => (row as { city: string }).city))).toEqual(new Set(['right']));
  });

  it('that are sure are never suspended; the others are when a value explains all exceptions', async () => {
    const grades = Array.from({ length: 400 }, (_, i) => {
      const code = `m${i % 20}`;
      const state = i % 23 === 0 ? 'ak' : 'al';
      return { code, state, average: `${state}-${code}` };
    });
    const doubted = await runStep(repair, config({ dependencies: ['code -> average'] }), grades);
    expect(doubted.evidences).toEqual([]);
    expect(doubted.events.map(({ data }) => [data.dependency, data.field, data.value, data.proposal])).toEqual([
      ['code -> average', 'state', 'ak', 'code, state -> average'],
    ]);
    const sure = await runStep(repair, config({ dependencies: [{ from: 'code', to: 'average', sure: true }] }), grades);
    expect(sure.events).toEqual([]);
    expect(sure.evidences.length).toBeGreaterThan(10);
  });
});

describe('grace and corrections', () => {
  it('records are held until others have come, or time has passed, and leave in order', async () => {
    const kernel = await repair.create(config({ dependencies: ['zip -> city'], grace: { records: 2 } }), testDeps());
    const out = new CollectOut();
    const records = homes('1', 'aachen', 5).map((row, i) => recordOf(row, i));
    kernel.process(records, new Float64Array(5), out);
    expect(out.absorbed).toHaveLength(5);
    expect(out.emissions.map(({ record, at }) => [record.offset, at])).toEqual([
      [0, 2],
      [1, 3],
      [2, 4],
    ]);
    const timed = await repair.create(config({ dependencies: ['zip -> city'], grace: { time: '5s' } }), testDeps());
    const later = new CollectOut();
    timed.process(records, Float64Array.of(0, 1000, 2000, 5500, 9000), later);
    expect(later.emissions.map(({ record, at }) => [record.offset, at])).toEqual([
      [0, 3],
      [1, 4],
      [2, 4],
    ]);
    timed.onTick?.({ kind: 'idle', time: 20_000 }, later);
    expect(later.emissions).toHaveLength(5);
  });

  it('what becomes clear after a record has left is a correction', async () => {
    const rows = [{ zip: '1', city: 'bexlin' }, ...homes('1', 'berlin', 5)];
    const out = await runStep(repair, config({ dependencies: ['zip -> city'], grace: { records: 0 } }), rows);
    expect(values(out)).toEqual(rows);
    expect(values(out, 1)).toEqual([
      {
        origin: { topic: 'test', partition: 0, offset: 0 },
        field: 'city',
        old: 'bexlin',
        new: 'berlin',
        method: 'dependency',
        confidence: 0.75,
      },
    ]);
  });
});

describe('spelling', () => {
  it('is corrected against frequent values, never in codes', async () => {
    const rows = [
      ...Array.from({ length: 10 }, () => ({ city: 'birmingham', state: 'al', model: 'C-141B' })),
      { city: 'birminghxm', state: 'ak', model: 'C-141' },
    ];
    const out = await runStep(repair, config({ spelling: { fields: ['city', 'state', 'model'] } }), rows);
    expect(values(out)[10]).toEqual({ city: 'birmingham', state: 'ak', model: 'C-141' });
    expect(out.evidences).toEqual([
      { field: 'city', old: 'birminghxm', new: 'birmingham', method: 'spelling', confidence: 0.9091 },
    ]);
  });

  it('is left alone where two values are as near, or none is frequent enough', async () => {
    const two = [...Array(6).fill({ w: 'braner' }), ...Array(6).fill({ w: 'braker' }), { w: 'braxer' }];
    expect((await runStep(repair, config({ spelling: { fields: ['w'] } }), two)).evidences).toEqual([]);
    const few = [...Array(4).fill({ w: 'birmingham' }), { w: 'birminghxm' }];
    expect((await runStep(repair, config({ spelling: { fields: ['w'] } }), few)).evidences).toEqual([]);
  });
});

describe('gaps', () => {
  const hour = 3_600_000;

  it('are bridged by the last value when they are short, and left when nothing is known', async () => {
    const x = [null, 1, 2, 3, null, 4, 5, null, null, null, null, 6];
    const out = await runStep(
      repair,
      config({ impute: { fields: ['x'], methods: ['last'] } }),
      x.map((value) => ({ x: value })),
    );
    expect(values(out).map((row) => (row as { x: number }).x)).toEqual([
      null,
      1,
      2,
      3,
      3,
      4,
      5,
      null,
      null,
      null,
      null,
      6,
    ]);
    expect(out.evidences).toEqual([{ field: 'x', old: null, new: 3, method: 'last', confidence: 0.5 }]);
  });

  it('follow the hour of the day, or the field beside', async () => {
    const day = (i: number) => 10 + 8 * Math.sin((i / 12) * Math.PI);
    const rows = Array.from({ length: 24 * 20 }, (_, i) => ({
      x: i >= 24 * 18 && i < 24 * 19 ? null : day(i),
      y: 3 * day(i) + 1,
    }));
    for (const method of ['hour-of-day', 'regression']) {
      const out = await runStep(repair, config({ impute: { fields: ['x'], methods: [method] } }), rows, {
        timeOf: (i) => i * hour,
      });
      expect(out.evidences.map((e) => e.method)).toEqual(new Array(24).fill(method));
      for (const [i, row] of values(out).entries()) expect((row as { x: number }).x).toBeCloseTo(day(i), 6);
    }
  });

  it('of texts take the most frequent of their group', async () => {
    const rows = [...homes('1', 'aachen', 9), { zip: '1', city: '' }, { zip: '2', city: null }, { zip: '1' }];
    const out = await runStep(repair, config({ impute: { fields: ['city'], by: ['zip'] } }), rows);
    expect(values(out).slice(9)).toEqual([
      { zip: '1', city: 'aachen' },
      { zip: '2', city: null },
      { zip: '1', city: 'aachen' },
    ]);
    expect(out.evidences.map(({ old, method }) => [old, method])).toEqual([
      ['', 'mode'],
      [undefined, 'mode'],
    ]);
  });

  it('that only a poor method could fill are suggestions; what is no gap is not filled', async () => {
    const noise = Array.from({ length: 200 }, (_, i) => ({ x: (i * 7919) % 100 })) as object[];
    noise[150] = { x: null };
    noise[160] = { x: { nested: true } };
    const out = await runStep(repair, config({ impute: { fields: ['x'], methods: ['last'], bound: 0.9 } }), noise);
    expect(out.evidences).toEqual([]);
    expect(out.findings.map(({ rule, dimension }) => [rule, dimension])).toEqual([['x.missing', 'completeness']]);
    expect(values(out)).toEqual(noise);
  });
});

describe('spikes', () => {
  it('are judged by series, not across them', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({ id: i % 2, x: (i % 2) * 1000 + Math.sin(i / 20) }));
    rows[201]!.x += 50;
    const series = config({ key: ['id'], outliers: { fields: ['x'] }, grace: { records: 20 } });
    const out = await runStep(repair, series, rows, { timeOf: (i) => i * 1000 });
    expect(out.evidences.map(({ method, old }) => [method, old])).toEqual([['speed', rows[201]!.x]]);
  });

  it('are corrections when nothing was held; a new level is none', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      x: Math.sin(i / 5) + (i === 150 ? 60 : 0) + (i < 220 ? 0 : 90),
    }));
    const bare = config({ outliers: { fields: ['x'] }, grace: { records: 0 } });
    const out = await runStep(repair, bare, rows, { timeOf: (i) => i * 1000 });
    expect(values(out)).toEqual(rows);
    expect(out.findings.map(({ observed }) => observed)).toEqual([rows[150]!.x, rows[220]!.x]);
    const [correction, ...others] = values(out, 1) as { origin: { offset: number }; old: number; new: number }[];
    expect(others).toEqual([]);
    expect(correction).toMatchObject({ origin: { offset: 150 }, field: 'x', old: rows[150]!.x, method: 'speed' });
    expect(correction!.new).toBeCloseTo((rows[149]!.x + rows[151]!.x) / 2, 9);
  });

  it('without anything after them are suggestions', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ x: Math.sin(i / 5) }));
    rows.push({ x: 60 });
    const out = await runStep(repair, config({ outliers: { fields: ['x'] } }), rows, { timeOf: (i) => i * 1000 });
    expect(out.evidences).toEqual([]);
    expect(out.findings.map(({ rule, observed }) => [rule, observed])).toEqual([['x.outlier', 60]]);
  });
});

describe('hostile input', () => {
  const all = config({
    infer: true,
    dependencies: ['a -> b', 'b -> c'],
    spelling: { fields: ['a', 'b'] },
    key: ['a'],
    outliers: { fields: ['n'] },
    impute: { fields: ['n', 'c'] },
    scope: 'topic',
    grace: { records: 50 },
  });

  it.each<[string, (i: number) => unknown]>([
    ['empty strings', () => ({ a: '', b: '', c: '', n: '' })],
    ['one group with everything', (i) => ({ a: 'one', b: `b${i}`, c: 'c', n: i })],
    ['all records equal', () => ({ a: 'x', b: 'y', c: 'z', n: 1 })],
    ['what is no map', (i) => [null, 5, 'text', [1, 2], true][i % 5]],
    ['names of prototypes', (i) => JSON.parse(`{"a":"__proto__","b":"constructor","__proto__":{"c":${i}},"n":${i}}`)],
    ['separators of ours', (i) => ({ a: `\u001e${i % 3}\u001f`, b: '\u0000true', c: '\u001f', n: i })],
    ['half characters', (i) => ({ a: `\ud800${i % 2}`, b: 'ab\udc00cdefg', c: i, n: -0 })],
    ['numbers at the end of the range', (i) => ({ a: 'k', b: 1e308, c: -1e308, n: i % 2 === 0 ? 1.7e308 : -1.7e308 })],
    ['hundreds of fields', (i) => Object.fromEntries(Array.from({ length: 300 }, (_, f) => [`f${f}`, i % 7]))],
  ])('%s pass', async (_, row) => {
    const rows = Array.from({ length: 700 }, (_, i) => row(i));
    const out = await runStep(repair, all, rows, { timeOf: (i) => i });
    expect(out.port(0)).toHaveLength(rows.length);
    for (const { new: value } of out.evidences) expect(value).not.toBeNaN();
  });

  it('texts of 1 MB are neither learned nor changed', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      a: `${'x'.repeat(1_000_000)}${i % 2}`,
      b: 'y'.repeat(1_000_000),
    }));
    const kernel = await repair.create(all, testDeps());
    const out = new CollectOut();
    kernel.process(
      rows.map((row, i) => recordOf(row, i)),
      new Float64Array(20),
      out,
    );
    kernel.onTick?.({ kind: 'end', time: 0 }, out);
    expect(out.port(0)).toHaveLength(20);
    expect(kernel.stats!().bytes).toBeLessThan(100_000);
  });

  it('near-equal values without end stay cheap and bounded', async () => {
    const limits = { ...DEFAULT_LIMITS, maxStateBytes: 2 ** 20, maxHeldBytes: 2 ** 18 };
    const kernel = await repair.create(all, { ...testDeps(), limits });
    const out = new CollectOut();
    const started = process.cpuUsage();
    for (let from = 0; from < 8000; from += 500) {
      const records = Array.from({ length: 500 }, (_, k) => {
        const i = from + k;
        return recordOf({ a: `neighborhood ${i % 977}x`, b: `neighbxrhood ${i}`, c: `${i % 2}`, n: i }, i);
      });
      kernel.process(records, new Float64Array(500).fill(from), out);
      expect(kernel.stats!().bytes).toBeLessThan(4 * 2 ** 20);
    }
    expect(process.cpuUsage(started).user / 8000).toBeLessThan(5_000);
    expect(out.events.filter(({ type }) => type === 'state.evicted').length).toBeGreaterThan(0);
  });
});

describe('configuration', () => {
  it.each<[object, string]>([
    [{}, 'repair-nothing'],
    [{ dependencies: ['zip city'] }, 'repair-dependency'],
    [{ dependencies: ['zip -> zip'] }, 'repair-both-sides'],
    [{ dependencies: [{ from: 'a', to: 'b', when: 'record.' }] }, 'cel'],
    [{ spelling: { fields: ['a'] }, bounds: { repair: 0.4 } }, 'repair-bounds'],
  ])('%j is refused: %s', (over, code) =>
    expect(repair.validate!(over as RepairConfig).map((issue) => issue.code)).toEqual([code]),
  );

  it('scope: the key for series alone, its partition for the rest, unless it is chosen', () => {
    const scope = (over: object) => repair.scope(over as RepairConfig);
    expect(scope({ key: ['id'], outliers: { fields: ['x'] } })).toBe('key');
    expect(scope({ key: ['id'], dependencies: ['a -> b'] })).toBe('partition');
    expect(scope({ dependencies: ['a -> b'], scope: 'topic' })).toBe('topic');
  });
});
