import { createHash } from 'node:crypto';
import type { OutgoingBatch, Upstream } from '../../core/broker.ts';
import {
  attemptOf,
  fullCertificate,
  OWN_HEADER_PREFIX,
  originText,
  REDACTED_HEADER,
} from '../../core/outgoing-headers.ts';
import type { DataRecord, RecordSource } from '../../core/record.ts';
import { renderFindings } from '../../core/render-findings.ts';
import { EPOCHS_HEADER, EVIDENCE_HEADER, FINDINGS_HEADER, PASSAGE_HEADER, passageText } from './passage.ts';
import { type BatchWriter, headerName } from './wire/index.ts';

const OWN = Buffer.from(OWN_HEADER_PREFIX);
const ORIGIN = headerName('sluice-origin');
const TOPOLOGY = headerName('sluice-topology');
const STEP = headerName('sluice-step');
const ATTEMPT = headerName('sluice-attempt');
const FINDINGS = headerName(FINDINGS_HEADER);
const PASSAGE = headerName(PASSAGE_HEADER);
const EVIDENCE = headerName(EVIDENCE_HEADER);
const EPOCHS = headerName(EPOCHS_HEADER);
const CERTIFICATE = headerName('sluice-certificate');
const REDACTED = headerName(REDACTED_HEADER);
const STUB = headerName('sluice-stub');

/** Writes records of ours with the headers they leave with (core/outgoing-headers.ts), straight into the batch. */
export class RecordWriter {
  private readonly topology: string;
  private source: RecordSource | undefined;
  private sourceText = '';

  constructor(topology: string) {
    this.topology = topology;
  }

  /** False: the record is too large for any batch of this topic, and nothing was written. */
  write(writer: BatchWriter, batch: OutgoingBatch, index: number): boolean {
    const record = batch.records[index] as DataRecord; // parallel arrays
    writer.begin(record.timestamp, record.key, batch.values[index] ?? null);
    writer.foreignHeaders(record.headers, OWN);
    const upstream = batch.upstream?.[index];
    if (upstream !== undefined) this.passage(writer, record, upstream);
    else if (batch.role !== 'events') this.ownHeaders(writer, batch, index);
    return writer.end();
  }

  /** In place of a record that fits its input but not its own quarantine: size and hash instead of the value, no key and no foreign headers. */
  writeStub(writer: BatchWriter, batch: OutgoingBatch, index: number): boolean {
    const record = batch.records[index] as DataRecord; // parallel arrays
    const value = batch.values[index] ?? null;
    const bytes = typeof value === 'string' ? Buffer.from(value) : (value ?? Buffer.alloc(0));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const stub = { stub: true, bytes: bytes.length, sha256, keyBytes: record.key?.length ?? 0, origin: record.origin };
    writer.begin(record.timestamp, null, JSON.stringify(stub));
    this.ownHeaders(writer, batch, index);
    writer.header(STUB, 'true');
    return writer.end();
  }

  private passage(writer: BatchWriter, record: DataRecord, upstream: Upstream): void {
    writer.header(PASSAGE, passageText(record, upstream));
    if (record.findings.length > 0) writer.header(FINDINGS, JSON.stringify(record.findings));
    if (record.evidence.length > 0) writer.header(EVIDENCE, JSON.stringify(record.evidence));
    if (record.epochs !== undefined) writer.header(EPOCHS, JSON.stringify(record.epochs));
  }

  private ownHeaders(writer: BatchWriter, batch: OutgoingBatch, index: number): void {
    const record = batch.records[index] as DataRecord; // parallel arrays
    writer.header(ORIGIN, this.origin(record));
    if (batch.role === 'quarantine') {
      writer.header(TOPOLOGY, this.topology);
      writer.header(STEP, batch.steps?.[index] ?? 'input');
      writer.header(ATTEMPT, String(attemptOf(record) + 1));
      if (batch.redacted?.[index] === true) writer.header(REDACTED, 'true');
    }
    const certificate = fullCertificate(batch, index);
    if (certificate !== undefined) writer.header(CERTIFICATE, certificate);
    const wanted = batch.role === 'quarantine' || batch.findings === 'header';
    if (wanted && record.findings.length > 0) writer.header(FINDINGS, renderFindings(record.findings));
  }

  /** As originText, of which all but the numbers is the same for a whole batch. */
  private origin(record: DataRecord): string {
    const { source, offset, index } = record;
    if (source.part !== undefined) return originText(record.origin);
    if (source !== this.source) {
      this.source = source;
      this.sourceText = `{"topic":${JSON.stringify(source.topic)},"partition":${source.partition},"offset":`;
    }
    return index < 0 ? `${this.sourceText}${offset}}` : `${this.sourceText}${offset},"index":${index}}`;
  }
}
