import { compileField } from '../../src/core/field.ts';
import { DEFAULT_LIMITS, type Kernel, type OperatorDeps, type Out } from '../../src/core/operator.ts';
import { DataRecord } from '../../src/core/record.ts';
import type { StatePart } from '../../src/core/state.ts';
import { type DetectDriftConfig, detectDrift } from '../../src/operators/detect-drift.ts';
import { jsonCodec } from '../../src/testing/json-codec.ts';
import { configure } from './vote-harness.ts';

export interface DriftEvent {
  readonly type: string;
  readonly at: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by name
  readonly data: any;
}

export interface DriftRunOptions {
  readonly partition?: number;
  readonly deps?: Partial<OperatorDeps>;
}

/** A detect-drift step alone: values in, events out. */
export class DriftRun implements Out {
  at = 0;
  readonly events: DriftEvent[] = [];
  emitted = 0;
  kernel: Kernel;
  private readonly parts = new Map<string, Uint8Array>();
  private readonly config: DetectDriftConfig;
  private readonly deps: OperatorDeps;
  private readonly partition: number;
  private offset = 0;

  private constructor(config: DetectDriftConfig, deps: OperatorDeps, kernel: Kernel, partition: number) {
    this.config = config;
    this.deps = deps;
    this.kernel = kernel;
    this.partition = partition;
  }

  static async start(config: unknown, { partition = 0, deps = {} }: DriftRunOptions = {}): Promise<DriftRun> {
    const full = configure(detectDrift, config);
    const all: OperatorDeps = {
      topology: 't',
      step: 's',
      field: compileField,
      seed: 7,
      randomSeed: () => Uint32Array.of(1, 2, 3, 4),
      records: { own: (record) => record, encode: () => new Uint8Array(), decode: () => fail() },
      readFile: () => Promise.reject(new Error('no files here')),
      redacted: () => false,
      limits: DEFAULT_LIMITS,
      ...deps,
    };
    return new DriftRun(full, all, await detectDrift.create(full, all), partition);
  }

  /** `lagOf`: milliseconds from event time to arrival. */
  push(
    rows: readonly unknown[],
    timeOf: (i: number) => number = () => Number.NaN,
    lagOf?: (i: number) => number,
  ): this {
    const source = { topic: 'in', partition: this.partition };
    const records: DataRecord[] = [];
    const time = new Float64Array(rows.length);
    for (const [i, data] of rows.entries()) {
      const { offset } = this;
      time[i] = timeOf(this.offset++);
      const timestamp = lagOf === undefined ? {} : { timestamp: time[i]! + lagOf(offset) };
      const record = new DataRecord({ source, offset, payload: undefined, codec: jsonCodec, data, ...timestamp });
      record.eventTime = time[i]!;
      records.push(record);
    }
    this.kernel.process(records, time, this);
    return this;
  }

  /** A checkpoint, and a new instance goes on from it. Gives the bytes written. */
  async restart(): Promise<number> {
    const bytes = this.save();
    this.kernel = await detectDrift.create(this.config, this.deps);
    for (const [name, part] of this.parts) {
      const copy: StatePart = { name, bytes: part.slice() };
      this.kernel.restore!(copy);
    }
    return bytes;
  }

  save(): number {
    const { put, drop } = this.kernel.checkpoint!();
    for (const name of drop) this.parts.delete(name);
    for (const { name, bytes } of put) this.parts.set(name, bytes.slice());
    return put.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  of(type: string): readonly DriftEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  get alarms(): readonly DriftEvent[] {
    return this.of('drift.alarm');
  }

  emit(_port: number, record: DataRecord): void {
    record.editable = false;
    this.emitted++;
  }
  event(type: string, data: Readonly<Record<string, unknown>>): void {
    this.events.push({ type, at: this.offset, data });
  }
  finding(): void {}
  evidence(): void {}
  absorb(): void {}
  release(): void {}
}

function fail(): never {
  throw new Error('nothing is held');
}
