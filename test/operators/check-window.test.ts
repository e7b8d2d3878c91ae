import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { checkWindow } from '../../src/operators/check-window.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import type { DriverOptions, TopologyDriver } from '../../src/testing/topology-driver.ts';
import { eventsOf, type Fed, feed, lintCodes, planOfText } from '../support/topology.ts';

/** The start of a minute. */
const START = 1_699_999_980_000;
const MINUTE = 60_000;

const topology = (config: string, more = '') => `
name: t
input: { topic: in, format: json, lateness: 5s }
steps:
  - { id: w, use: check-window, with: ${config} }
output: { topic: out }
commit: { every: 50ms, records: 50 }
checkpoint: { every: 200ms }
${more}
`;
const expecting = (expectation: string) => topology(`{ window: 1m, expect: [${expectation}] }`);

type Row = Record<string, unknown>;

/** One record a value, evenly over a minute that ends with a record of the next but one, so that the first is judged. */
function minute(values: readonly Row[]): Fed[] {
  return values.map((value, i) => ({ value, time: START + Math.floor((i * MINUTE) / values.length) }));
}

/** Events of the first minute. */
async function judge(text: string, values: readonly Row[]) {
  const driver = feed(text, minute(values));
  await driver.end();
  return eventsOf(driver, 't.events');
}

const xs = (...values: unknown[]): Row[] => values.map((x) => ({ x }));
const n = (count: number): Row[] => Array.from({ length: count }, (_, i) => ({ x: i }));

/** Each expectation with a minute just inside, one just outside, and what is observed there. */
const CASES: readonly (readonly [string, readonly Row[], readonly Row[], number])[] = [
  ['{ measure: row-count, min: 10 }', n(10), n(9), 9],
  ['{ measure: row-count, max: 10 }', n(10), n(11), 11],
  ['{ measure: rate, min: 0.5 }', n(30), n(29), 29 / 60],
  ['{ measure: rate, max: 0.5 }', n(30), n(31), 31 / 60],
  ['{ measure: freshness, max: 20s }', n(3), n(2), 30],
  ['{ measure: null-ratio, field: x, max: 0.25 }', xs(1, 2, 3, null), [...xs(1, 2, 3, null), { y: 1 }], 0.4],
  [
    '{ measure: null-ratio, field: x, mostly: 0.9 }',
    xs(...Array(9).fill(1), null),
    xs(...Array(8).fill(1), null),
    1 / 9,
  ],
  ['{ measure: mean, field: x, min: 2, max: 3 }', xs(1, 5), xs(1, 5.01), 3.005],
  ['{ measure: mean, field: x, max: 2.5 }', xs('1', '4', 'NaN', 'Infinity', null), xs('1', '4.5'), 2.75],
  ['{ measure: quantile, field: x, q: 0.5, max: 3 }', xs(1, 2, 3, 99, 98), xs(1, 2, 4, 99, 98), 4],
  ['{ measure: stdev, field: x, max: 1.5 }', xs(1, 2, 3, 4), xs(1, 2, 3, 5), Math.sqrt(8.75 / 3)],
  ['{ measure: sum, field: x, max: 0.6 }', xs(0.1, 0.2, 0.3), xs(0.1, 0.2, 0.300001), 0.600001],
  ['{ measure: distinct, field: x, min: 3 }', xs('a', 'b', 'c', 'a'), xs('a', 'b', 'b', 'a', null), 2],
  ['{ measure: uniqueness, field: x, mostly: 0.75 }', xs('a', 'b', 'c', 'a'), xs('a', 'b', 'a', 'c', 'a'), 0.6],
  ['{ measure: uniqueness, field: x }', xs(1, '1', 2, null, null), xs(1, 2, 2), 2 / 3],
  [
    '{ measure: in-set, field: x, values: [a, b], mostly: 0.75 }',
    xs('a', 'b', 'a', 'z', null),
    xs('a', 'b', 'z', 'z'),
    0.5,
  ],
  ['{ measure: monotonic, field: x }', xs(1, 1, 2, null, 3), xs(1, 2, 1, 3, 4), 0.75],
  ['{ measure: monotonic, field: x, order: strictly-decreasing, mostly: 0.5 }', xs(3, 2, 2), xs(3, 2, 2, 2), 1 / 3],
  ['{ measure: sequence-gaps, field: x }', xs(7, 8, 10, 9), xs(7, 8, 11, 9), 1],
  ['{ measure: sequence-gaps, field: x, max: 2 }', xs(1, 4, 5), xs(1, 4, 6), 3],
];

