import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { CommitReport } from '../../../src/core/observer.ts';
import { eventsOf, type Fed, feed, lintCodes, planOfText } from '../../support/topology.ts';

const MINUTE = 60_000;
const START = 1_700_000_000_000;

const topology = (breaker: string, more = '') => `
name: orders
input: { topic: in, format: json }
steps:
  - { id: sane, use: check, with: { rules: [{ name: positive, field: qty, min: 1 }] } }
${more}
output: { topic: out }
breaker: ${breaker}
commit: { every: 50ms, records: 200 }
checkpoint: { every: 200ms }
`;
const BREAKER =
  '{ open: { quarantined: 0.2, over: 1m, minRecords: 100 }, action: divert, close: { quarantined: 0.05, over: 1m } }';

/** Five records a second: 1 % bad, and 30 % bad from minute 5 to minute 10, of 20 minutes. */
function burst(seed: number): Fed[] {
  return Array.from({ length: 20 * 300 }, (_, i) => {
    const time = START + i * 200;
    const share = i >= 5 * 300 && i < 10 * 300 ? 0.3 : 0.01;
    return { value: { id: i, qty: uniform(seed, i) < share ? 0 : 1 + (i % 5) }, time };
  });
}

const stopAt = (share: number) =>
  `{ open: { quarantined: ${share}, over: 1m, minRecords: 100 }, action: stop, close: { quarantined: 0.05, over: 1m } }`;

const ids = (values: readonly string[]) => values.map((text) => JSON.parse(text).id as number);

describe('a breaker that diverts', () => {
  it.each([1, 2, 3])(
    'opens within the window, keeps the burst out of the output, closes by itself (seed %i)',
    async (seed) => {
      const rows = burst(seed);
      const driver = feed(topology(BREAKER), rows);
      const summary = await driver.end();
      const [opened, closed, ...more] = eventsOf(driver, 'orders.events');
      expect(more).toEqual([]);
      expect(opened).toMatchObject({ type: 'breaker.opened', data: { action: 'divert' } });
      expect(opened!.time).toBeGreaterThan(START + 5 * MINUTE);
      expect(opened!.time).toBeLessThan(START + 6 * MINUTE);
      expect(closed!.type).toBe('breaker.closed');
      expect(closed!.time).toBeGreaterThan(START + 10 * MINUTE);
      expect(closed!.time).toBeLessThanOrEqual(START + 12 * MINUTE);

      const out = ids(driver.values('out'));
      const diverted = ids(driver.values('orders.diverted'));
      const quarantined = ids(driver.read('orders.quarantine').map(({ value }) => String(value)));
      const openedAt = (opened!.data.origin as { offset: number }).offset;
      const closedAt = (closed!.data.origin as { offset: number }).offset;
      expect(diverted).toEqual(Array.from({ length: closedAt - openedAt }, (_, k) => openedAt + 1 + k));
      expect(out.filter((id) => id > openedAt && id <= closedAt)).toEqual([]);
      expect([...out, ...diverted, ...quarantined].sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
      expect(summary).toMatchObject({ in: rows.length, routed: diverted.length, curated: out.length });
      expect(summary.quarantined).toBe(quarantined.length);
      expect(closed!.data.diverted).toBe(diverted.length);
    },
  );

  it('lets diverted records keep their bytes and the reasons, and goes on counting findings', async () => {
    const rows = burst(1);
    const driver = feed(topology(BREAKER), rows);
    const summary = await driver.end();
    const bad = rows.filter(({ value }) => (value as { qty: number }).qty === 0).length;
    expect(summary.rules.positive).toBe(bad);
    const line = driver.lines('orders.diverted').find((text) => text.includes('"qty":0'))!;
    expect(line).toMatch(/^\{"id":\d+,"qty":0\} /);
    expect(line).toContain('sluice-findings');
    expect(line).toContain('positive');
  });

  it.each([1, 7, 500])('does the same with batches of %i', async (cut) => {
    const rows = burst(4);
    const topics = ['out', 'orders.quarantine', 'orders.diverted', 'orders.events'];
    const all = feed(topology(BREAKER), rows);
    await all.end();
    const cutUp = feed(topology(BREAKER), rows, { cut });
    await cutUp.end();
    for (const topic of topics) expect(cutUp.lines(topic), topic).toEqual(all.lines(topic));
  });

  it('does the same when killed again and again', async () => {
    const rows = burst(5);
    const topics = ['out', 'orders.quarantine', 'orders.diverted', 'orders.events'];
    const calm = feed(topology(BREAKER), rows, { cut: 60 });
    await calm.end();
    const killed = feed(topology(BREAKER), rows, { cut: 60 });
    let kills = 0;
    while (await killed.crashAt(25 + 8 * kills)) kills++;
    expect(kills).toBeGreaterThanOrEqual(10);
    await killed.end();
    for (const topic of topics) expect(killed.lines(topic), topic).toEqual(calm.lines(topic));
  });

  it('takes back what was diverted on arrival and waits inside a step, and lets pass what waited before', async () => {
    const hold = '  - { id: last, use: dedup, with: { key: [id], keep: last, window: 3m } }';
    const driver = feed(topology(BREAKER, hold), burst(6));
    const summary = await driver.end();
    const events = eventsOf(driver, 'orders.events').filter(({ type }) => type.startsWith('breaker.'));
    const [openedAt, closedAt] = events.map(({ data }) => (data.origin as { offset: number }).offset);
    const out = ids(driver.values('out'));
    expect(out.filter((id) => id > openedAt! && id <= closedAt!)).toEqual([]);
    expect(out.filter((id) => id <= openedAt! && id > openedAt! - 100).length).toBeGreaterThan(0);
    expect(out.filter((id) => id > closedAt!).length).toBeGreaterThan(0);
    expect(summary.routed).toBe(driver.values('orders.diverted').length);
    expect(summary.in).toBe(summary.curated + summary.routed + summary.quarantined);
  });

  it('opens at the share asked for and not below, nor on fewer records than asked for', async () => {
    const rows = (bad: number, n: number): Fed[] =>
      Array.from({ length: n }, (_, i) => ({ value: { qty: i < n - bad ? 1 : 0 }, time: START + i }));
    const opened = async (bad: number, n: number) => {
      const driver = feed(
        topology('{ open: { quarantined: 0.2, over: 1m, minRecords: 100 }, action: divert }'),
        rows(bad, n),
      );
      await driver.end();
      return eventsOf(driver, 'orders.events').length;
    };
    expect(await opened(20, 100)).toBe(1);
    expect(await opened(19, 100)).toBe(0);
    expect(await opened(99, 99)).toBe(0);
  });

  it('judges by numbers of records where there is no clock', async () => {
    const breaker = '{ open: { quarantined: 0.5, over: { records: 200 } }, action: divert }';
    const rows = Array.from({ length: 2000 }, (_, i) => ({
      value: { id: i, qty: i >= 500 && i < 1000 ? 0 : 1 },
      time: Number.NaN,
    }));
    const driver = feed(topology(breaker), rows);
    await driver.end();
    const [opened, closed] = eventsOf(driver, 'orders.events');
    expect((opened!.data.origin as { offset: number }).offset).toBe(599);
    expect((closed!.data.origin as { offset: number }).offset).toBeLessThan(1000 + 2 * 200);
    expect(ids(driver.values('out')).filter((id) => id > 599 && id < 1000)).toEqual([]);
  });

  it('shows on a gauge whether it is open', async () => {
    const seen = new Set<number>();
    const commit = (report: CommitReport) => {
      for (const { step, stats } of report.stats) if (step === 'breaker') seen.add(stats.gauges![0]!.value);
    };
    await feed(topology(BREAKER), burst(1), { cut: 100, observer: { commit } }).end();
    expect([...seen].sort()).toEqual([0, 1]);
  });
});

describe('a breaker that stops', () => {
  const stop = BREAKER.replace('divert', 'stop');

  it.each([undefined, 1, 7, 500])(
    'commits up to the record that opened it and refuses to go on (cut %s)',
    async (cut) => {
      const driver = feed(topology(stop), burst(2), cut === undefined ? {} : { cut });
      await expect(driver.end()).rejects.toMatchObject({ code: 'breaker-open' });
      const [opened, ...more] = eventsOf(driver, 'orders.events');
      expect(more).toEqual([]);
      const openedAt = (opened!.data.origin as { offset: number }).offset;
      const left = [
        ...ids(driver.values('out')),
        ...ids(driver.read('orders.quarantine').map(({ value }) => String(value))),
      ];
      expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: openedAt + 1 }, (_, i) => i));
      await expect(driver.end()).rejects.toMatchObject({ code: 'breaker-open' });
      expect(driver.values('out').length + driver.read('orders.quarantine').length).toBe(openedAt + 1);
    },
  );

  it('goes on once it is told to forget', async () => {
    const driver = feed(topology(stop), burst(2).slice(0, 2000));
    await expect(driver.end()).rejects.toMatchObject({ code: 'breaker-open' });
    const before = driver.values('out').length;
    driver.restartWith(planOfText(topology(stop)), { resetSteps: ['breaker'] });
    await expect(driver.end()).rejects.toMatchObject({ code: 'breaker-open' });
    expect(driver.values('out').length).toBeGreaterThan(before);
  });
});

