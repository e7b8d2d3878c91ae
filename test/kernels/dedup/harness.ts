import type { Codec } from '../../../src/core/codec.ts';
import type { FieldSlot } from '../../../src/core/field.ts';
import type { Finding } from '../../../src/core/finding.ts';
import {
  DEFAULT_LIMITS,
  type Kernel,
  type OperatorDeps,
  type OperatorLimits,
  type Out,
} from '../../../src/core/operator.ts';
import { DataRecord, type RecordSource } from '../../../src/core/record.ts';
import type { StatePart } from '../../../src/core/state.ts';

const json: Codec = {
  name: 'json',
  decode: (payload) => JSON.parse(typeof payload === 'string' ? payload : new TextDecoder().decode(payload)),
  encode: (record) => JSON.stringify(record.data),
};

const source: RecordSource = { topic: 'in', partition: 3 };

export function recordOf(value: unknown, offset: number, eventTime = Number.NaN): DataRecord {
  const payload = typeof value === 'string' && value.startsWith('{') ? value : JSON.stringify(value);
  const record = new DataRecord({ source, offset, payload, codec: json });
  record.eventTime = eventTime;
  return record;
}

function slotOf(text: string): FieldSlot {
  const slot: FieldSlot = {
    text,
    many: false,
    get: (record) => {
      const { data } = record;
      return typeof data === 'object' && data !== null && Object.hasOwn(data, text)
        ? Reflect.get(data, text)
        : undefined;
    },
    set: (draft, value) => draft.patch([text], value),
    remove: (draft) => draft.patch([text], undefined),
    expand: () => [slot],
  };
  return slot;
}

let drawn = 0;

/** Every instance draws another hash seed, so that a restored one must take it from the state. */
export function depsOf(limits: Partial<OperatorLimits> = {}): OperatorDeps {
  return {
    topology: 't',
    step: 'once',
    field: slotOf,
    seed: 1,
    randomSeed: () => Uint32Array.of(++drawn, 2, 3, 4),
    records: {
      own: (record) => record,
      encode: (record) => new TextEncoder().encode(JSON.stringify([record.payload, record.offset])),
      decode: (bytes) => {
        const [payload, offset] = JSON.parse(new TextDecoder().decode(bytes));
        return recordOf(payload, offset);
      },
    },
    readFile: () => Promise.reject(new Error('no files here')),
    redacted: () => false,
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
}

/** What left, one line an emission: `out 7`, `duplicates 9 of 7`, `absorb 3`, `release 3`. */
export class Recorder implements Out {
  at = 0;
  readonly lines: string[] = [];
  readonly events: { type: string; data: Readonly<Record<string, unknown>> }[] = [];
  readonly findings: Omit<Finding, 'step'>[] = [];
  private readonly ports = ['out', 'duplicates', 'late', 'rejected'];

  emit(port: number, record: DataRecord): void {
    const winner = record.findings.find((finding) => finding.rule === 'duplicate-of')?.observed;
    const of = typeof winner === 'object' && winner !== null && 'offset' in winner ? ` of ${winner.offset}` : '';
    this.lines.push(`${this.ports[port]} ${record.offset}${of}`);
  }
  finding(draft: DataRecord | undefined, finding: Omit<Finding, 'step'>): void {
    this.findings.push(finding);
    draft?.addFinding({ step: 'once', ...finding });
  }
  evidence(): void {}
  event(type: string, data: Readonly<Record<string, unknown>>): void {
    this.events.push({ type, data });
  }
  absorb(how: 'merged' | 'held'): void {
    this.lines.push(`absorb ${how}`);
  }
  release(record: DataRecord): void {
    this.lines.push(`release ${record.offset}`);
  }
}

/** What a broker keeps: parts by name, each copied, as bytes on disk are. */
export class Store {
  readonly parts = new Map<string, Uint8Array>();
  written = 0;

  take(kernel: Kernel): void {
    const { put, drop } = kernel.checkpoint!();
    for (const name of drop) if (!this.parts.delete(name)) throw new Error(`dropped ${name}, which is not there`);
    for (const part of put) {
      this.parts.set(part.name, part.bytes.slice());
      this.written += part.bytes.length;
    }
  }

  /** Restores in an order of its own: by name, backwards. */
  give(kernel: Kernel): void {
    const names = [...this.parts.keys()].sort().reverse();
    for (const name of names) kernel.restore!({ name, bytes: this.unaligned(name) });
  }

  private unaligned(name: string): StatePart['bytes'] {
    const bytes = this.parts.get(name)!;
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    return shifted.subarray(1);
  }
}

export interface Step {
  readonly value: unknown;
  readonly time: number;
  readonly eventTime?: number;
}

/** Runs `steps` through kernels made by `make`, cut into batches of `cut`; checkpoint and new instance before each index in `restarts`. */
export function run(
  make: () => Kernel,
  steps: readonly Step[],
  options: { readonly cut: number; readonly restarts?: ReadonlySet<number>; readonly end?: boolean },
): { recorder: Recorder; kernel: Kernel; store: Store } {
  const recorder = new Recorder();
  const store = new Store();
  let kernel = make();
  for (let from = 0; from < steps.length; ) {
    let to = Math.min(from + options.cut, steps.length);
    for (let i = from + 1; i < to; i++) if (options.restarts?.has(i)) to = i;
    if (options.restarts?.has(from)) {
      store.take(kernel);
      kernel = make();
      store.give(kernel);
    }
    const part = steps.slice(from, to);
    const records = part.map((step, k) => recordOf(step.value, from + k, step.eventTime ?? step.time));
    kernel.process(
      records,
      Float64Array.from(part, (step) => step.time),
      recorder,
    );
    from = to;
  }
  if (options.end) kernel.onTick?.({ kind: 'end', time: steps.at(-1)?.time ?? 0 }, recorder);
  return { recorder, kernel, store };
}
