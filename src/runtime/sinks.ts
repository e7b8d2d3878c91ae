import type { OutgoingBatch, Upstream } from '../core/broker.ts';
import { type CertificateStamp, certificateText } from '../core/certificate.ts';
import type { Codec } from '../core/codec.ts';
import { FormatError } from '../core/errors.ts';
import { compileField, type FieldSlot } from '../core/field.ts';
import { type DataRecord, FATES } from '../core/record.ts';
import { boundFinding } from '../core/render-findings.ts';
import { fateBit, mark, markSink } from '../topology/fates.ts';
import { Edge, type Frame, mergeByCause, mergeEdges } from '../topology/frame.ts';
import { add } from '../topology/frame-counts.ts';
import type { Plan, SinkPlan, StagePlan } from '../topology/plan.ts';
import { leavingRecord, partitionsBy } from './leaving.ts';
import { QuarantineWriter } from './quarantine-writer.ts';
import { selectFields } from './select-fields.ts';

const CURATED = FATES.indexOf('curated');

/** Whether the topic takes a record of this size. */
type Fits = (topic: string, record: DataRecord, value: string | Uint8Array | null, certificate?: string) => boolean;

/** Fills `frame.outgoing` from the edges that leave the stage, and marks the fate of what stands on them. */
export class Sinks {
  private readonly sinks: readonly SinkWriter[];
  private readonly discards: readonly SinkPlan[];
  private readonly quarantine: QuarantineWriter;

  constructor(plan: Plan, stage: StagePlan, { task, fits }: { readonly task: string; readonly fits: Fits }) {
    const topics = stage.sinks.filter((sink) => sink.kind === 'topic' && sink.role !== 'quarantine');
    const stamp = { topology: plan.name, plan: plan.fingerprint };
    this.sinks = topics.map((sink) =>
      sink.role === 'repartition'
        ? new RepartitionWriter(sink, { fits, stamp }, task)
        : new SinkWriter(sink, { fits, stamp }),
    );
    this.discards = stage.sinks.filter((sink) => sink.kind === 'discard');
    this.quarantine = new QuarantineWriter(
      plan,
      stage.sinks.find((sink) => sink.role === 'quarantine'),
    );
  }

  write(frame: Frame): Frame {
    const passing = frame.tombstones.records.length === 0 ? undefined : this.tombstoneSink(frame);
    for (const sink of this.sinks) sink.write(frame, sink === passing);
    this.quarantine.write(frame);
    for (const sink of this.discards) markSink(frame, sink);
    return frame;
  }

  /** A record without a value passes every step untouched: it goes where curated records go, or on to the next stage. */
  private tombstoneSink(frame: Frame): SinkWriter | undefined {
    const sink =
      this.sinks.find((writer) => writer.isMain) ?? this.sinks.find((writer) => writer.plan.role === 'repartition');
    mark(frame.tombstones, sink === undefined ? 'dropped' : sink.isMain ? 'curated' : 'forwarded');
    return sink;
  }
}

interface SinkContext {
  readonly fits: Fits;
  readonly stamp: CertificateStamp;
}

/** One topic: encodes what its edges hold. A value that cannot be written goes to quarantine instead. */
class SinkWriter {
  readonly plan: SinkPlan;
  readonly isMain: boolean;
  private readonly codec: Codec;
  private readonly fits: Fits;
  private readonly certify: ((record: DataRecord) => string) | undefined;
  private readonly leaving: ((record: DataRecord) => DataRecord) | undefined;
  private readonly partitions: ((records: readonly DataRecord[]) => Int32Array) | undefined;
  private readonly findingsField: FieldSlot | undefined;
  private readonly select: ((record: DataRecord) => DataRecord) | undefined;

  constructor(plan: SinkPlan, { fits, stamp }: SinkContext) {
    this.plan = plan;
    this.fits = fits;
    this.certify = plan.certificate === 'full' ? (record) => certificateText(record, stamp) : undefined;
    this.leaving = leavingRecord(plan);
    this.partitions = plan.partitionBy === undefined ? undefined : partitionsBy(plan.partitionBy);
    this.isMain = plan.fates.some((fate) => fate !== undefined && FATES.indexOf(fate) === CURATED);
    if (plan.codec === undefined) throw new Error(`sink ${plan.topic} has no codec`);
    this.codec = plan.codec;
    this.findingsField = typeof plan.findings === 'object' ? compileField(plan.findings.field) : undefined;
    const select = plan.options?.select;
    this.select = Array.isArray(select) ? selectFields(select) : undefined;
  }