describe('an expectation of a window', () => {
  it.each(CASES)('%s holds just inside and fails just outside', async (expectation, inside, outside, observed) => {
    expect(await judge(expecting(expectation), inside)).toEqual([]);
    const [event, ...more] = await judge(expecting(expectation), outside);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ type: 'window.failed', data: { severity: 'error', records: outside.length } });
    expect(event!.data.observed).toBeCloseTo(observed, 9);
  });

  it('counts what is no number and leaves it out', async () => {
    const values = xs('1', 'NaN', 'Infinity', '-inf', 'n/a', { a: 1 }, true, null, 9);
    const [event] = await judge(expecting('{ measure: mean, field: x, max: 4 }'), values);
    expect(event!.data).toMatchObject({ observed: 5, invalid: 6 });
  });

  it('keeps one order for each key', async () => {
    const values = [1, 5, 2, 6, 3, 7].map((x, i) => ({ x, who: i % 2 === 0 ? 'a' : 'b' }));
    expect(await judge(expecting('{ measure: monotonic, field: x, key: [who] }'), values)).toEqual([]);
    expect(await judge(expecting('{ measure: sequence-gaps, field: x, key: [who] }'), values)).toEqual([]);
    expect(await judge(expecting('{ measure: monotonic, field: x }'), values)).toHaveLength(1);
  });

  it('does not judge what has too few values', async () => {
    const text = '{ measure: mean, field: x, max: 0, minRecords: 5 }';
    expect(await judge(expecting(text), xs(1, 2, 3, 4, null))).toEqual([]);
    expect(await judge(expecting(text), xs(1, 2, 3, 4, 5))).toHaveLength(1);
  });

  it('says by which gauge it stands', async () => {
    const seen = new Map<string, number>();
    const driver = feed(expecting('{ measure: row-count, min: 3 }'), minute(n(2)), {
      observer: {
        commit: ({ stats }) => {
          for (const one of stats) for (const gauge of one.stats.gauges ?? []) seen.set(gauge.name, gauge.value);
        },
      },
    });
    await driver.end();
    expect(Object.fromEntries(seen)).toEqual({ window_value: 2, window_failing: 1, window_late_records: 0 });
  });
});

