import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldEdit } from '../../../../src/core/finding.ts';
import type { RuleConfig } from '../../../../src/kernels/check/rule-schema.ts';
import { check } from '../../../../src/operators/check.ts';
import { runOperator } from '../../../support/collect-out.ts';

type Value = Readonly<Record<string, unknown>>;

interface Hinted {
  readonly value: Value;
  readonly edits: readonly FieldEdit[];
}

async function hints(rules: readonly RuleConfig[], values: readonly Value[], redact: readonly string[] = []) {
  const out = await runOperator(check, { rules: [...rules], suggest: true } as never, values, { redact });
  const hinted = out.port(1).flatMap((record): Hinted[] => {
    const edits = record.findings.find(({ rule }) => rule === 'least-edit')?.edits;
    return edits === undefined ? [] : [{ value: record.data as Value, edits }];
  });
  return { out, rejected: out.port(1).length, hinted };
}

function applied({ value, edits }: Hinted): Value {
  const now: Record<string, unknown> = { ...value };
  for (const { field, value: to, remove } of edits) {
    if (remove === true) delete now[field];
    else now[field] = to;
  }
  return now;
}

async function passing(rules: readonly RuleConfig[], values: readonly Value[]): Promise<number> {
  return (await runOperator(check, { rules: [...rules] } as never, values)).port(0).length;
}

describe('least edits', () => {
  const rules: RuleConfig[] = [
    { field: 'qty', between: [0, 10] },
    { field: 'qty', type: 'integer' },
    { field: 'status', in: ['open', 'closed', 'paid'] },
    { field: 'code', pattern: '^[A-Z]{2}-\\d{4}$' },
    { field: 'start', before: { field: 'end' } },
    { field: 'paid', min: { field: 'due' }, when: 'record.status == "paid"' },
    { field: 'id', required: true },
    { cel: 'record.a + record.b <= 10' },
    { field: 'name', length: { max: 5 } },
    { field: 'day', format: 'date' },
    { field: 'note', notPattern: 'secret' },
  ];

  it.each<[string, Value, FieldEdit[]]>([
    ['the nearer bound', { qty: 12 }, [{ field: 'qty', value: 10 }]],
    ['a number instead of its text', { qty: '7' }, [{ field: 'qty', value: 7 }]],
    ['the nearest allowed value', { status: 'opne' }, [{ field: 'status', value: 'open' }]],
    ['the nearest text of a pattern', { code: 'ab1234' }, [{ field: 'code', value: 'AB-1234' }]],
    ['what another field asks for', { status: 'paid', paid: 3, due: 5 }, [{ field: 'paid', value: 5 }]],
    ['what an expression leaves', { a: 7, b: 8 }, [{ field: 'b', value: 3 }]],
    ['a shorter text', { name: 'abcdefgh' }, [{ field: 'name', value: 'abcde' }]],
    ['a date', { day: 'March 3, 2026' }, [{ field: 'day', value: '2026-03-03' }]],
    ['nothing, when that is all that helps', { note: 'my secret' }, [{ field: 'note', remove: true }]],
    [
      'one edit for each independent rule',
      { qty: 99, status: 'PAID' },
      [
        { field: 'qty', value: 10 },
        { field: 'status', value: 'paid' },
      ],
    ],
  ])('says %s', async (_, value, edits) => {
    const { hinted } = await hints(rules, [{ id: 1, ...value }]);
    expect(hinted.map((hint) => hint.edits)).toEqual([edits]);
  });

  it('says nothing where no edit is known, and counts that', async () => {
    const { hinted, out } = await hints(rules, [{ qty: 3 }]);
    expect(hinted).toEqual([]);
    expect(out.findings.filter(({ rule }) => rule === 'least-edit.none')).toHaveLength(1);
  });

  it('never shows a redacted field', async () => {
    const { hinted } = await hints(rules, [{ id: 1, qty: 12 }], ['qty']);
    expect(hinted).toEqual([]);
  });

  it('says nothing of records that pass, and nothing without being asked', async () => {
    const { rejected, out } = await hints(rules, [{ id: 1, qty: 3 }]);
    expect([rejected, out.findings.length]).toEqual([0, 0]);
    const silent = await runOperator(check, { rules } as never, [{ id: 1, qty: 12 }]);
    expect(silent.findings.map(({ rule }) => rule)).toEqual(['qty.between']);
  });
});

const FIELDS = ['a', 'b', 'c'] as const;
/** Everything a field can be in the small world, absent among it. */
const WORLD = [undefined, -1, 0, 1, 2, 3, 4, 5, 6, 7] as const;

