import { Value } from '@sinclair/typebox/value';
import { compileField } from '../../core/field.ts';
import { DEFAULT_LIMITS, type Operator, type OperatorDeps, type Out } from '../../core/operator.ts';
import { DataRecord } from '../../core/record.ts';
import { jsonCodec } from '../../formats/json/codec.ts';
import { HeldRecords } from '../../runtime/record-store.ts';

export interface Applied {
  /** Value of each record as it left, by any port, in order. */
  readonly values: readonly unknown[];
  /** Findings of severity error and others by rule, and per record whether one had severity error. */
  readonly findings: ReadonlyMap<string, number>;
  readonly rejected: Uint8Array;
}

/** Runs an operator without state over values: what its step in a topology would do to them. */
export async function applyOperator<C>(operator: Operator<C>, config: C, values: readonly unknown[]): Promise<Applied> {
  const codec = jsonCodec();
  const deps: OperatorDeps = {
    topology: 'profile',
    step: operator.name,
    field: compileField,
    seed: 0,
    randomSeed: () => new Uint32Array(4),
    records: new HeldRecords([codec]),
    readFile: () => Promise.reject(new Error('a suggestion names no file')),
    redacted: () => false,
    limits: DEFAULT_LIMITS,
  };
  const full = Value.Default(operator.config, structuredClone(config)) as C; // the same with defaults
  const kernel = await operator.create(full, deps);
  const source = { topic: 'profiled', partition: 0 };
  const records = values.map((data, offset) => new DataRecord({ source, offset, codec, payload: undefined, data }));
  const left: unknown[] = [];
  const findings = new Map<string, number>();
  const rejected = new Uint8Array(values.length);
  const out: Out = {
    at: 0,
    emit: (_port, record) => void left.push(record.data),
    finding(_draft, { rule, severity }) {
      findings.set(rule, (findings.get(rule) ?? 0) + 1);
      if (severity === 'error') rejected[out.at] = 1;
    },
    evidence: () => {},
    countEvidence: () => {},
    event: () => {},
    absorb: () => {},
    release: () => {},
  };
  kernel.process(records, new Float64Array(records.length).fill(Number.NaN), out);
  return { values: left, findings, rejected };
}