describe('a breaker made stricter while records must be read again', () => {
  it.each([
    ['refuses to go on when it is open behind them', 12],
    ['goes on when it has closed among them', 20],
  ])('%s', async (what, commits) => {
    const lenient = topology(stopAt(0.95)).replace('every: 200ms', 'every: 1h');
    const driver = feed(lenient, burst(2), { cut: 50 });
    expect(await driver.crashAt(commits, 'commit.begin')).toBe(true);
    const count = () => driver.values('out').length + driver.read('orders.quarantine').length;
    const before = count();
    expect(before).toBeGreaterThan(2000);
    driver.restartWith(planOfText(lenient.replace('0.95', '0.2')), { acceptReplay: true });
    if (what.startsWith('refuses')) {
      await expect(driver.end()).rejects.toMatchObject({ code: 'breaker-open' });
      expect(count()).toBe(before);
    } else {
      await driver.end();
      expect(count()).toBe(6000);
    }
  });
});

describe('lint of a breaker', () => {
  it.each([
    [
      '{ open: { quarantined: 0.2, over: 1m }, action: divert, close: { quarantined: 0.3, over: 1m } }',
      'breaker-flaps',
    ],
    [
      '{ open: { quarantined: 0.2, over: 1m }, action: divert, close: { quarantined: 0.1, over: { records: 10 } } }',
      'breaker-units',
    ],
    ['{ open: { quarantined: 0.2, over: 0s }, action: divert }', 'wrong-value'],
  ])('%s is %s', (breaker, code) => {
    expect(lintCodes(topology(breaker))).toContain(code);
  });
});
