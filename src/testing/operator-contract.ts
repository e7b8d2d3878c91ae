import assert from 'node:assert/strict';
import { Value } from '@sinclair/typebox/value';
import type { Codec } from '../core/codec.ts';
import type { Operator, OperatorDeps, OperatorLimits } from '../core/operator.ts';
import { DataRecord } from '../core/record.ts';
import { HeldRecords } from '../runtime/record-store.ts';
import type { ContractCase } from './contract-case.ts';
import { type ContractRecord, recordsOf, sampleRecords } from './contract-input.ts';
import { jsonCodec } from './json-codec.ts';
import { contractDeps, type KernelRunOptions, runKernel } from './kernel-run.ts';
import { RecordingOut } from './recording-out.ts';

export interface OperatorContractOptions {
  /** `with:` of the step; default the operator's example. */
  readonly config?: unknown;
  /** Records to run over; default rude ones made from the fields the operator reads. */
  readonly rows?: readonly ContractRecord[];
  /** Row i of an endless stream of distinct records, for the bound of the state; default made from the fields. */
  readonly distinct?: (index: number) => ContractRecord;
  readonly readFile?: OperatorDeps['readFile'];
  /** Promises this operator does not keep, each with the reason. */
  readonly except?: Partial<Record<OperatorPromise, string>>;
}

export type OperatorPromise = 'cut' | 'checkpoint' | 'replay' | 'conservation' | 'input' | 'throw' | 'bounded';

const ROWS = 300;
const DISTINCT_ROWS = 20_000;
const SMALL: OperatorLimits = { maxHeldBytes: 256 * 1024, maxStateBytes: 1024 * 1024 };
/** A kernel may double its tables on the way to the bound. */
const SLACK = 4;

interface Subject extends Required<Pick<OperatorContractOptions, 'rows' | 'distinct'>> {
  readonly operator: Operator;
  readonly config: unknown;
  readonly run: (over: Partial<KernelRunOptions>) => Promise<RecordingOut>;
  readonly options: OperatorContractOptions;
}

/** The promises of DESIGN 5, for one operator and one configuration. */
export function operatorContract(operator: Operator, options: OperatorContractOptions = {}): readonly ContractCase[] {
  // a config as the planner would hand it over: defaults filled in
  const config = Value.Default(operator.config, structuredClone(options.config ?? operator.example));
  const rows = options.rows ?? sampleRecords(operator, config, ROWS);
  const subject: Subject = {
    operator,
    config,
    rows,
    distinct: options.distinct ?? distinctRows(operator, config),
    options,
    run: async (over) => {
      const { readFile } = options;
      const base = { operator, config, rows, cut: rows.length, ...(readFile === undefined ? {} : { readFile }) };
      return (await runKernel({ ...base, ...over })).out;
    },
  };
  return PROMISES.filter(([key]) => options.except?.[key] === undefined).map(([, promise, check]) => ({
    name: `${operator.name} ${promise}`,
    run: () => check(subject),
  }));
}

const PROMISES: readonly (readonly [OperatorPromise, string, (subject: Subject) => Promise<void>])[] = [
  ['cut', 'says the same whatever the cut', sameWhateverTheCut],
  ['checkpoint', 'goes on from a checkpoint at any point as if nothing had happened', goesOn],
  ['replay', 'says the same twice', saysTheSameTwice],
  ['conservation', 'emits or absorbs every record, and releases what it holds once', loses],
  ['input', 'leaves its input as it was', leavesInput],
  ['throw', 'goes on after a record it throws at as if that had not been there', survivesThrow],
  ['bounded', 'keeps its state bounded under endless distinct input', staysBounded],
];

async function sameWhateverTheCut({ run, rows }: Subject): Promise<void> {
  const all = await run({});
  for (const cut of [1, 7, Math.min(500, Math.ceil(rows.length / 2))])
    assert.deepEqual((await run({ cut })).said, all.said, `cut ${cut}`);
}

async function goesOn({ run, rows }: Subject): Promise<void> {
  const calm = await run({});
  const n = rows.length;
  const plans = [[1], [Math.floor(n / 2)], [n - 1], [3, 4, 5, Math.floor(n / 3), n - 2]];
  for (let i = 0; i < 6; i++) plans.push([Math.floor(((i + 1) * n) / 7) + i]);
  for (const restarts of plans)
    assert.deepEqual((await run({ cut: 50, restarts })).said, calm.said, `restarts at ${restarts}`);
}

async function saysTheSameTwice({ run }: Subject): Promise<void> {
  assert.deepEqual((await run({})).said, (await run({})).said);
}