const smallRule: fc.Arbitrary<RuleConfig> = fc
  .record({ field: fc.constantFrom(...FIELDS), other: fc.constantFrom(...FIELDS), n: fc.integer({ min: 0, max: 5 }) })
  .chain(({ field, other, n }) =>
    fc.constantFrom<RuleConfig>(
      { field, min: n },
      { field, below: n },
      { field, required: true },
      { field, in: [n, (n + 2) % 6] },
      { field, notEquals: n },
      { field, multipleOf: 2 },
      { field, equals: { field: other } },
      { field, above: { field: other } },
      { field, max: { field: other } },
      { oneOf: ['a', 'b'] },
      { anyOf: ['b', 'c'] },
      { allOrNone: ['a', 'c'] },
    ),
  )
  .filter(
    (rule) =>
      typeof Object.values(rule).at(-1) !== 'object' ||
      (Object.values(rule).at(-1) as { field?: string }).field !== rule.field,
  );

/** Fewest fields that have to change, by trying everything; undefined when nothing helps. */
async function fewest(rules: readonly RuleConfig[], value: Value): Promise<number | undefined> {
  const worlds: Value[] = [];
  for (const a of WORLD) for (const b of WORLD) for (const c of WORLD) worlds.push(world({ a, b, c }));
  const out = await runOperator(check, { rules: [...rules] } as never, worlds);
  let best: number | undefined;
  for (const { data } of out.port(0)) {
    const changed = FIELDS.filter((field) => (data as Value)[field] !== value[field]).length;
    if (best === undefined || changed < best) best = changed;
  }
  return best;
}

function world(values: Value): Value {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

describe('on records broken at random', () => {
  const rules: RuleConfig[] = [
    { field: 'id', required: true },
    { field: 'qty', between: [1, 100] },
    { field: 'qty', type: 'integer' },
    { field: 'price', above: 0 },
    { field: 'status', in: ['open', 'paid', 'closed', 'returned'] },
    { field: 'sku', pattern: '^(?:[A-Z]{3}|X)-[0-9]{3,5}(?:/[a-f])?$' },
    { field: 'ordered', format: 'date' },
    { field: 'shipped', after: { field: 'ordered' }, when: 'has(record.ordered)' },
    { field: 'paid', max: { field: 'due' } },
    { field: 'paid', required: true, when: 'record.status == "paid"' },
    { cel: 'record.discount <= record.price' },
  ];
  const text = fc.string({ unit: fc.constantFrom(...'ABXabx019-/ .'), maxLength: 12 });
  const date = fc.date({ min: new Date(0), max: new Date('2030-01-01'), noInvalidDate: true });
  const day = fc.oneof(
    date.map((d) => d.toISOString().slice(0, 10)),
    date.map(String),
    text,
  );
  const number = fc.oneof(fc.integer({ min: -50, max: 500 }), fc.double({ noNaN: true, min: -9, max: 900 }), text);
  const value = fc.record(
    {
      id: fc.integer(),
      qty: number,
      price: number,
      status: fc.oneof(fc.constantFrom('open', 'piad', 'CLOSED'), text),
      sku: text,
      ordered: day,
      shipped: day,
      paid: number,
      due: number,
      discount: number,
    },
    { requiredKeys: ['id'] },
  );

  it('at least .99 of those with a hint pass with it', async () => {
    const values = fc.sample(value, { numRuns: 1500, seed: 20260302 });
    const { hinted, rejected } = await hints(rules, values);
    const passed = await passing(rules, hinted.map(applied));
    expect(rejected).toBeGreaterThan(1000);
    expect(hinted.length).toBeGreaterThan(0.9 * rejected);
    expect(passed).toBeGreaterThanOrEqual(0.99 * hinted.length);
  });
});

describe('in a small world, against trying everything', () => {
  it('hinted records pass, and no smaller edit exists', async () => {
    let hinted = 0;
    let solvable = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(smallRule, { minLength: 1, maxLength: 4 }),
        fc.record({ a: fc.constantFrom(...WORLD), b: fc.constantFrom(...WORLD), c: fc.constantFrom(...WORLD) }),
        async (rules, values) => {
          const value = world(values);
          const found = await hints(rules, [value]);
          if (found.rejected === 0) return;
          const least = await fewest(rules, value);
          if (least !== undefined) solvable++;
          const [hint] = found.hinted;
          if (hint === undefined) return;
          hinted++;
          expect(await passing(rules, [applied(hint)])).toBe(1);
          expect(hint.edits.length).toBeLessThanOrEqual(least ?? FIELDS.length); // values beyond the small world may do with less
        },
      ),
      { numRuns: 200, seed: 20260301 },
    );
    expect(hinted).toBeGreaterThan(60);
    expect(hinted).toBeGreaterThanOrEqual(0.95 * solvable);
  });
});