describe('windows', () => {
  const every10s = (from: number, to: number): Fed[] =>
    Array.from({ length: (to - from) / 10 }, (_, i) => ({ value: { x: i }, time: START + (from + i * 10) * 1000 }));

  it('without records are judged, a run of them once, when time has passed them', async () => {
    const driver = feed(expecting('{ measure: row-count, min: 1 }'), [...every10s(0, 60), ...every10s(240, 300)]);
    await driver.end();
    const events = eventsOf(driver, 't.events');
    // the record at minute 4 shows that two windows are over, and that the third had none once its lateness is over
    expect(events.map(({ type, data }) => [type, data.observed, data.windows])).toEqual([
      ['window.failed', 0, 2],
      ['window.failed', 0, undefined],
      ['window.recovered', 6, undefined],
    ]);
    expect(events[0]!.data.window).toEqual({
      start: new Date(START + MINUTE).toISOString(),
      end: new Date(START + 3 * MINUTE).toISOString(),
    });
  });

  it('without records are noticed on an idle input', async () => {
    const driver = feed(`${expecting('{ measure: row-count, min: 1 }')}idleAfter: 10s\n`, every10s(0, 60));
    await driver.advance(5 * MINUTE);
    await driver.pause();
    const failed = eventsOf(driver, 't.events');
    expect(failed.length).toBeGreaterThanOrEqual(3);
    for (const { type, data } of failed) expect([type, data.records]).toEqual(['window.failed', 0]);
  });

  it('count late records, and let them pass', async () => {
    const rows = [...every10s(0, 60), { value: { x: 'next' }, time: START + 66_000 }];
    const late = { value: { x: 'late' }, time: START + 30_000 };
    const intime = { value: { x: 'in time' }, time: START + 58_000 };
    const text = topology(
      '{ window: 1m, expect: [{ measure: row-count, max: 6 }, { name: few, measure: row-count, max: 0 }] }',
    );
    const before = feed(text, [...rows.slice(0, 6), { value: {}, time: START + 64_000 }, intime, ...rows.slice(6)]);
    await before.end();
    expect(eventsOf(before, 't.events')[0]).toMatchObject({ data: { expectation: 'row-count', observed: 7, late: 0 } });
    const after = feed(text, [...rows, late, late]);
    expect(await after.end()).toMatchObject({ in: 9, curated: 9 });
    const events = eventsOf(after, 't.events');
    expect(events.map(({ data }) => [data.expectation, data.observed, data.late])).toEqual([
      ['few', 6, 0],
      ['few', 1, 2],
    ]);
  });

  it('overlap when asked to', async () => {
    const text = topology(
      '{ window: { size: 1m, every: 30s }, expect: [{ measure: row-count, max: 5 }], partial: skip }',
    );
    const driver = feed(text, every10s(0, 150));
    await driver.end();
    const starts = eventsOf(driver, 't.events').map(({ data }) => Date.parse((data.window as { start: string }).start));
    expect(starts).toEqual([30, 60].map((s) => START + s * 1000));
  });

  it('of records close with their last record', async () => {
    const text = topology('{ window: { records: 3 }, expect: [{ measure: sum, field: x, max: 5 }] }');
    const driver = feed(text, every10s(0, 80));
    await driver.end();
    expect(
      eventsOf(driver, 't.events').map(({ data, time }) => [data.window, data.observed, data.partial, time]),
    ).toEqual([
      [{ start: 3, end: 6 }, 12, undefined, START + 50_000],
      [{ start: 6, end: 9 }, 13, true, START + 70_000],
    ]);
  });

  it('of records begin anew with what is appended after an end', async () => {
    const text = topology(
      '{ window: { records: 4 }, action: quarantine, expect: [{ measure: sum, field: x, max: 9 }] }',
    );
    const driver = feed(text, every10s(0, 60)); // 0 to 3, then 4 and 5
    expect(await driver.end()).toMatchObject({ curated: 6, quarantined: 0, held: 0 });
    driver.feed(
      'in',
      [3, 3, 3, 3].map((x, i) => ({ value: `{"x":${x}}`, timestamp: START + 60_000 + i })),
    );
    expect(await driver.end()).toMatchObject({ in: 10, curated: 6, quarantined: 4, late: 0 });
    expect(eventsOf(driver, 't.events').map(({ data }) => [data.window, data.partial])).toEqual([
      [{ start: 8, end: 12 }, undefined],
    ]);
  });

  it('cut off by start or end are marked, or skipped', async () => {
    const rows = every10s(30, 210);
    const marked = feed(expecting('{ measure: row-count, min: 6 }'), rows);
    await marked.end();
    expect(eventsOf(marked, 't.events').map(({ type, data }) => [type, data.observed, data.partial])).toEqual([
      ['window.failed', 3, true],
      ['window.recovered', 6, undefined],
      ['window.failed', 3, true],
    ]);
    const text = topology('{ window: 1m, partial: skip, expect: [{ measure: row-count, min: 6 }] }');
    const skipped = feed(text, rows);
    await skipped.end();
    expect(eventsOf(skipped, 't.events')).toEqual([]);
  });

  it('judge by their own history: a shift is told, and with it as the new normal it falls silent', async () => {
    const rows: Fed[] = [];
    for (let m = 0; m < 120; m++)
      for (let i = 0; i < 30; i++)
        rows.push({ value: { x: 10 + uniform(3, m, i) + (m >= 60 ? 5 : 0) }, time: START + m * MINUTE + i * 2000 });
    const driver = feed(expecting('{ measure: mean, field: x, history: { windows: 30 } }'), rows);
    await driver.end();
    const events = eventsOf(driver, 't.events');
    expect(events[0]).toMatchObject({
      type: 'window.failed',
      time: START + 61 * MINUTE + 6000,
      data: { learned: true },
    });
    const recovered = events.findIndex(({ type }) => type === 'window.recovered');
    expect(events[recovered]!.time).toBeLessThan(START + 80 * MINUTE);
    expect(events.slice(recovered + 1).length).toBeLessThanOrEqual(2);
  });

  it('cry wolf by their own history in fewer than 1 of 300 windows, whatever the distribution', async () => {
    const normal = (i: number) => Math.sqrt(-2 * Math.log(uniform(5, i, 1))) * Math.cos(2 * Math.PI * uniform(5, i, 2));
    const families = { normal, uniform: (i: number) => uniform(5, i, 3), constant: () => 7 };
    for (const [name, draw] of Object.entries(families)) {
      const rows = Array.from({ length: 3000 }, (_, i) => ({ value: { x: draw(i) }, time: START + i }));
      const text = topology('{ window: { records: 1 }, expect: [{ measure: mean, field: x, history: {} }] }');
      const driver = feed(text, rows);
      await driver.end();
      const failed = eventsOf(driver, 't.events').filter(({ type }) => type === 'window.failed').length;
      expect(failed, name).toBeLessThanOrEqual(10);
    }
  });
});

