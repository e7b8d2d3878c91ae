import type { Codec } from '../../src/core/codec.ts';
import { compileField, type FieldSlot } from '../../src/core/field.ts';
import type { Evidence, Finding } from '../../src/core/finding.ts';
import { DEFAULT_LIMITS, type Kernel, type Operator, type OperatorDeps, type Out } from '../../src/core/operator.ts';
import { DataRecord } from '../../src/core/record.ts';

export interface Emission {
  readonly port: number;
  readonly record: DataRecord;
  readonly at: number;
}

/** Collects what a kernel says, for tests of kernels without a runtime. */
export class CollectOut implements Out {
  at = 0;
  readonly emissions: Emission[] = [];
  readonly findings: Omit<Finding, 'step'>[] = [];
  readonly evidences: Omit<Evidence, 'step'>[] = [];
  readonly counted = new Map<string, number>();
  readonly events: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  readonly absorbed: { readonly at: number; readonly how: 'merged' | 'held' }[] = [];
  readonly step: string;

  constructor(step = 'step') {
    this.step = step;
  }

  emit(port: number, record: DataRecord): void {
    record.editable = false;
    this.emissions.push({ port, record, at: this.at });
  }

  finding(draft: DataRecord | undefined, finding: Omit<Finding, 'step'>): void {
    this.findings.push(finding);
    draft?.addFinding({ ...finding, step: this.step });
  }

  evidence(draft: DataRecord | undefined, evidence: Omit<Evidence, 'step'>): void {
    this.evidences.push(evidence);
    this.countEvidence(evidence.method, 1);
    draft?.addEvidence({ ...evidence, step: this.step });
  }

  countEvidence(method: string, n: number): void {
    this.counted.set(method, (this.counted.get(method) ?? 0) + n);
  }

  event(type: string, data: Readonly<Record<string, unknown>>): void {
    this.events.push({ type, data });
  }

  absorb(how: 'merged' | 'held'): void {
    this.absorbed.push({ at: this.at, how });
  }

  release(): void {}

  port(port: number): DataRecord[] {
    return this.emissions.filter((e) => e.port === port).map((e) => e.record);
  }
}

const jsonCodec: Codec = {
  name: 'json',
  decode: (payload) => JSON.parse(typeof payload === 'string' ? payload : new TextDecoder().decode(payload)),
  encode: (record) => JSON.stringify(record.data),
};

/** A record of decoded data, or of JSON text. */
export function recordOf(data: unknown, offset = 0): DataRecord {
  const source = { topic: 'test', partition: 0 };
  const text = typeof data === 'string' && /^[[{]/.test(data) ? data : JSON.stringify(data);
  return new DataRecord({ source, offset, payload: text, codec: jsonCodec });
}

export interface TestDeps {
  readonly files?: Readonly<Record<string, string>>;
  readonly redact?: readonly string[];
  readonly seed?: number;
  readonly step?: string;
}

export function testDeps(options: TestDeps = {}): OperatorDeps {
  const slots = new Map<string, FieldSlot>();
  return {
    topology: 'test',
    step: options.step ?? 'step',
    field(text) {
      const slot = slots.get(text) ?? compileField(text);
      slots.set(text, slot);
      return slot;
    },
    seed: options.seed ?? 1,
    randomSeed: () => new Uint32Array([1, 2, 3, 4]),
    records: { own: (r) => r, encode: () => new Uint8Array(), decode: () => recordOf({}) },
    readFile(path) {
      const text = options.files?.[path];
      return text === undefined
        ? Promise.reject(new Error(`no file ${path}`))
        : Promise.resolve(new TextEncoder().encode(text));
    },
    redacted: (field) => options.redact?.includes(field) ?? false,
    limits: DEFAULT_LIMITS,
  };
}

/** Runs records through an operator and gives what came out. */
export async function runOperator<C>(
  operator: Operator<C>,
  config: C,
  data: readonly unknown[],
  options: TestDeps & { readonly time?: number } = {},
): Promise<CollectOut> {
  const kernel: Kernel = await operator.create(config, testDeps(options));
  const out = new CollectOut(options.step);
  const records = data.map((value, i) => recordOf(value, i));
  kernel.process(records, new Float64Array(records.length).fill(options.time ?? Number.NaN), out);
  return out;
}
