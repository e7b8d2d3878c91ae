import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { from, lastValueFrom, map, type OperatorFunction } from 'rxjs';
import type { Finding } from '../../src/core/finding.ts';
import type { Kernel, Out } from '../../src/core/operator.ts';
import { DataRecord } from '../../src/core/record.ts';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { addFrame, emptyCounts } from '../../src/runtime/counters.ts';
import { createKernels } from '../../src/runtime/kernels.ts';
import { HeldRecords } from '../../src/runtime/record-store.ts';
import { compileStage } from '../../src/topology/compile.ts';
import { settleFates } from '../../src/topology/fates.ts';
import { Frame } from '../../src/topology/frame.ts';
import { planTopology } from '../../src/topology/index.ts';
import { loadTopology } from '../../src/topology/load.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const BATCH = 1000;
const BATCHES = 100;
const codec = createCodec('json');
const source = { topic: 'orders.raw', partition: 0 };

/** Ports as lists, findings on their records, and nothing counted: what a job needs to run at all. */
class BareOut implements Out {
  at = 0;
  ports: DataRecord[][] = [[], [], [], []];
  emit(port: number, record: DataRecord): void {
    record.editable = false;
    this.ports[port]?.push(record);
  }
  finding(draft: DataRecord | undefined, finding: Omit<Finding, 'step'>): void {
    draft?.addFinding({ step: 's', ...finding });
  }
  evidence(): void {}
  countEvidence(): void {}
  event(): void {}
  absorb(): void {}
  release(): void {}
}

/** CPU microseconds. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** One batch after another, decoded; what that took is added to `spent`: nothing of it lives on, as in a run. */
function* batches(lines: readonly string[], spent: { cpu: number }): Generator<DataRecord[]> {
  for (let b = 0; b < BATCHES; b++) {
    const started = cpu();
    const batch = Array.from(
      { length: BATCH },
      (_, i) => new DataRecord({ source, offset: b * BATCH + i, payload: lines[b * BATCH + i] ?? '{}', codec }),
    );
    for (const record of batch) void record.data;
    spent.cpu += cpu() - started;
    yield batch;
  }
}

/** What Rx, frames and counting cost on top of the kernels they run, in batches of 1,000; decoding and the kernels are the job. */
export async function run(options: BenchOptions): Promise<Table> {
  const lines = readLines();
  const topology = await loadTopology(join(import.meta.dirname, 'orders', 'orders.yaml'));
  const plan = planTopology(topology, { operators: operatorRegistry(), formats: createCodec, onePartition: true });
  const stage = plan.stages[0];
  if (stage === undefined) throw new Error('the topology has no stage');
  const kernels = () => createKernels(plan, stage, { records: new HeldRecords([codec]), watched: false });
  const rows = { decode: [] as number[], kernels: [] as number[], engine: [] as number[] };
  for (let round = 0; round <= options.runs; round++) {
    const [bare, framed] = [await kernels(), await kernels()];
    const spent = { cpu: 0 };
    let started = cpu();
    for (const batch of batches(lines, spent)) runBare(bare, batch);
    const direct = cpu() - started - spent.cpu;
    const decode = spent.cpu;
    spent.cpu = 0;
    const compiled = compileStage({ stage, kernels: framed, onError: 'quarantine', redacted: () => false });
    started = cpu();
    const counts = emptyCounts();
    const through = from(batches(lines, spent)).pipe(
      map((roots) => frameOf(roots, stage.edgeCount, compiled.portCount)),
      compiled.pipe as OperatorFunction<Frame, Frame>,
      map((frame) => markAll(frame)),
      map((frame) => settleFates(frame, compiled.released, new Set())),
      map((frame) => addFrame(counts, frame.counts, compiled.portNames)),
    );
    await lastValueFrom(through);
    const engine = cpu() - started - spent.cpu;
    if (round === 0) continue; // warm-up
    rows.decode.push(decode);
    rows.kernels.push(direct);
    rows.engine.push(engine);
  }
  return toTable(rows);
}

function runBare(kernels: readonly Kernel[], batch: readonly DataRecord[]): void {
  let records: readonly DataRecord[] = batch;
  for (const kernel of kernels) {
    const out = new BareOut();
    kernel.process(records, new Float64Array(records.length).fill(1_767_225_600_000), out);
    records = out.ports[0] ?? [];
  }
}

function frameOf(roots: readonly DataRecord[], edgeCount: number, portCount: number): Frame {
  const frame = new Frame({ roots, edgeCount, portCount });
  const edge = frame.edge(0);
  for (let i = 0; i < roots.length; i++) {
    const record = roots[i] as DataRecord; // i is below the length
    record.time = 1_767_225_600_000;
    edge.push(record, i);
  }
  return frame;
}

/** In place of the sinks. */
function markAll(frame: Frame): Frame {
  for (const root of frame.roots) root.fates |= 2;
  return frame;
}

function toTable(rows: Readonly<Record<'decode' | 'kernels' | 'engine', readonly number[]>>): Table {
  const ns = (values: readonly number[]): number => (median(values) * 1000) / (BATCH * BATCHES);
  const [decode, kernels, engine] = [ns(rows.decode), ns(rows.kernels), ns(rows.engine)];
  return {
    title: `Rx, frames and counting at batches of ${BATCH}`,
    columns: ['part', 'ns/record', 'share of the job'],
    rows: [
      ['decoding', decode, ''],
      ['kernels alone', kernels, ''],
      ['kernels in the stage', engine, ''],
      ['on top', engine - kernels, `${((100 * (engine - kernels)) / (decode + engine)).toFixed(1)} %`],
    ],
    notes: [`${BATCHES} batches, ${rows.engine.length} runs, median; at most 5 %`],
  };
}

function readLines(): string[] {
  const path = join(import.meta.dirname, '..', '..', '.cache', 'bench', 'orders-1000000-7.ndjson');
  if (!existsSync(path)) throw new Error('run `npm run bench -- orders` first: it makes the input');
  const bytes = Buffer.alloc(BATCH * BATCHES * 260);
  const file = openSync(path, 'r');
  const read = readSync(file, bytes, 0, bytes.byteLength, 0);
  closeSync(file);
  return bytes
    .toString('latin1', 0, read)
    .split('\n')
    .slice(0, BATCH * BATCHES);
}