describe('windows that hold their records', () => {
  const hold = (expectation: string, more = '') =>
    topology(`{ window: 1m, action: quarantine, expect: [${expectation}] }`, more);
  /** Minute 1 has a bad mean; three records a minute. */
  const rows: Fed[] = Array.from({ length: 12 }, (_, i) => ({
    value: { id: i, x: Math.floor(i / 3) === 1 ? 100 : 1 },
    time: START + i * 20_000,
  }));
  const ids = (driver: TopologyDriver, topic: string) =>
    driver.read(topic).map(({ value }) => JSON.parse(String(value)).id);

  it('reject all of a window that fails and let the others pass, in order', async () => {
    const driver = feed(hold('{ measure: mean, field: x, max: 10 }'), rows);
    expect(await driver.end()).toMatchObject({ in: 12, curated: 9, quarantined: 3, held: 0 });
    expect(ids(driver, 'out')).toEqual([0, 1, 2, 6, 7, 8, 9, 10, 11]);
    expect(ids(driver, 't.quarantine')).toEqual([3, 4, 5]);
    expect(driver.lines('t.quarantine')[0]).toContain('"rule":"mean(x)"');
  });

  it('count records as held until then', async () => {
    const driver = feed(hold('{ measure: mean, field: x, max: 10 }'), rows);
    await driver.advance(500);
    await driver.pause();
    const fates = new Map<string, number>();
    const again = feed(hold('{ measure: mean, field: x, max: 10 }'), rows, {
      observer: {
        commit: ({ counts }) => {
          for (const [fate, count] of counts.fates) fates.set(fate, (fates.get(fate) ?? 0) + count);
        },
      },
    });
    await again.advance(500);
    expect(fates.get('held')).toBe(12 - 9);
    expect(ids(again, 'out')).toEqual([0, 1, 2, 6, 7, 8]);
  });

  it('let a warning pass', async () => {
    const driver = feed(hold('{ measure: mean, field: x, max: 10, severity: warn }'), rows);
    expect(await driver.end()).toMatchObject({ curated: 12, quarantined: 0 });
    expect(eventsOf(driver, 't.events').map(({ type }) => type)).toEqual(['window.failed', 'window.recovered']);
  });

  it('send late records to a port of their own', async () => {
    const late = { value: { id: 99, x: 1 }, time: START };
    const more = 'outputs: { w.late: later }';
    const driver = feed(hold('{ measure: mean, field: x, max: 10 }', more), [...rows, late]);
    expect(await driver.end()).toMatchObject({ in: 13, curated: 9, quarantined: 3, late: 1 });
    expect(driver.lines('later')[0]).toContain('late-for-window');
  });

  it('close a window early when they have no room, and say so', async () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ value: { id: i, x: 1 }, time: START + i }));
    const driver = feed(hold('{ measure: mean, field: x, max: 10 }', 'limits: { maxHeldBytes: 40KiB }'), many);
    const summary = await driver.end();
    expect(summary.curated + summary.late).toBe(200);
    expect(eventsOf(driver, 't.events').map(({ type }) => type)).toContain('state.evicted');
  });
});

