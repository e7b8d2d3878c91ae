import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { check } from '../../src/operators/check.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import { configure, runOperator, type Step } from './vote-harness.ts';

const FIELDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** Rule n fails on -1 in its field, holds on 1, abstains on null. */
function rulesOf(count: number) {
  return FIELDS.slice(0, count).map((field) => ({ field, min: 0 }));
}

/** Every combination of fail (-1), hold (1) and abstain (null) of `count` rules. */
function combinations(count: number): (number | null)[][] {
  return Array.from({ length: 3 ** count }, (_, n) =>
    Array.from({ length: count }, (_unused, r) => [-1, null, 1][Math.floor(n / 3 ** r) % 3]!),
  );
}

function recordsOf(table: readonly (readonly (number | null)[])[]): Step[] {
  return table.map((row, id) => ({ value: { id, ...Object.fromEntries(row.map((v, r) => [FIELDS[r]!, v])) } }));
}

/** Port of each record by its `id`. */
function portsOf(trace: { readonly out: Readonly<Record<string, readonly unknown[]>> }): string[] {
  const ports: string[] = [];
  for (const [port, rows] of Object.entries(trace.out))
    for (const row of rows as { readonly id: number }[]) ports[row.id] = port; // written by the tests here
  return ports;
}

const balanceOf = (row: readonly (number | null)[]) => row.reduce<number>((sum, v) => sum + (v ?? 0), 0);

describe.each([3, 4, 5, 6, 7])('a check of %i rules, every combination of fail, hold and abstain', (count) => {
  const table = combinations(count);
  const rules = rulesOf(count);

  it('any-error: one that fails is enough', async () => {
    const ports = portsOf(await runOperator(check, { rules, verdict: 'any-error' }, recordsOf(table)));
    expect(ports).toEqual(table.map((row) => (row.includes(-1) ? 'rejected' : 'out')));
  });

  it('majority: more that fail than hold; a tie goes to a person, silence passes', async () => {
    const ports = portsOf(await runOperator(check, { rules, verdict: 'majority' }, recordsOf(table)));
    expect(ports).toEqual(
      table.map((row) => {
        const balance = balanceOf(row);
        if (balance < 0) return 'rejected';
        return balance === 0 && row.includes(-1) ? 'review' : 'out';
      }),
    );
  });

  it('label-model before it has learned: equal rules, thresholds on their odds', async () => {
    // one record a kernel would be slow: the model learns from the 64th record on, so the table is fed in pieces
    for (let from = 0; from < table.length; from += 60) {
      const piece = table.slice(from, from + 60);
      const ports = portsOf(await runOperator(check, { rules, verdict: 'label-model' }, recordsOf(piece)));
      expect(ports).toEqual(
        piece.map((row) => {
          const valid = 1 / (1 + (3 / 7) ** balanceOf(row));
          if (row.every((v) => v === null) || valid >= 0.8) return 'out';
          return valid <= 0.2 ? 'rejected' : 'review';
        }),
      );
    }
  });
});

/** Five signals that hold on valid records with these accuracies, two of them twice; true where the record is valid. */
const ACCURACY = [0.9, 0.85, 0.8, 0.7, 0.6];
function signals(count: number, seed: number): (Step & { readonly truth: boolean })[] {
  return Array.from({ length: count }, (_, id) => {
    const truth = uniform(seed, id) < 0.7;
    const says = ACCURACY.map((a, r) => (uniform(seed, id, r + 1) < a === truth ? 1 : -1));
    const [a, b, c, d, e] = says;
    return { value: { id, a, b, c, d, e, f: e, g: e }, truth };
  });
}

