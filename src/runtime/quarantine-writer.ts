import type { Codec } from '../core/codec.ts';
import { FormatError } from '../core/errors.ts';
import { compileField, type FieldSlot } from '../core/field.ts';
import type { DataRecord } from '../core/record.ts';
import { markSink } from '../topology/fates.ts';
import { type Frame, mergeEdges, type Rejected } from '../topology/frame.ts';
import type { Plan, SinkPlan } from '../topology/plan.ts';
import { INPUT_STEP } from './source.ts';

/** Original key and value bytes with every finding; what the runtime itself rejected stands among them in order. */
export class QuarantineWriter {
  private readonly plan: Plan;
  private readonly sink: SinkPlan | undefined;
  private readonly value: (record: DataRecord) => OriginalValue;
  private readonly isRedacted: ((record: DataRecord) => boolean) | undefined;

  constructor(plan: Plan, sink: SinkPlan | undefined) {
    this.plan = plan;
    this.sink = sink;
    this.value = originalValue(plan);
    if (plan.quarantineValue === 'redact' && plan.redact.length > 0) {
      const redacted = plan.redact.map(compileField);
      this.isRedacted = (record) => hasAny(record, redacted);
    }
  }

  write(frame: Frame): void {
    const topic = this.sink?.topic ?? this.plan.quarantineTopic;
    const items = this.items(frame);
    if (this.sink !== undefined) markSink(frame, this.sink);
    if (topic === undefined || items.length === 0) return;
    const records = items.map((item) => item.record);
    frame.outgoing.push({
      topic,
      role: 'quarantine',
      records,
      values: records.map((record) => this.value(record)),
      steps: items.map((item) => item.step),
      ...(this.isRedacted === undefined ? {} : { redacted: records.map(this.isRedacted) }),
      findings: 'header',
    });
  }

  /** In order of cause; what a step rejected before what the runtime did. */
  private items(frame: Frame): readonly Rejected[] {
    const items: Rejected[] = [];
    const { sink } = this;
    if (sink !== undefined) {
      const stepOf = new Map<DataRecord, string>();
      for (let i = 0; i < sink.edges.length; i++) {
        for (const record of frame.edges[sink.edges[i] ?? -1]?.records ?? [])
          stepOf.set(record, sink.steps[i] ?? INPUT_STEP);
      }
      const edge = mergeEdges(frame, sink.edges);
      for (let i = 0; i < edge.records.length; i++) {
        const record = edge.records[i] as DataRecord; // i is below the length
        items.push({ record, cause: edge.causes[i] ?? -1, step: stepOf.get(record) ?? INPUT_STEP });
      }
    }
    if (frame.rejected.length === 0) return items;
    return [...items, ...frame.rejected].sort((a, b) => a.cause - b.cause); // stable
  }
}

type OriginalValue = string | Uint8Array | null;

/** A record as it came, with what `redact:` and `quarantine.value` leave of it; `codec` writes what is not passed on as bytes. */
export function originalValue(plan: Plan, codec?: Codec): (record: DataRecord) => OriginalValue {
  const redacted = plan.redact.map(compileField);
  switch (plan.redact.length === 0 ? 'keep' : plan.quarantineValue) {
    case 'omit':
      return () => null;
    case 'redact':
      return (record) => withoutRedacted(record, redacted, codec ?? record.codec);
    default:
      if (codec !== undefined) return (record) => (record.isTombstone ? null : codec.encode(record));
      return (record) => (record.payload === undefined ? JSON.stringify(record.data) : record.payload);
  }
}

function hasAny(record: DataRecord, slots: readonly FieldSlot[]): boolean {
  try {
    return slots.some((slot) => slot.expand(record).some((one) => one.get(record) !== undefined));
  } catch (error) {
    if (error instanceof FormatError) return false; // its value is left out
    throw error;
  }
}

/** What cannot be decoded cannot be redacted: it is left out. */
function withoutRedacted(record: DataRecord, redacted: readonly FieldSlot[], codec: Codec): OriginalValue {
  try {
    const draft = record.edit();
    for (const slot of redacted) if (slot.get(draft) !== undefined) slot.set(draft, '[redacted]');
    draft.editable = false;
    return codec.encode(draft);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