describe('windows of segments', () => {
  /** Six records a minute and city, for three minutes; `of` gives the value, undefined for no record. */
  const cities = (of: (city: string, minute: number) => number | undefined): Fed[] =>
    [0, 1, 2].flatMap((m) =>
      [0, 1, 2, 3, 4, 5].flatMap((i) =>
        ['bern', 'chur'].flatMap((city) => {
          const x = of(city, m);
          return x === undefined ? [] : [{ value: { city, x }, time: START + m * MINUTE + i * 9000 }];
        }),
      ),
    );
  const bySegment = (expectation: string, more = '') =>
    topology(`{ window: 1m, by: [city], expect: [${expectation}]${more} }`);
  const said = (driver: TopologyDriver) =>
    eventsOf(driver, 't.events').map(({ type, data }) => [
      type,
      (data.segment as { city?: string } | undefined)?.city,
      data.observed,
    ]);

  it('are judged each for itself', async () => {
    const rows = cities((city, m) => (city === 'chur' && m === 1 ? 30 : 1));
    const driver = feed(bySegment('{ measure: mean, field: x, max: 9 }'), rows);
    expect(await driver.end()).toMatchObject({ in: 36, curated: 36 });
    expect(said(driver)).toEqual([
      ['window.failed', 'chur', 30],
      ['window.recovered', 'chur', 1],
    ]);
  });

  it('go on for a segment whose records stop, for time is that of the stream', async () => {
    const rows = cities((city, m) => (city === 'chur' && m > 0 ? undefined : 1));
    const driver = feed(bySegment('{ measure: row-count, min: 6 }', ', partial: skip'), rows);
    await driver.end();
    expect(said(driver)).toEqual([['window.failed', 'chur', 0]]);
  });

  it('hold and reject the records of the segment that fails, and no others', async () => {
    const rows = cities((city, m) => (city === 'chur' && m === 1 ? 30 : 1));
    const driver = feed(bySegment('{ measure: mean, field: x, max: 9 }', ', action: quarantine'), rows);
    expect(await driver.end()).toMatchObject({ in: 36, curated: 30, quarantined: 6, held: 0 });
    for (const { value } of driver.read('t.quarantine'))
      expect(JSON.parse(String(value))).toEqual({ city: 'chur', x: 30 });
  });

  it('of records count those of the segment', async () => {
    const text = topology('{ window: { records: 6 }, by: [city], expect: [{ measure: sum, field: x, max: 6 }] }');
    const driver = feed(
      text,
      cities((city, m) => (city === 'bern' && m === 2 ? 2 : 1)),
    );
    await driver.end();
    expect(said(driver)).toEqual([['window.failed', 'bern', 12]]);
  });

  it('beyond the bound share one, and it is said at the first record and every tenfold number', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ value: { city: `c${i}`, x: 1 }, time: START + i }));
    const driver = feed(bySegment('{ measure: row-count, max: 9 }', ', maxSegments: 3'), rows);
    await driver.end();
    const events = eventsOf(driver, 't.events').map(({ type, data }) => [type, data.records, data.segment]);
    expect(events).toEqual([
      ['window.overflow', 1, undefined],
      ['window.overflow', 10, undefined],
      ['window.failed', 27, { segment: '(other)' }],
    ]);
  });

  it('show no values of redacted fields, and how many of them fail', async () => {
    const failing: number[] = [];
    const text = `${bySegment('{ measure: row-count, max: 5 }')}redact: [city]\nquarantine: { value: keep }\n`;
    const driver = feed(
      text,
      cities(() => 1),
      {
        observer: {
          commit: ({ stats }) => {
            for (const one of stats)
              for (const { name, value } of one.stats.gauges ?? []) if (name === 'window_failing') failing.push(value);
          },
        },
      },
    );
    await driver.end();
    expect(driver.values('t.events').join()).not.toMatch(/bern|chur/);
    expect(failing.at(-1)).toBe(2);
  });
});

/** Times that run backwards, change type, hold nothing. */
function rude(seed: number): Fed[] {
  const odd = [null, 'NaN', 'Infinity', '', ' 3 ', true, [1], { a: 1 }, '12', 1e308, -1e308, 7, 7, 7];
  return Array.from({ length: 1500 }, (_, i) => ({
    value: { x: odd[Math.floor(uniform(seed, i, 1) * odd.length)], id: Math.floor(uniform(seed, i, 2) * 40) + i },
    time: START + i * 500 - Math.floor(uniform(seed, i, 3) ** 4 * 60_000) + (i > 700 && i < 1000 ? 5 * MINUTE : 0),
  }));
}

