import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { label } from '../../src/operators/label.ts';
import { configure, runOperator, type Step } from './vote-harness.ts';

const RULES = ['a', 'b', 'c', 'd'].flatMap((name) => [
  { name: `${name}-spam`, when: `record.${name} == 1`, label: 'spam' },
  { name: `${name}-ham`, when: `record.${name} == 0`, label: 'ham' },
]);

/** Four signals of accuracy .9, .8, .7, .55 on whether a record is spam. */
function mails(count: number): (Step & { readonly truth: string })[] {
  return Array.from({ length: count }, (_, n) => {
    const spam = uniform(1, n) < 0.4 ? 1 : 0;
    const signal = (s: number, accuracy: number) => (uniform(2, n, s) < accuracy ? spam : 1 - spam);
    return {
      value: { id: n, a: signal(0, 0.9), b: signal(1, 0.8), c: signal(2, 0.7), d: signal(3, 0.55) },
      truth: spam === 1 ? 'spam' : 'ham',
    };
  });
}

describe('label', () => {
  it('adds label, confidence and the rules that spoke; silence is undecided', async () => {
    const trace = await runOperator(label, { rules: RULES.slice(0, 4) }, [
      { value: { a: 1, b: 1 } },
      { value: { x: 1 } },
      { value: { a: 1, b: 0 } },
    ]);
    expect(trace.out.out).toMatchObject([{ a: 1, b: 1, _label: { label: 'spam', rules: ['a-spam', 'b-spam'] } }]);
    expect(trace.out.undecided).toMatchObject([
      { x: 1, _label: { label: null, confidence: 0, rules: [] } },
      { a: 1, b: 0, _label: { label: null, rules: ['a-spam', 'b-ham'] } },
    ]);
    expect(trace.accounted).toBe(3);
  });

  it('learns from agreement which rules to believe', async () => {
    const steps = mails(4_000);
    const trace = await runOperator(label, { rules: RULES }, steps);
    let right = 0;
    for (const row of [...(trace.out.out ?? []), ...(trace.out.undecided ?? [])]) {
      const { id, _label } = row as { id: number; _label: { label: string | null } }; // written by mails()
      if (_label.label === steps[id]!.truth) right++;
    }
    expect(right / steps.length).toBeGreaterThan(0.89);
    const report = new Map(trace.events.map(({ data }) => [data.rule, data]));
    expect(Number(report.get('a-spam')!.accuracy)).toBeGreaterThan(Number(report.get('d-spam')!.accuracy));
  });

  it('verdicts of people bring the precision of a bad rule down, and once', async () => {
    const config = { rules: RULES, feedback: { input: 'verdicts', label: 'truth' }, minConfidence: 0.6 };
    const verdicts = Array.from(
      { length: 200 },
      (_, n): Step => ({ value: { id: n, a: 1, truth: 'ham' }, input: 'verdicts' }),
    );
    const once = await runOperator(label, config, [...mails(300), ...verdicts]);
    const twice = await runOperator(label, config, [...mails(300), ...verdicts, ...verdicts]);
    const precision = (trace: typeof once) => trace.events.find(({ data }) => data.rule === 'a-spam')!.data.precision;
    expect(precision(once)).toBeLessThan(0.5);
    expect(twice.events).toEqual(once.events);
    expect(twice.accounted).toBe(700);
  });

  it('cuts and restarts change nothing', async () => {
    const steps = mails(400);
    const whole = await runOperator(label, { rules: RULES, reportEvery: 150 }, steps);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 7, 500),
        fc.uniqueArray(fc.integer({ min: 1, max: 399 }), { maxLength: 3 }),
        async (cut, restartAt) => {
          const again = await runOperator(label, { rules: RULES, reportEvery: 150 }, steps, { cut, restartAt });
          expect(again.lines).toEqual(whole.lines);
        },
      ),
      { numRuns: 6, seed: 4 },
    );
  });

  it('takes its own example; two rules of one name are an error', () => {
    const config = configure(label, label.example);
    expect(config.into).toBe('_label');
    expect(label.validate!({ ...config, rules: [...config.rules, ...config.rules] }).map(({ code }) => code)).toContain(
      'label-rule-twice',
    );
  });
});