describe('check by label model', () => {
  const config = {
    rules: rulesOf(7),
    verdict: 'label-model',
    thresholds: { accept: 0.5, reject: 0.5 },
    into: '_valid',
  };

  it('weighs rules by what their agreement says of them, and copies once', async () => {
    const steps = signals(6_000, 3);
    const right = (ports: readonly string[]) =>
      ports.filter((port, id) => (port === 'review' ? false : (port === 'out') === steps[id]!.truth)).length;
    const model = await runOperator(check, config, steps);
    const majority = await runOperator(check, { rules: rulesOf(7), verdict: 'majority' }, steps);
    expect(right(portsOf(model)) / steps.length).toBeGreaterThan(right(portsOf(majority)) / steps.length + 0.02);
    const reports = new Map(model.events.map(({ data }) => [data.rule, data]));
    for (const [r, accuracy] of ACCURACY.entries())
      expect(Math.abs(Number(reports.get(`${FIELDS[r]}.min`)!.accuracy) - accuracy)).toBeLessThanOrEqual(0.05);
    expect([reports.get('f.min')!.copyOf, reports.get('g.min')!.copyOf]).toEqual(['e.min', 'e.min']);
  });

  it('says P(valid) on the record, outvotes a rule with a warning, and gives the reason of what it holds back', async () => {
    const [first, second] = [
      { id: 0, a: 1, b: 1, c: 1, d: 1, e: -1, f: null, g: null },
      { id: 1, a: -1, b: -1, c: -1, d: 1, e: null, f: null, g: null },
    ];
    const trace = await runOperator(check, { ...config, into: '_valid' }, [{ value: first }, { value: second }]);
    expect(trace.out.out).toMatchObject([{ ...first, _valid: 0.927027 }]);
    expect(trace.out.rejected).toMatchObject([{ ...second, _valid: 0.155172 }]);
    expect(trace.findings).toEqual(['e.min', 'a.min', 'b.min', 'c.min', 'verdict']);
  });

  it('rules with `when` abstain where it is not true; warnings and shadow rules have no vote', async () => {
    const rules = [
      { field: 'a', min: 0 },
      { field: 'b', min: 0, when: 'record.c > 0' },
      { field: 'c', min: 5, severity: 'warn' },
      { field: 'd', min: 5, shadow: true },
    ];
    const rows = [
      { id: 0, a: -1, b: 1, c: 1, d: 1 },
      { id: 1, a: -1, b: 1, c: 0, d: 1 },
      { id: 2, a: 1, b: -1, c: -1, d: 1 },
    ];
    const trace = await runOperator(
      check,
      { rules, verdict: 'majority' },
      rows.map((value) => ({ value })),
    );
    expect(portsOf(trace)).toEqual(['review', 'rejected', 'out']);
  });

  it('cuts and restarts change nothing', async () => {
    const steps: Step[] = signals(400, 9).map((step, n) =>
      n % 10 === 9 ? { value: { ...(step.value as object), valid: step.truth }, input: 'verdicts' } : step,
    );
    const full = { ...config, feedback: { input: 'verdicts' }, reportEvery: 100 };
    const whole = await runOperator(check, full, steps);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 7, 500),
        fc.uniqueArray(fc.integer({ min: 1, max: 399 }), { maxLength: 3 }),
        async (cut, restartAt) => {
          const again = await runOperator(check, full, steps, { cut, restartAt });
          expect(again.lines).toEqual(whole.lines);
        },
      ),
      { numRuns: 5, seed: 4 },
    );
  });

  it('wants thresholds in order, and a model behind them', () => {
    const codes = (extra: object) =>
      check.validate!(configure(check, { rules: rulesOf(3), ...extra })).map(({ code }) => code);
    expect(codes({ verdict: 'label-model', thresholds: { accept: 0.3, reject: 0.6 } })).toEqual(['thresholds-crossed']);
    expect(codes({ verdict: 'majority', thresholds: { accept: 0.9 } })).toEqual(['verdict-without-model']);
    expect(codes({ verdict: 'label-model', thresholds: { accept: 0.9, reject: 0.3 } })).toEqual([]);
  });
});

describe('verdicts of people on a check', () => {
  /** `b` holds for what is rightly held; `a` is the planted bad rule, `b` a good one. */
  const rules = [
    { name: 'bad', field: 'a', min: 0 },
    { name: 'good', field: 'b', min: 0 },
  ];
  const overturned = (n: number): Step => ({ value: { id: n, valid: true, a: -1, b: 1 }, input: 'verdicts' });
  const confirmed = (n: number): Step => ({ value: { id: `c${n}`, valid: false, a: 1, b: -1 }, input: 'verdicts' });
  const records: Step[] = Array.from({ length: 50 }, (_, id) => ({ value: { id, a: 1, b: 1 } }));
  const precisionOf = (trace: { readonly events: readonly { readonly data: Readonly<Record<string, unknown>> }[] }) =>
    Object.fromEntries(trace.events.map(({ data }) => [data.rule, data.precision]));

  it.each(['any-error', 'majority', 'label-model'])(
    '%s: 200 overturned verdicts bring a bad rule below .5, and coming again they change nothing',
    async (verdict) => {
      const config = { rules, verdict, feedback: { input: 'verdicts' } };
      const early = Array.from(
        { length: 100 },
        (_, n): Step => ({
          value: { id: `e${n}`, valid: false, a: -1, b: -1 },
          input: 'verdicts',
        }),
      );
      const late = Array.from({ length: 200 }, (_, n) => overturned(n));
      const steps = [...records, ...early, ...late, confirmed(0)];
      const once = await runOperator(check, config, steps);
      expect(precisionOf(once)).toEqual({ bad: 0.3333, good: 1 });
      const twice = await runOperator(check, config, [...steps, ...late, ...early]);
      expect(twice.events).toEqual(once.events);
      expect(twice.accounted).toBe(steps.length + 300);
    },
  );

  it('a verdict that changes replaces the first one', async () => {
    const steps = [...records, overturned(1), { value: { id: 1, valid: false, a: -1, b: 1 }, input: 'verdicts' }];
    const trace = await runOperator(check, { rules, feedback: { input: 'verdicts' } }, steps);
    expect(precisionOf(trace).bad).toBe(1);
  });

  it('takes the judged record from a field, as a quarantine line carries it, and rejects what is no verdict', async () => {
    const config = { rules, feedback: { input: 'verdicts', record: 'value', valid: 'ok' } };
    const trace = await runOperator(check, config, [
      ...records,
      { value: { id: 1, ok: true, value: { a: -1, b: 1 } }, input: 'verdicts' },
      { value: { id: 2, ok: 'yes', value: { a: -1 } }, input: 'verdicts' },
      { value: { ok: false, value: { a: -1 } }, input: 'verdicts' },
    ]);
    expect(precisionOf(trace).bad).toBe(0);
    expect(trace.findings).toEqual(['verdict-field', 'verdict-field']);
    expect(trace.out.rejected).toHaveLength(2);
  });
});

describe.each(['majority', 'label-model'])('check with verdict %s', (verdict) => {
  const config = { rules: rulesOf(4), verdict } as never; // the union of the schema, written as text
  for (const { name, run } of operatorContract(check, { config })) it(name, run);
});
