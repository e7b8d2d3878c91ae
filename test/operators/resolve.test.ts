import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { resolve } from '../../src/operators/resolve.ts';
import { dataPath } from '../data.ts';
import { configure, runOperator, type Step } from './vote-harness.ts';

const claim = (entity: string, source: string, value: unknown): Step => ({
  value: { entity, attribute: 'a', source, value },
});

function mixed(): Step[] {
  const rows: { readonly at: number; readonly value: unknown }[] = [];
  for (let i = 0; i < 70; i++)
    for (let s = 0; s < 6; s++)
      rows.push({
        at: i * 20 + uniform(9, i, s) * 900,
        value: {
          entity: `e${i}`,
          attribute: 'a',
          source: `s${s}`,
          value: uniform(4, i, s < 4 ? s : 3) < 0.7 ? 10 : 10 + s,
        },
      });
  return rows.sort((a, b) => a.at - b.at).map(({ value }, n) => ({ value, time: n * 10 }));
}

describe('resolve', () => {
  it('takes its own example and fills in the defaults', () => {
    expect(configure(resolve, resolve.example)).toMatchObject({ method: 'trust-copy', copyRate: 0.5, warmUp: 50 });
  });

  it('compares what the cleaning steps leave, and counts who is for and against', async () => {
    const steps = [
      claim('f', 'x', '7:05'),
      claim('f', 'y', '7:05 a.m.'),
      claim('f', 'z', '19:05'),
      claim('f', 'q', null),
    ];
    const trace = await runOperator(resolve, { method: 'majority', normalize: { a: ['parse-time'] } }, steps);
    expect(trace.out).toEqual({
      out: [
        { entity: 'f', attribute: 'a', value: '07:05:00', confidence: 0.666667, for: 2, against: 1, runnerUp: '19:05:00', margin: 0.333333, copies: 0 },
      ],
    }); // biome-ignore format: one line a record reads better
    expect(trace.accounted).toBe(4);
  });

  it('median reads texts that are numbers, as a csv file gives them; other texts claim nothing', async () => {
    const steps = ['30.1', ' 30.2 ', 30.3, 'N/A', ''].map((value, s) => claim('f', `s${s}`, value));
    const trace = await runOperator(resolve, { method: 'median' }, steps);
    expect(trace.out.out).toMatchObject([{ value: 30.2, for: 3, against: 0 }]);
  });

  it('nobody claims anything: undecided', async () => {
    const trace = await runOperator(resolve, {}, [claim('f', 'x', null)]);
    expect(trace.out.undecided).toMatchObject([{ entity: 'f', value: null, for: 0, against: 0 }]);
  });

  it('rejects what is no claim', async () => {
    const trace = await runOperator(resolve, { maxSources: 2 }, [
      { value: { attribute: 'a', source: 'x', value: 1 } },
      { value: { entity: 'f', attribute: 'a', value: 1 } },
      { value: null },
      claim('f', 'x', 'v'.repeat(5000)),
      claim('f', 'x', { __proto__: null, a: [1, 2] }),
      claim('f', 'y', 1),
      claim('f', 'z', 1),
    ]);
    expect(trace.findings).toEqual(['claim-field', 'claim-field', 'claim-field', 'claim-value', 'claim-source-bound']);
    expect(trace.accounted).toBe(7);
  });

  it.each(['majority', 'trust', 'trust-copy', 'median'])('%s: cuts and restarts change nothing', async (method) => {
    const config = {
      method,
      close: { after: '2s', idle: '900ms' },
      buffer: 15,
      sweepEvery: 4,
      warmUp: 5,
      reportEvery: 20,
    };
    const steps = mixed();
    const whole = await runOperator(resolve, config, steps);
    expect((whole.out.out ?? []).length + (whole.out.undecided ?? []).length).toBeGreaterThan(60);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 7, 500),
        fc.uniqueArray(fc.integer({ min: 1, max: steps.length - 1 }), { maxLength: 3 }),
        async (cut, restartAt) => {
          const again = await runOperator(resolve, config, steps, { cut, restartAt });
          expect(again.lines).toEqual(whole.lines);
          expect(again.accounted).toBe(steps.length);
        },
      ),
      { numRuns: 8, seed: 3 },
    );
  });

  it('the example of the front door: mirrors of the portal count once, the other sources are believed', async () => {
    let text: string;
    try {
      text = readFileSync(dataPath('../examples/data/sources.ndjson'), 'utf8');
    } catch {
      return;
    }
    const steps = text.trim().split('\n').map((line) => ({ value: JSON.parse(line) as unknown })); // biome-ignore format: one pipeline
    const trace = await runOperator(resolve, { method: 'trust-copy', normalize: { departure: ['parse-time'] } }, steps);
    expect([...(trace.out.out ?? []), ...(trace.out.undecided ?? [])].length).toBeGreaterThanOrEqual(60);
    expect(Object.keys(trace.out.out![0] as object)).toEqual([
      'entity', 'attribute', 'value', 'confidence', 'for', 'against', 'runnerUp', 'margin', 'copies',
    ]); // biome-ignore format: one line reads better
    const mirror = trace.events.find(({ type, data }) => type === 'source.report' && data.source === 'mirror2');
    expect(mirror!.data).toHaveProperty('copiesFrom');
  });
});