const ALL = CASES.map(([text], i) => text.replace('{ ', `{ name: e${i}, `)).join(', ');
const CONFIGS = {
  event: topology(`{ window: 10s, expect: [${ALL}] }`),
  sliding: topology(`{ window: { size: 30s, every: 10s }, expect: [${ALL}] }`),
  quarantine: topology(`{ window: 10s, action: quarantine, expect: [${ALL}] }`),
  segments: topology(`{ window: 10s, by: [x], maxSegments: 6, action: quarantine, expect: [${ALL}] }`),
  records: topology(`{ window: { records: 40 }, action: quarantine, expect: [${ALL}] }`).replaceAll(
    '{ name: e4, measure: freshness, max: 20s }, ',
    '',
  ),
};
const TOPICS = ['out', 't.quarantine', 't.events'];

describe.each(Object.entries(CONFIGS))('every expectation on rude records (%s)', (_name, text) => {
  const run = async (rows: readonly Fed[], options: DriverOptions = {}) => {
    const driver = feed(text, rows, options);
    await driver.end();
    return TOPICS.map((topic) => driver.lines(topic));
  };

  it.each([1, 7, 500])('says the same with batches of %i', async (cut) => {
    const all = await run(rude(1));
    expect(all[2]!.length).toBeGreaterThan(5);
    expect(await run(rude(1), { cut })).toEqual(all);
  });

  it('says the same when killed at ten points and more', async () => {
    const calm = await run(rude(2));
    const killed = feed(text, rude(2), { cut: 40 });
    let kills = 0;
    while (await killed.crashAt(14 + 2 * kills)) kills++;
    await killed.end();
    expect(kills).toBeGreaterThanOrEqual(10);
    expect(TOPICS.map((topic) => killed.lines(topic))).toEqual(calm);
  });
});

describe('check-window keeps the contract of operators', () => {
  const contract = [
    {
      window: '10s',
      action: 'quarantine',
      expect: [
        { measure: 'mean', field: 'value', max: 3 },
        { measure: 'sequence-gaps', field: 'id' },
      ],
    },
    {
      window: { records: 20 },
      expect: [
        { measure: 'quantile', field: 'value', q: 0.9, max: 3 },
        { measure: 'distinct', field: 'id', history: {} },
      ],
    },
  ];
  for (const config of contract)
    for (const { name, run } of operatorContract(checkWindow as never, { config })) it(name, run);
});

describe('lint of check-window', () => {
  it.each([
    ['{ window: 1m, expect: [{ measure: mean, field: x }] }', 'expectation'],
    ['{ window: 1m, expect: [{ measure: mean, max: 3 }] }', 'expectation'],
    ['{ window: 1m, expect: [{ measure: mean, field: x, mostly: 0.5 }] }', 'expectation'],
    ['{ window: 1m, expect: [{ measure: mean, field: x, max: 10s }] }', 'expectation'],
    ['{ window: 1m, expect: [{ measure: quantile, field: x, max: 3 }] }', 'expectation'],
    ['{ window: 1m, expect: [{ measure: in-set, field: x }] }', 'expectation'],
    ['{ window: 1m, expect: [{ measure: row-count, min: 3, max: 2 }] }', 'expectation'],
    ['{ window: 0s, expect: [{ measure: row-count, min: 3 }] }', 'window-empty'],
    ['{ window: 1m, expect: [{ measure: row-count, min: 3 }, { measure: row-count, max: 9 }] }', 'expectation-name'],
    ['{ window: { size: 1m, every: 2m }, expect: [{ measure: row-count, min: 3 }] }', 'window-steps'],
    [
      '{ window: { size: 1m, every: 20s }, action: quarantine, expect: [{ measure: row-count, min: 3 }] }',
      'window-overlaps',
    ],
  ])('%s is %s', (config, code) => {
    expect(lintCodes(topology(config))).toContain(code);
  });

  it('accepts the example', () => {
    expect(() => planOfText(topology(JSON.stringify(checkWindow.example)))).not.toThrow();
  });
});
