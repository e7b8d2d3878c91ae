import { Value } from '@sinclair/typebox/value';
import { compileField } from '../../src/core/field.ts';
import { DEFAULT_LIMITS, type Kernel, type Operator, type OperatorDeps, type Out } from '../../src/core/operator.ts';
import { DataRecord } from '../../src/core/record.ts';
import type { StatePart } from '../../src/core/state.ts';

const codec = {
  name: 'json',
  decode: (payload: Uint8Array | string): unknown => JSON.parse(String(payload)),
  encode: (record: DataRecord) => JSON.stringify(record.data),
};

export interface Step {
  readonly value: unknown;
  readonly time?: number;
  readonly input?: string;
}

export interface Trace {
  /** `{port: [values]}` in order. */
  readonly out: Readonly<Record<string, readonly unknown[]>>;
  readonly events: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
  readonly findings: readonly string[];
  /** Absorbed plus records that left with their own root. */
  readonly accounted: number;
  /** Everything in order, with causes: two runs are equal when this is. */
  readonly lines: readonly string[];
}

export interface RunOptions {
  readonly cut?: number;
  /** Checkpoint and restore into a fresh kernel after these numbers of records. */
  readonly restartAt?: readonly number[];
  readonly end?: boolean;
}

const deps: OperatorDeps = {
  topology: 't',
  step: 's',
  field: compileField,
  seed: 7,
  randomSeed: () => Uint32Array.of(1, 2, 3, 4),
  records: {
    own: (record) => record,
    encode: (record) => new TextEncoder().encode(JSON.stringify([record.offset, record.data, record.source])),
    decode: (bytes) => {
      const [offset, value, source] = JSON.parse(new TextDecoder().decode(bytes));
      return new DataRecord({ source, offset, payload: JSON.stringify(value), codec });
    },
  },
  readFile: () => Promise.reject(new Error('no files here')),
  redacted: () => false,
  limits: DEFAULT_LIMITS,
};

/** Config with its defaults, checked as the loader would. */
export function configure<C>(operator: Operator<C>, config: unknown): C {
  const full: unknown = Value.Default(operator.config, structuredClone(config));
  if (!Value.Check(operator.config, full))
    throw new Error(
      [...Value.Errors(operator.config, full)].map(({ path, message }) => `${path} ${message}`).join('\n'),
    );
  return full as C; // checked above
}

export async function runOperator<C>(
  operator: Operator<C>,
  config: unknown,
  steps: readonly Step[],
  { cut = 500, restartAt = [], end = true }: RunOptions = {},
): Promise<Trace> {
  const full = configure(operator, config);
  const ports = operator.ports(full).map(({ name }) => name);
  const recorder = new Recorder(ports);
  const parts = new Map<string, StatePart>();
  let kernel: Kernel = await operator.create(full, deps);
  const records = steps.map(
    ({ value, input }, offset) =>
      new DataRecord({
        source: { topic: 'in', partition: 0, ...(input === undefined ? {} : { input }) },
        offset,
        payload: JSON.stringify(value),
        codec,
      }),
  );
  let from = 0;
  while (from < records.length) {
    let to = Math.min(records.length, from + cut);
    for (const stop of restartAt) if (stop > from && stop < to) to = stop;
    recorder.from = from;
    kernel.process(
      records.slice(from, to),
      Float64Array.from(steps.slice(from, to), ({ time }) => time ?? Number.NaN),
      recorder,
    );
    from = to;
    if (!restartAt.includes(from)) continue;
    const delta = kernel.checkpoint!();
    for (const part of delta.put) parts.set(part.name, part);
    for (const name of delta.drop) parts.delete(name);
    kernel = await operator.create(full, deps);
    for (const part of parts.values()) kernel.restore!(part);
  }
  if (end) kernel.onTick?.({ kind: 'end', time: steps.at(-1)?.time ?? Number.NaN }, recorder);
  return recorder;
}

class Recorder implements Out, Trace {
  at = 0;
  from = 0;
  accounted = 0;
  readonly out: Record<string, unknown[]> = {};
  readonly events: { type: string; data: Readonly<Record<string, unknown>> }[] = [];
  readonly findings: string[] = [];
  readonly lines: string[] = [];
  private readonly ports: readonly string[];

  constructor(ports: readonly string[]) {
    this.ports = ports;
  }
  emit(port: number, record: DataRecord): void {
    record.editable = false;
    if (record.root !== undefined) this.accounted++;
    const name = this.ports[port]!;
    this.out[name] ??= [];
    this.out[name].push(record.data);
    this.lines.push(
      `${name} ${record.offset} ${record.key === null ? '' : new TextDecoder().decode(record.key)} ${JSON.stringify(record.data)}`,
    );
  }
  finding(draft: DataRecord | undefined, finding: Parameters<Out['finding']>[1]): void {
    draft?.addFinding({ ...finding, step: 's' });
    this.findings.push(finding.rule);
  }
  evidence(draft: DataRecord | undefined, evidence: Parameters<Out['evidence']>[1]): void {
    draft?.addEvidence({ ...evidence, step: 's' });
  }
  event(type: string, data: Readonly<Record<string, unknown>>): void {
    this.events.push({ type, data });
    this.lines.push(`event ${type} ${JSON.stringify(data)}`);
  }
  absorb(): void {
    this.accounted++;
  }
  release(): void {}
}

/** A bare kernel and a way to feed it numbered values. */
export async function makeKernel<C>(operator: Operator<C>, config: C, value: (n: number) => unknown) {
  const kernel = await operator.create(config, deps);
  const recorder = new Recorder(operator.ports(config).map(({ name }) => name));
  const feed = (from: number, to: number): void => {
    const records: DataRecord[] = [];
    for (let n = from; n < to; n++)
      records.push(
        new DataRecord({ source: { topic: 'in', partition: 0 }, offset: n, payload: JSON.stringify(value(n)), codec }),
      );
    kernel.process(records, new Float64Array(records.length).fill(Number.NaN), recorder);
  };
  return { kernel, feed };
}
