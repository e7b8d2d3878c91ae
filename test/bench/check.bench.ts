import type { Kernel, OperatorDeps } from '../../src/core/operator.ts';
import type { DataRecord } from '../../src/core/record.ts';
import { check } from '../../src/operators/check.ts';
import { clean } from '../../src/operators/clean.ts';
import { CollectOut, recordOf, testDeps } from '../support/collect-out.ts';

export interface Row {
  readonly name: string;
  /** Nanoseconds for one check or step on one record, best of the rounds. */
  readonly ns: number;
}

const RECORDS = 2_000;
const ROUNDS = 60;

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
export async function run(): Promise<Row[]> {
  const orders = Array.from({ length: RECORDS }, (_, i) => recordOf(order(i), i));
  const deps = testDeps();
  const rows: Row[] = [];
  const rules = await check.create({ rules: RULES } as never, deps);
  rows.push({ name: 'check: ten rules, a check', ns: time(rules, orders) / RULES.length });
  for (const rule of RULES) {
    const kernel = await check.create({ rules: [rule] } as never, deps);
    rows.push({ name: `check: ${Object.keys(rule)[1]} ${rule.field}`, ns: time(kernel, orders) });
  }
  const cel = await check.create({ rules: [{ name: 'c', cel: 'record.lo <= record.hi && record.qty >= 0' }] }, deps);
  rows.push({ name: 'check: cel, two comparisons', ns: time(cel, orders) });
  for (const [step, value] of STEPS) rows.push(await stepRow(step, value, deps));
  return rows;
}

async function stepRow(step: unknown, value: (i: number) => unknown, deps: OperatorDeps): Promise<Row> {
  const kernel = await clean.create({ fields: { v: [step] } } as never, deps);
  const name = typeof step === 'string' ? step : Object.keys(step as object)[0];
  const records = Array.from({ length: RECORDS }, (_, i) => recordOf({ v: value(i) }, i));
  return { name: `clean: ${name} ${JSON.stringify(value(3))} (with draft)`, ns: time(kernel, records) };
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

function time(kernel: Kernel, records: readonly DataRecord[]): number {
  const out = new NullOut();
  const times = new Float64Array(records.length).fill(Number.NaN);
  for (const record of records) void record.data;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    kernel.process(records, times, out);
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1e6) / records.length;
}

if (process.argv[1] === import.meta.filename)
  for (const row of await run()) console.log(`${row.ns.toFixed(1).padStart(8)} ns  ${row.name}`);