async function loses({ run, rows }: Subject): Promise<void> {
  const { left } = await run({ cut: 50 });
  assert.equal(left.size, rows.length, 'every record was emitted or absorbed');
  for (const [root, { emitted, merged, held }] of left) {
    assert.ok(held >= 0, `record ${root.offset} was released more often than held`);
    assert.ok(emitted + merged + held > 0, `record ${root.offset} was released and went nowhere`);
  }
}

async function leavesInput({ operator, config, rows, options }: Subject): Promise<void> {
  const held = new HeldRecords([jsonCodec]);
  const kernel = await operator.create(config, contractDeps(options, held));
  const { records, time } = recordsOf(rows);
  const out = new RecordingOut(operator.ports(config).map(({ name }) => name));
  const before = records.map(stateOf);
  out.begin(records, 0);
  kernel.process(records, time, out);
  for (const [i, record] of records.entries()) assert.deepEqual(stateOf(record), before[i], `record ${i}`);
}

function stateOf(record: DataRecord): unknown {
  const { data, findings, evidence, patches, key, time, eventTime } = record;
  return structuredClone({ data, findings, evidence, patches, key, time, eventTime, payload: record.payload });
}

const poison: Codec = {
  ...jsonCodec,
  decode: () => {
    throw new Error('poison');
  },
};

/** As the runtime does it: what was emitted for the record is taken back, the rest goes on with the next one. */
async function survivesThrow(subject: Subject): Promise<void> {
  for (const at of [0, 5, Math.floor(subject.rows.length / 2), subject.rows.length - 2]) {
    const poisoned = await aroundRecord(subject, at, 'poison');
    if (poisoned === undefined) return; // it does not read the record: nothing to throw at
    assert.deepEqual(poisoned, await aroundRecord(subject, at, 'skip'), `poison at ${at}`);
  }
}

async function aroundRecord(
  { operator, config, rows, options }: Subject,
  bad: number,
  how: 'poison' | 'skip',
): Promise<readonly string[] | undefined> {
  const held = new HeldRecords([jsonCodec]);
  const kernel = await operator.create(config, contractDeps(options, held));
  held.restored(undefined);
  const { records, time } = recordsOf(rows);
  const out = new RecordingOut(operator.ports(config).map(({ name }) => name));
  const feed = (from: number, to: number): void => {
    if (from >= to) return;
    out.begin(records.slice(from, to), from);
    kernel.process(records.slice(from, to), time.slice(from, to), out);
  };
  if (how === 'skip') feed(0, bad);
  else {
    const { source, offset, payload, timestamp } = records[bad]!;
    const time = records[bad]!.time;
    const eventTime = records[bad]!.eventTime;
    const record = new DataRecord({ source, offset, timestamp, payload, codec: poison });
    record.time = time;
    record.eventTime = eventTime;
    records[bad] = record;
    try {
      feed(0, bad + 1);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'poison') throw error;
      assert.equal(out.at, bad, 'out.at names the record it threw at');
    }
  }
  feed(bad + 1, records.length);
  out.begin([], records.length);
  kernel.onTick?.({ kind: 'end', time: time.at(-1) ?? Number.NaN }, out);
  // a timer may fire at the bad record already, or only at the next one: what it says is what counts
  return out.lines.map((line) => line.slice(line.indexOf(' ') + 1));
}

async function staysBounded(subject: Subject): Promise<void> {
  const { operator, config, distinct, options } = subject;
  const rows = Array.from({ length: DISTINCT_ROWS }, (_, i) => distinct(i));
  let most = 0;
  await runKernel({
    operator,
    config,
    rows,
    cut: 1000,
    limits: SMALL,
    open: true,
    ...(options.readFile === undefined ? {} : { readFile: options.readFile }),
    watch: (kernel) => {
      most = Math.max(most, kernel.stats?.().bytes ?? 0);
    },
  });
  const bound = SLACK * (SMALL.maxStateBytes + SMALL.maxHeldBytes);
  assert.ok(most <= bound, `${most} bytes of state; expected at most ${bound}`);
}

function distinctRows(operator: Operator, config: unknown): (index: number) => ContractRecord {
  const [first] = sampleRecords(operator, config, 1);
  const use = operator.fields?.(config);
  const fields = [...new Set([...(use?.reads ?? []), 'id'])].filter((field) => /^[A-Za-z_]\w*$/.test(field));
  return (index) => ({
    value: Object.fromEntries(fields.map((field) => [field, `${field}-${index}`])),
    eventTime: (first?.eventTime ?? 0) + index * 10,
  });
}
