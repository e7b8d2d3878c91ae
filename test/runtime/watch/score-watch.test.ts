import { describe, expect, it } from 'vitest';
import { qualityScore } from '../../../src/core/quality-score.ts';
import { createCodec } from '../../../src/formats/index.ts';
import { operatorRegistry } from '../../../src/operators/index.ts';
import { TopologyDriver } from '../../../src/testing/index.ts';
import { defineTopology, planTopology } from '../../../src/topology/index.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

const topology = (score: string | { records: number }) =>
  defineTopology({
    name: 'scored',
    input: { topic: 'in', format: 'json', eventTime: 'ts' },
    steps: [
      {
        id: 'sane',
        use: 'check',
        with: {
          rules: [
            { field: 'id', required: true },
            { field: 'n', max: 10, severity: 'warn' },
          ],
        },
      },
      { id: 'once', use: 'dedup', with: { key: ['id'], window: '1h' } },
    ],
    output: { topic: 'out' },
    events: { score },
  });

/** Ten records a minute: in minute 0 all are fine, in 1 two have no id, in 2 five are too large and one repeats. */
const records = Array.from({ length: 30 }, (_, i) => {
  const minute = Math.floor(i / 10);
  const k = i % 10;
  return JSON.stringify({
    ts: new Date(START + minute * MINUTE + k * 1000).toISOString(),
    ...(minute === 1 && k < 2 ? {} : { id: minute === 2 && k === 9 ? 'm2k8' : `m${minute}k${k}` }),
    n: minute === 2 && k < 5 ? 11 : 1,
  });
});

async function scores(score: string | { records: number }, options: { cut?: number; crash?: boolean } = {}) {
  const plan = planTopology(topology(score), { operators: operatorRegistry(), formats: createCodec });
  const driver = new TopologyDriver(plan, options.cut === undefined ? {} : { cut: options.cut });
  driver.feed('in', options.crash === true ? records.slice(0, 14) : records);
  if (options.crash === true) {
    await driver.pause();
    driver.feed('in', records.slice(14));
  }
  await driver.end();
  return driver
    .values('scored.events')
    .map((text) => JSON.parse(text))
    .filter(({ type }) => type === 'quality.score')
    .map(({ data }) => data);
}

describe('quality score of a window', () => {
  it('is as the page says', () => {
    expect(
      qualityScore(100, [
        { dimension: 'completeness', severity: 'error', failures: 5 },
        { dimension: 'validity', severity: 'warn', failures: 10 },
        { dimension: 'validity', severity: 'info', failures: 100 },
      ]),
    ).toMatchObject({ overall: expect.closeTo(0.9215, 10), dimensions: { completeness: 0.95, validity: 0.97 } });
    expect(qualityScore(0, [])).toEqual({ overall: null, dimensions: {}, records: 0 });
    expect(qualityScore(1, [{ dimension: 'a', severity: 'error', failures: 5 }]).overall).toBe(0);
  });

  it('is told when the next window begins, and at the end', async () => {
    expect(await scores('1m')).toEqual([
      {
        stage: 'source',
        from: '2026-01-01T00:00:00.000Z',
        to: '2026-01-01T00:01:00.000Z',
        records: 10,
        overall: 1,
        dimensions: {},
      },
      {
        stage: 'source',
        from: '2026-01-01T00:01:00.000Z',
        to: '2026-01-01T00:02:00.000Z',
        records: 10,
        overall: 0.8,
        dimensions: { completeness: 0.8 },
      },
      {
        stage: 'source',
        from: '2026-01-01T00:02:00.000Z',
        to: '2026-01-01T00:03:00.000Z',
        records: 10,
        overall: 0.765,
        dimensions: { uniqueness: 0.9, validity: 0.85 },
      },
    ]);
  });

  it('is the same whatever the cut, and after a restart in the middle of a window', async () => {
    for (const score of ['1m', { records: 7 }]) {
      const whole = await scores(score);
      expect(whole.length).toBeGreaterThan(2);
      for (const cut of [1, 3, 7]) expect([cut, await scores(score, { cut })]).toEqual([cut, whole]);
      expect(await scores(score, { crash: true, cut: 4 })).toEqual(whole);
    }
  });
});
