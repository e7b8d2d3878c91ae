import { hash32, uniform } from '../../src/core/hash.ts';
import type { Kernel, Operator, Out } from '../../src/core/operator.ts';
import { DataRecord } from '../../src/core/record.ts';
import { FieldProfile, WINDOW_SETTINGS } from '../../src/kernels/profile/field-profile.ts';
import { checkWindow } from '../../src/operators/check-window.ts';
import { profile } from '../../src/operators/profile.ts';
import { HeldRecords } from '../../src/runtime/record-store.ts';
import { Breaker } from '../../src/runtime/watch/breaker.ts';
import { SliceFinder } from '../../src/runtime/watch/slice-finder.ts';
import { jsonCodec } from '../../src/testing/json-codec.ts';
import { contractDeps } from '../../src/testing/kernel-run.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const BATCH = 1000;
const MAX_RECORDS = 200_000;
const NO_OUT: Out = {
  at: 0,
  emit: () => {},
  finding: () => {},
  evidence: () => {},
  event: () => {},
  absorb: () => {},
  release: () => {},
};

interface Job {
  readonly name: string;
  readonly per: string;
  start(): (i: number) => void;
  bytes(): number;
}

/** CPU time of profiles, windows, slices and the breaker; bytes of what they hold. */
export async function run({ runs, records, seed, only }: BenchOptions): Promise<Table> {
  const n = Math.min(records, MAX_RECORDS);
  const jobs = [...fields(seed), ...(await kernels(seed, n)), ...watches(seed)];
  const rows: (readonly (string | number)[])[] = [];
  for (const job of jobs) {
    if (only.length > 0 && !only.includes(job.name)) continue;
    const seconds: number[] = [];
    for (let r = 0; r < runs; r++) {
      const step = job.start();
      const from = process.cpuUsage();
      for (let i = 0; i < n; i++) step(i);
      const { user, system } = process.cpuUsage(from);
      seconds.push((user + system) / 1e6);
    }
    const each = median(seconds) / n;
    rows.push([job.name, job.per, Math.round(each * 1e9), Math.round(1 / each / 1000), job.bytes()]);
  }
  return {
    title: 'profile: processor time and memory',
    columns: ['what', 'unit', 'ns', 'thousand/s', 'bytes held'],
    rows,
    notes: [`${n} records, ${runs} runs, median; seed ${seed}`],
  };
}

function fields(seed: number): readonly Job[] {
  const kinds: readonly (readonly [string, (i: number) => unknown])[] = [
    ['field of integers', (i) => Math.floor(uniform(seed, i) * 1e6)],
    ['field of a few names', (i) => `name-${Math.floor(uniform(seed, i) * 20)}`],
    ['field of ids', (i) => `id-${i}-${seed}`],
    ['field of nulls', () => null],
  ];
  return kinds.map(([name, value]) => {
    let one = new FieldProfile(WINDOW_SETTINGS);
    const values = Array.from({ length: MAX_RECORDS }, (_, i) => value(i));
    return {
      name,
      per: 'value',
      start: () => {
        one = new FieldProfile(WINDOW_SETTINGS);
        return (i) => one.add(values[i]);
      },
      bytes: () => one.bytes,
    };
  });
}

async function kernels(seed: number, n: number): Promise<readonly Job[]> {
  const source = { topic: 't', partition: 0 };
  const records = Array.from({ length: n }, (_, i) => {
    const data = { id: i, x: uniform(seed, i), s: `s${i % 50}`, at: i };
    const record = new DataRecord({ source, offset: i, payload: undefined, codec: jsonCodec, data, timestamp: i });
    record.eventTime = i;
    record.time = i;
    return record;
  });
  const expect = [
    { measure: 'row-count', min: 1 },
    { measure: 'mean', field: 'x', min: 0 },
    { measure: 'quantile', field: 'x', q: 0.9, max: 2 },
    { measure: 'distinct', field: 's', min: 1 },
    { measure: 'monotonic', field: 'id' },
  ];
  return [
    await kernelJob(
      'check-window, five expectations',
      checkWindow as Operator<never>,
      { window: '10s', expect },
      records,
    ),
    await kernelJob('profile, four fields', profile as Operator<never>, { window: { records: 50_000 } }, records),
  ];
}

async function kernelJob(
  name: string,
  operator: Operator<never>,
  config: unknown,
  records: readonly DataRecord[],
): Promise<Job> {
  const make = async () =>
    (await operator.create(config as never, contractDeps({}, new HeldRecords([jsonCodec])))) as Kernel;
  const spare = await Promise.all(Array.from({ length: 50 }, make));
  let kernel = spare[0]!;
  return {
    name,
    per: 'record',
    start: () => {
      kernel = spare.pop() ?? kernel;
      return (i) => {
        if (i % BATCH !== 0) return;
        const batch = records.slice(i, i + BATCH);
        kernel.process(
          batch,
          Float64Array.from(batch, ({ time }) => time),
          NO_OUT,
        );
      };
    },
    bytes: () => kernel.stats?.().bytes ?? 0,
  };
}

function watches(seed: number): readonly Job[] {
  let finder = new SliceFinder({ fields: ['a', 'b'], conditions: 1 });
  const open = { quarantined: 0.2, over: 60_000, minRecords: 100 };
  let breaker = new Breaker({
    unit: 'ms',
    action: 'divert',
    topic: 'd',
    open,
    close: { quarantined: 0.1, over: 60_000 },
  });
  return [
    {
      name: 'slices over two fields',
      per: 'record',
      start: () => {
        finder = new SliceFinder({ fields: ['a', 'b'], conditions: 1 });
        return (i) => {
          if (finder.observe([`r${hash32(String(i)) % 30}`, `d${i % 200}`], uniform(seed, i) < 0.02)) finder.look();
        };
      },
      bytes: () => finder.entries * 200,
    },
    {
      name: 'breaker, 2 % bad',
      per: 'record',
      start: () => {
        breaker = new Breaker(breaker.plan);
        return (i) => void breaker.observe(i * 10, 1, uniform(seed, i) < 0.02 ? 1 : 0);
      },
      bytes: () => 60 * 24,
    },
  ];
}
