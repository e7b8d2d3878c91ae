import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import type { Scalar } from './ballots.ts';

const CAUSE = 'cause';
const MAX_NAME_CHARS = 512;

/** What gathers what is said about items: a vote stream, a resolve stream. */
interface Gathering {
  advance(time: number): void;
  end(): void;
}

interface GatheringState {
  checkpoint(): CheckpointDelta;
  restore(part: StatePart): void;
  /** Ends a restore; a no-op at any other time. */
  finish(): void;
}

/**
 * A stream of items on records: what is said is merged, results leave as derived records. A result is caused by the
 * record in hand, at a tick by the last one seen, which is therefore part of the state.
 */
export abstract class ItemKernel implements Kernel {
  protected readonly deps: OperatorDeps;
  protected abstract readonly stream: Gathering;
  protected abstract readonly state: GatheringState;
  /** Rule of a field that is no name or value. */
  protected abstract readonly fieldRule: string;
  protected out: Out | undefined;
  private cause: DataRecord | undefined;

  constructor(deps: OperatorDeps) {
    this.deps = deps;
  }

  /** One record: emitted, rejected, or absorbed. */
  protected abstract take(record: DataRecord, time: number, out: Out): void;

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    this.state.finish();
    this.out = out;
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.cause = records[i]!;
      this.stream.advance(time[i]!);
      this.take(records[i]!, time[i]!, out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    this.state.finish();
    this.out = out;
    if (this.cause === undefined) return;
    if (tick.kind === 'idle') this.stream.advance(tick.time);
    if (tick.kind === 'end') this.stream.end();
  }

  checkpoint(): CheckpointDelta {
    this.state.finish();
    const delta = this.state.checkpoint();
    if (this.cause === undefined) return delta;
    const stub = DataRecord.derived(this.cause, null);
    return { ...delta, put: [...delta.put, { name: CAUSE, bytes: this.deps.records.encode(stub) }] };
  }

  restore(part: StatePart): void {
    if (part.name === CAUSE) this.cause = this.deps.records.decode(part.bytes);
    else this.state.restore(part);
  }

  /** The name in a field; undefined when it is none, and the record is rejected. */
  protected scalar(record: DataRecord, slot: FieldSlot, out: Out): Scalar | undefined {
    const value = slot.get(record);
    if (isScalar(value)) return value;
    this.reject(record, out, {
      rule: this.fieldRule,
      slot,
      expected: `a text of up to ${MAX_NAME_CHARS} characters, a number or a boolean`,
    });
    return undefined;
  }

  protected reject(
    record: DataRecord,
    out: Out,
    why: { readonly rule: string; readonly slot: FieldSlot; readonly expected: string },
  ): void {
    const draft = record.edit();
    out.finding(draft, {
      rule: why.rule,
      severity: 'error',
      field: why.slot.text,
      ...(this.deps.redacted(why.slot.text) ? {} : { observed: why.slot.get(record) ?? null }),
      expected: why.expected,
      dimension: 'validity',
    });
    out.emit(this.rejectedPort, draft);
  }

  /** A result, keyed by its item. */
  protected derive(port: number, item: Scalar, data: unknown): void {
    this.out!.emit(port, DataRecord.derived(this.cause!, data, new TextEncoder().encode(String(item))));
  }

  protected abstract readonly rejectedPort: number;
}

export function isScalar(value: unknown): value is Scalar {
  if (typeof value === 'string') return value.length > 0 && value.length <= MAX_NAME_CHARS;
  return (typeof value === 'number' && Number.isFinite(value)) || typeof value === 'boolean';
}