  write(frame: Frame, withTombstones: boolean): void {
    const own = mergeEdges(frame, this.plan.edges);
    const edge = withTombstones ? mergeByCause([own, frame.tombstones]) : own;
    if (edge.records.length === 0) return;
    const written = this.encode(frame, edge);
    if (written === edge) markSink(frame, this.plan);
    else this.markOneByOne(frame, written);
  }

  /** Gives back the edge when everything could be encoded, else what could. */
  private encode(frame: Frame, edge: Edge): Edge {
    const { certify, leaving } = this;
    const records = leaving === undefined ? edge.records : edge.records.map(leaving);
    const certificates = certify === undefined ? undefined : records.map(certify);
    const values: (string | Uint8Array | null)[] = new Array(records.length);
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as DataRecord; // i is below the length
      try {
        const value = this.codec.encode(this.shaped(record));
        if (!this.fits(this.plan.topic ?? '', record, value, certificates?.[i]))
          throw new FormatError(`${this.plan.topic} takes no record of this size`, { code: 'too-large' });
        values[i] = value;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        return this.encode(frame, this.without(frame, edge, i, error));
      }
    }
    if (records.length > 0) frame.outgoing.push(this.batch(records, { values, certificates }));
    return edge;
  }

  /** As the output wants it: fewer fields, findings as one of them. */
  private shaped(record: DataRecord): DataRecord {
    const selected = this.select === undefined ? record : this.select(record);
    return this.findingsField === undefined ? selected : withFindings(selected, this.findingsField);
  }

  protected batch(records: readonly DataRecord[], { values, certificates }: Written): OutgoingBatch {
    const { topic = '', role = 'output', certificate } = this.plan;
    const findings = this.plan.findings === 'header' ? 'header' : 'none';
    return {
      topic,
      role,
      records,
      values,
      findings,
      ...(this.partitions === undefined ? {} : { partitions: this.partitions(records) }),
      ...(certificate === undefined ? {} : { certificates: certificates ?? 'origin' }),
    };
  }

  private without(frame: Frame, edge: Edge, index: number, error: FormatError): Edge {
    const rest = new Edge();
    for (let i = 0; i < edge.records.length; i++) {
      const record = edge.records[i] as DataRecord; // i is below the length
      if (i !== index) rest.push(record, edge.causes[i] ?? -1);
      else {
        const draft = record.edit();
        draft.addFinding({
          step: 'output',
          rule: error.code,
          severity: 'error',
          message: error.message,
          dimension: 'validity',
        });
        draft.editable = false;
        add(frame.counts.findings, `output\0${error.code}\0error`);
        frame.rejected.push({ record: draft, cause: edge.causes[i] ?? -1, step: 'output' });
      }
    }
    return rest;
  }

  /** Rare: something of the sink's edges was not written, so its fates are marked by record. */
  private markOneByOne(frame: Frame, written: Edge): void {
    const left = new Set(written.records);
    for (let i = 0; i < this.plan.edges.length; i++) {
      const edge = frame.edges[this.plan.edges[i] ?? -1];
      const fate = this.plan.fates[i];
      if (edge === undefined || fate === undefined) continue;
      for (const record of edge.records)
        if (left.has(record) && record.root !== undefined) record.root.fates |= fateBit(fate);
    }
  }
}

interface Written {
  readonly values: readonly (string | Uint8Array | null)[];
  readonly certificates: readonly string[] | undefined;
}

function withFindings(record: DataRecord, field: FieldSlot): DataRecord {
  if (record.findings.length === 0) return record;
  const draft = record.edit();
  field.set(draft, record.findings.map(boundFinding));
  return draft;
}

/** Says which upstream task wrote the records, at which stream time. */
class RepartitionWriter extends SinkWriter {
  private readonly task: string;

  constructor(plan: SinkPlan, context: SinkContext, task: string) {
    super(plan, context);
    this.task = task;
  }

  protected override batch(records: readonly DataRecord[], written: Written): OutgoingBatch {
    const { task } = this;
    const upstream = records.map((record): Upstream => ({ task, time: record.time }));
    const batch = super.batch(records, written);
    return this.plan.key === undefined
      ? { ...batch, upstream, partitions: new Int32Array(records.length) }
      : { ...batch, upstream };
  }
}
