import type { Kernel, OperatorDeps } from '../../src/core/operator.ts';
import type { DataRecord } from '../../src/core/record.ts';
import { check } from '../../src/operators/check.ts';
import { clean } from '../../src/operators/clean.ts';
import { CollectOut, recordOf, testDeps } from '../support/collect-out.ts';
import type { BenchOptions, Table } from './table.ts';

type Row = readonly [name: string, ns: number];

const RECORDS = 2_000;
/** Rounds for one of the `runs`; the best counts. */
const ROUNDS = 12;

const RULES = [
  { field: 'device', required: true },
  { field: 'name', required: true },
  { field: 'qty', between: [0, 1000] },
  { field: 'temp', between: [-40, 85] },
  { field: 'amount', between: [0, 100_000] },
  { field: 'email', pattern: '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$' },
  { field: 'country', in: ['DE', 'FR', 'GB', 'US', 'CN', 'IN', 'BR', 'JP', 'PL', 'ES', 'IT', 'NL'] },
  { field: 'status', in: ['active', 'idle', 'error', 'retired'] },
  { field: 'lo', max: { field: 'hi' } },
  { field: 'ts', format: 'date-time' },
];

/** Steps with a value each of them has to work on. */
const STEPS: readonly (readonly [step: unknown, value: (i: number) => unknown])[] = [
  ['trim', (i) => `name ${i}`],
  ['trim', (i) => ` name ${i} `],
  ['lower-case', (i) => `Name ${i}`],
  ['to-number', (i) => `${10 + (i % 90)},${100 + (i % 900)}.96`],
  [{ 'parse-date': ['MMM dd yyyy'] }, (i) => `Jun ${10 + (i % 20)} ${1950 + (i % 60)}`],
  [{ nulls: [0, 'n/a'] }, (i) => i],
  [{ replace: { pattern: '\\s*oz\\.?$', with: '' } }, (i) => `${i}.0 oz.`],
  [{ round: 2 }, (i) => i / 7],
];

class NullOut extends CollectOut {
  override emit(): void {}
  override countEvidence(): void {}
}

/** Cost of the ten fused rules of the reference job, of closures, of an expression, and of cleaning steps. */
export async function run(options: BenchOptions): Promise<Table> {
  const rounds = ROUNDS * options.runs;
  const orders = Array.from({ length: RECORDS }, (_, i) => recordOf(order(i), i));
  const deps = testDeps();
  const rows: Row[] = [];
  const rules = await check.create({ rules: RULES } as never, deps);
  rows.push(['check: ten rules, a check', time(rules, orders, rounds) / RULES.length]);
  for (const rule of RULES) {
    const kernel = await check.create({ rules: [rule] } as never, deps);
    rows.push([`check: ${Object.keys(rule)[1]} ${rule.field}`, time(kernel, orders, rounds)]);
  }
  const cel = await check.create({ rules: [{ name: 'c', cel: 'record.lo <= record.hi && record.qty >= 0' }] }, deps);
  rows.push(['check: cel, two comparisons', time(cel, orders, rounds)]);
  for (const [step, value] of STEPS) rows.push(await stepRow([step, value], deps, rounds));
  return {
    title: 'checks and cleaning steps',
    columns: ['what', 'ns'],
    rows: rows.map(([name, ns]) => [name, Number(ns.toFixed(1))]),
    notes: [
      `${RECORDS} decoded records, best of ${rounds} rounds; cleaning rows include the draft of a changed record`,
    ],
  };
}

async function stepRow([step, value]: (typeof STEPS)[number], deps: OperatorDeps, rounds: number): Promise<Row> {
  const kernel = await clean.create({ fields: { v: [step] } } as never, deps);
  const name = typeof step === 'string' ? step : Object.keys(step as object)[0];
  const records = Array.from({ length: RECORDS }, (_, i) => recordOf({ v: value(i) }, i));
  return [`clean: ${name} ${JSON.stringify(value(3))}`, time(kernel, records, rounds)];
}

function order(i: number): Record<string, unknown> {
  return {
    id: `${i}`,
    device: `dev-${i}`,
    name: `name ${i}`,
    email: `user.name${i}@example.com`,
    country: 'DE',
    status: 'active',
    amount: i / 2,
    qty: i % 1000,
    temp: i % 80,
    lo: i,
    hi: i + 1,
    ts: '2026-01-01T00:00:04.548Z',
  };
}

function time(kernel: Kernel, records: readonly DataRecord[], rounds: number): number {
  const out = new NullOut();
  const times = new Float64Array(records.length).fill(Number.NaN);
  for (const record of records) void record.data;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    kernel.process(records, times, out);
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1e6) / records.length;
}
