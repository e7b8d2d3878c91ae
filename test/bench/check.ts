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

/** Every check on a value of the order that passes it, and every cleaning step on a value it has to work on. */
const CHECKS: readonly Readonly<Record<string, unknown>>[] = [
  { field: 'id', required: true },
  { field: 'qty', type: 'integer' },
  { field: 'qty', between: [0, 1000] },
  { field: 'qty', min: 0 },
  { field: 'lo', max: { field: 'hi' } },
  { field: 'lo', above: -1 },
  { field: 'lo', below: { field: 'hi' } },
  { field: 'ts', before: '2030-01-01' },
  { field: 'ts', after: '2020-01-01T00:00:00Z' },
  { field: 'status', in: ['active', 'idle', 'error', 'retired'] },
  { field: 'status', notIn: ['gone'] },
  { field: 'email', pattern: '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$' },
  { field: 'email', notPattern: '\\s' },
  { field: 'name', length: { min: 1, max: 80 } },
  { field: 'ts', format: 'date-time' },
  { field: 'email', format: 'email' },
  { field: 'country', format: 'country' },
  { field: 'qty', multipleOf: 1 },
  { field: 'country', equals: 'DE' },
  { field: 'country', notEquals: 'XX' },
  { oneOf: ['id', 'nothing'] },
  { anyOf: ['nothing', 'id'] },
  { allOrNone: ['lo', 'hi'] },
  { schema: { type: 'object', required: ['id'], properties: { qty: { type: 'integer' } } } },
  { name: 'cel', cel: 'record.lo <= record.hi && record.qty >= 0' },
  { field: 'qty', max: 1000, when: 'record.status == "active"' },
];

const STEPS: readonly (readonly [step: unknown, value: (i: number) => unknown])[] = [
  ['trim', (i) => `name ${i}`],
  ['trim', (i) => ` name ${i} `],
  ['collapse-whitespace', (i) => `name  ${i}`],
  ['lower-case', (i) => `Name ${i}`],
  ['upper-case', (i) => `Name ${i}`],
  ['title-case', (i) => `name of ${i}`],
  [{ unicode: 'NFKC' }, (i) => `\uff21 ${i}`],
  ['strip-control', (i) => `name\u200b ${i}`],
  ['to-string', (i) => i],
  ['to-number', (i) => `${10 + (i % 90)},${100 + (i % 900)}.96`],
  ['to-integer', (i) => `${i}`],
  ['to-boolean', (i) => (i % 2 === 0 ? 'yes' : 'no')],
  [{ 'parse-date': ['MMM dd yyyy'] }, (i) => `Jun ${10 + (i % 20)} ${1950 + (i % 60)}`],
  [
    { 'parse-date': { patterns: ['dd.MM.yyyy HH:mm'], zone: 'Europe/Berlin' } },
    (i) => `${10 + (i % 18)}.0${1 + (i % 9)}.2020 12:30`,
  ],
  ['parse-time', (i) => `${1 + (i % 12)}:10 p.m.`],
  ['parse-duration', (i) => `${i % 24}h 30m`],
  [{ convert: { from: 'F', to: 'C' } }, (i) => i % 100],
  [{ nulls: [0, 'n/a'] }, (i) => i],
  [{ default: 'none' }, () => null],
  [{ map: { Germany: 'DE', France: 'FR' } }, (i) => (i % 2 === 0 ? 'Germany' : 'France')],
  [{ replace: { pattern: '\\s*oz\\.?$', with: '' } }, (i) => `${i}.0 oz.`],
  [{ round: 2 }, (i) => i / 7],
  [{ clamp: [0, 10] }, (i) => i],
  [{ mask: { keep: 4 } }, (i) => `4111111111${100_000 + i}`],
  [{ hash: { secret: 'a secret of enough bytes' } }, (i) => `user ${i}`],
  [{ split: ',' }, (i) => `a,b,${i}`],
  [{ join: ',' }, (i) => ['a', 'b', i]],
  [{ derive: 'record.v + 1' }, (i) => i],
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
  for (const rule of CHECKS) {
    const kernel = await check.create({ rules: [rule] } as never, deps);
    const what = Object.keys(rule).filter((key) => key !== 'field' && key !== 'name');
    rows.push([`check: ${what.join(' ')} ${rule.field ?? ''}`, time(kernel, orders, rounds)]);
  }
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
