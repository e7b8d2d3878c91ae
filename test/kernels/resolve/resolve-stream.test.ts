import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { SourcePairs } from '../../../src/kernels/resolve/source-pairs.ts';
import { describeWithData } from '../../data.ts';
import { type Claim, errorsOf, Run, runAll, share, weather, world } from './claim-runs.ts';

describe('copied sources', () => {
  it('trust-copy is right .95 of the time wherever majority is right .80 or less', () => {
    let hard = 0;
    for (const copiers of [5, 6, 7, 8])
      for (let seed = 1; seed <= 5; seed++) {
        const claims = world(seed, copiers);
        if (share(runAll({ method: 'majority' }, claims)) > 0.8) continue;
        hard++;
        expect(
          share(runAll({ method: 'trust-copy' }, claims)),
          `${copiers} copiers, seed ${seed}`,
        ).toBeGreaterThanOrEqual(0.95);
      }
    expect(hard).toBeGreaterThanOrEqual(10);
  });

  it('without copiers it is never below majority by more than .005', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const claims = world(seed, 0);
      expect(share(runAll({ method: 'trust-copy' }, claims))).toBeGreaterThanOrEqual(
        share(runAll({ method: 'majority' }, claims)) - 0.005,
      );
    }
  });

  it('exact copies of a source together weigh at most 1/c of it once dependence is sure', () => {
    const pairs = new SourcePairs({ copyRate: 0.5, copyPrior: 0.2, falseValues: 50 });
    const COPIES = 5;
    pairs.reserve(COPIES);
    for (let n = 0; n < 200; n++)
      for (let x = 0; x < COPIES; x++)
        for (let y = 0; y < x; y++) pairs.count(x, y, { same: true, p: n % 2 === 0 ? 0.9 : 0.1, sign: 1 });
    pairs.refresh(COPIES, () => 0.6);
    let weight = 0;
    for (let x = 0; x < COPIES; x++) {
      let independent = 1;
      for (let y = 0; y < x; y++) independent *= 1 - 0.5 * pairs.dependence(x, y);
      weight += independent;
    }
    expect(weight).toBeLessThanOrEqual(2);
    expect(weight).toBeGreaterThan(1.5);
  });

  it('reports say who copies from whom, and who is to be trusted', () => {
    const { reports } = runAll({ method: 'trust-copy' }, world(3, 6));
    expect(reports.get('s14')).toMatchObject({ copiesFrom: expect.stringMatching(/^s(0|10|12)$/) });
    expect(reports.get('s5')!.copiesFrom).toBeUndefined();
    expect(reports.get('s5')!.trust).toBeGreaterThan(0.5);
    expect(reports.get('s0')!.trust).toBeLessThan(0.5);
  });

  it('names of sources do not matter', () => {
    const claims = world(4, 7, 120);
    const plain = runAll({}, claims);
    const renamed = runAll(
      {},
      claims.map((claim) => ({ ...claim, source: `x-${claim.source}` })),
    );
    expect([...renamed.last.values()]).toEqual([...plain.last.values()]);
  });
});

