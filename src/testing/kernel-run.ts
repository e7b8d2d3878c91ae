import { compileField } from '../core/field.ts';
import {
  DEFAULT_LIMITS,
  type Kernel,
  type Operator,
  type OperatorDeps,
  type OperatorLimits,
} from '../core/operator.ts';
import type { StatePart } from '../core/state.ts';
import { HeldRecords } from '../runtime/record-store.ts';
import { type ContractRecord, recordsOf } from './contract-input.ts';
import { jsonCodec } from './json-codec.ts';
import { RecordingOut } from './recording-out.ts';

export interface KernelRunOptions {
  readonly operator: Operator;
  readonly config: unknown;
  readonly rows: readonly ContractRecord[];
  /** Records a call. */
  readonly cut: number;
  /** Before these records the state is saved and a new instance goes on. */
  readonly restarts?: readonly number[];
  readonly limits?: Partial<OperatorLimits>;
  /** Files an operator asks for at its start. */
  readonly readFile?: OperatorDeps['readFile'];
  /** Fields whose values may not be shown. */
  readonly redact?: readonly string[];
  /** Called with the kernel after every call of process. */
  readonly watch?: (kernel: Kernel) => void;
  /** Without the tick at the end. */
  readonly open?: boolean;
}

let drawn = 0;

/** Every instance draws another hash seed, so that a restored one must take it from the state. */
export function contractDeps(
  options: Pick<KernelRunOptions, 'limits' | 'readFile' | 'redact'>,
  records: HeldRecords,
): OperatorDeps {
  return {
    topology: 'contract',
    step: 'contract',
    field: compileField,
    seed: 42,
    randomSeed: () => Uint32Array.of(++drawn, 17, 99, 4),
    records,
    readFile: options.readFile ?? (() => Promise.reject(new Error('the contract has no files: give readFile'))),
    redacted: (field) => options.redact?.includes(field) ?? false,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    watched: true,
    latenessMs: 0,
  };
}

/** Live parts by name, copied as a disk would. */
class PartStore {
  readonly parts = new Map<string, Uint8Array>();

  take(kernel: Kernel): void {
    const delta = kernel.checkpoint?.();
    if (delta === undefined) return;
    for (const name of delta.drop) this.parts.delete(name);
    for (const { name, bytes } of delta.put) this.parts.set(name, bytes.slice());
  }

  give(kernel: Kernel): void {
    for (const [name, bytes] of this.parts) {
      if (kernel.restore === undefined) throw new Error(`there is a part ${name}, but no restore()`);
      const part: StatePart = { name, bytes: viewOf(bytes) };
      kernel.restore(part);
    }
  }
}

/** Runs an operator alone, as a task would: batches, checkpoints with a new instance after each, an end. */
export async function runKernel(options: KernelRunOptions): Promise<{ out: RecordingOut; kernel: Kernel }> {
  const { operator, config, rows, cut, restarts = [] } = options;
  const out = new RecordingOut(operator.ports(config).map(({ name }) => name));
  const store = new PartStore();
  let held = new HeldRecords([jsonCodec]);
  let kernel = await operator.create(config, contractDeps(options, held));
  held.restored(undefined);
  const { records, time } = recordsOf(rows);
  const stops = [...restarts].filter((at) => at > 0 && at < rows.length).sort((a, b) => a - b);
  for (let from = 0; from < records.length; ) {
    if (stops[0] === from) {
      stops.shift();
      store.take(kernel);
      const table = held.save();
      held = new HeldRecords([jsonCodec]);
      kernel = await operator.create(config, contractDeps(options, held));
      store.give(kernel);
      held.restored(table);
    }
    const to = Math.min(from + cut, stops[0] ?? records.length, records.length);
    const batch = records.slice(from, to);
    out.begin(batch, from);
    kernel.process(batch, time.slice(from, to), out);
    options.watch?.(kernel);
    from = to;
  }
  if (options.open !== true) {
    out.begin([], records.length);
    kernel.onTick?.({ kind: 'end', time: time.at(-1) ?? Number.NaN }, out);
  }
  return { out, kernel };
}

/** As a broker may hand it over: a Buffer that is a view of something larger, at an odd place, whose slice() is no copy. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([255]), bytes, Buffer.from([255])]).subarray(1, bytes.length + 1);
}