describe('resolve stream', () => {
  it('a tie is undecided, support and margin are asked for', () => {
    const claims: Claim[] = [
      { entity: 'x', source: 'a', value: 1 },
      { entity: 'x', source: 'b', value: 2 },
    ];
    expect(runAll({ method: 'majority' }, claims).last.get('x|a')).toMatchObject({
      decided: false,
      value: null,
      margin: 0,
    });
    expect(runAll({ method: 'trust' }, claims).last.get('x|a')).toMatchObject({ decided: false });
    const one = claims.slice(0, 1);
    expect(runAll({ method: 'trust', minSupport: 2 }, one).last.get('x|a')).toMatchObject({ decided: false, for: 1 });
    expect(runAll({ method: 'trust' }, one).last.get('x|a')).toMatchObject({ decided: true, value: 1, confidence: 1 });
  });

  it('a declared priority beats every weight; alone it gives the claims of its source', () => {
    const claims: Claim[] = ['a', 'b', 'c'].map((source) => ({ entity: 'x', source, value: source === 'c' ? 2 : 1 }));
    expect(runAll({ method: 'trust-copy', priority: ['c'] }, claims).value('x')).toBe(2);
    expect(runAll({ method: 'priority', priority: ['q', 'c', 'a'] }, claims).value('x')).toBe(2);
    expect(runAll({ method: 'priority', priority: ['q'] }, claims).last.get('x|a')!.decided).toBe(false);
  });

  it('the last claim of a source counts, null withdraws it, the same again is nothing', () => {
    const run = new Run({ method: 'majority' });
    expect(run.claim({ entity: 'x', source: 'a', value: 1 })).toBe('counted');
    expect(run.claim({ entity: 'x', source: 'a', value: 1 })).toBe('repeated');
    expect(run.claim({ entity: 'x', source: 'a', value: 2 })).toBe('counted');
    expect(run.claim({ entity: 'x', source: 'b', value: 3 })).toBe('counted');
    expect(run.claim({ entity: 'x', source: 'b', value: null })).toBe('counted');
    run.stream.end();
    expect(run.last.get('x|a')).toMatchObject({ value: 2, for: 1, against: 0 });
  });

  it('closes by time, revises for a late claim in the buffer, calls later ones late', () => {
    const run = new Run({ method: 'majority', afterMs: 100, bufferEntries: 1 });
    const at = (claim: Claim, time: number) => {
      run.stream.advance(time);
      return run.claim(claim, time);
    };
    at({ entity: 'x', source: 'a', value: 1 }, 0);
    at({ entity: 'y', source: 'a', value: 1 }, 50);
    expect(run.value('x')).toBeUndefined();
    at({ entity: 'z', source: 'a', value: 1 }, 100);
    expect(run.value('x')).toBe(1);
    at({ entity: 'x', source: 'b', value: 2 }, 110);
    at({ entity: 'x', source: 'c', value: 2 }, 120);
    expect(run.value('x')).toBe(2);
    expect(run.revisions).toEqual(['x 1 late-claim', 'x 2 late-claim']);
    at({ entity: 'q', source: 'a', value: 1 }, 160);
    expect(at({ entity: 'x', source: 'd', value: 3 }, 170)).toBe('late');
  });

  it('more sources or values than the bounds allow are refused', () => {
    const run = new Run({ method: 'trust-copy', maxSources: 3, maxValues: 2 });
    const taken = ['a', 'b', 'c', 'd'].map((source) => run.claim({ entity: 'x', source, value: source }));
    expect(taken).toEqual(
      ['counted', 'counted', 'value-bound', 'counted'].map((t, n) => (n === 3 ? 'value-bound' : t)),
    );
    expect(['c', 'd'].map((source) => run.claim({ entity: 'y', source, value: 1 }))).toEqual([
      'counted',
      'source-bound',
    ]);
  });

  it('numbers: sources that repeat the errors of another one count once', () => {
    const claims = Array.from({ length: 200 }, (_, i) =>
      ['a', 'b', 'c', 'copy-1', 'copy-2', 'copy-3'].map((source, s): Claim => {
        const bad = 40 + Math.round(60 * uniform(1, i));
        const good = 20 + Math.round(2 * uniform(2, i, s));
        return { entity: `e${i}`, source, value: s < 3 ? good : uniform(3, i) < 0.8 ? bad : 20 };
      }),
    ).flat();
    const run = runAll({ method: 'median' }, claims);
    let near = 0;
    for (let i = 0; i < 200; i++) if (Math.abs(Number(run.value(`e${i}`)) - 21) <= 1) near++;
    expect(near / 200).toBeGreaterThanOrEqual(0.95);
    expect(run.reports.get('copy-2')).toMatchObject({ copiesFrom: expect.stringMatching(/^copy-[13]$/) });
    expect(run.reports.get('a')!.copiesFrom).toBeUndefined();
  });

  it('numbers at the ends of what a double holds leave every counter a number', () => {
    const extremes = [1.7e308, -1.7e308, 5e-324, 0, -0, 1.2e308, 3];
    const claims = Array.from({ length: 120 }, (_, i) =>
      ['a', 'b', 'c', 'd'].map((source, s): Claim => {
        const at = Math.floor(uniform(8, i, s) * extremes.length);
        return { entity: `e${i}`, source, value: extremes[at]! };
      }),
    ).flat();
    const run = runAll({ method: 'median', warmUpEntries: 10, sweepEvery: 7 }, claims);
    for (const report of run.reports.values()) expect(Number.isFinite(report.trust)).toBe(true);
    for (const result of run.last.values()) expect(Number.isFinite(result.confidence)).toBe(true);
  });

  it('attributes beyond the bound get the plain median, and it is said once', () => {
    const said: unknown[] = [];
    const run = new Run({ method: 'median', maxAttributes: 2 }, (what) => said.push(what));
    for (let a = 0; a < 5; a++)
      for (const [s, value] of [1, 2, 9].entries())
        run.claim({ entity: 'x', attribute: `a${a}`, source: `s${s}`, value });
    run.stream.end();
    expect(said).toEqual([{ entries: 1, bound: 'attributes' }]);
    expect(run.value('x', 'a4')).toBe(2);
  });

  it('one unit mix-up does not move the median, and scaling all claims scales it', () => {
    const claims = (scale: number): Claim[] =>
      Array.from({ length: 60 }, (_, i) =>
        ['a', 'b', 'c', 'd'].map((source, s) => ({
          entity: `e${i}`,
          source,
          value: scale * (30 + (i % 7) / 10 + (s - 1) / 100) * (source === 'd' ? 33.8639 : 1),
        })),
      ).flat();
    const one = runAll({ method: 'median' }, claims(1));
    const ten = runAll({ method: 'median' }, claims(8));
    for (let i = 0; i < 60; i++) {
      const value = Number(one.value(`e${i}`));
      expect(Math.abs(value - (30 + (i % 7) / 10))).toBeLessThanOrEqual(0.011);
      expect(Number(ten.value(`e${i}`))).toBeCloseTo(8 * value, 6);
    }
  });
});

describeWithData('resolve on the weather sources', 'vote/weather_sources/claims.csv.gz', () => {
  it('pressure with mixed units comes within .01, all other properties at or below the plain median', () => {
    const { claims, truth } = weather();
    const run = runAll({ method: 'median' }, claims);
    const errors = errorsOf((entity, attribute) => run.value(entity, attribute), truth);
    const mae = (attribute: string) => errors.get(attribute)!;
    expect(mae('P')).toBeLessThanOrEqual(0.01);
    expect(mae('T')).toBeLessThanOrEqual(0.613);
    expect(mae('R')).toBeLessThanOrEqual(3.64);
    expect(mae('H')).toBeLessThanOrEqual(2.02);
    expect(mae('V')).toBeLessThanOrEqual(0.7);
    expect(run.reports.get('herald')).toMatchObject({ copiesFrom: 'wunderground' });
  }, 120_000);
});
