import type { OutgoingBatch } from './broker.ts';
import type { DataRecord, Header, Origin } from './record.ts';
import { renderEvidence, renderFindings } from './render-findings.ts';

/** Headers of ours begin so; on input they are stripped unless the topic is ours. */
export const OWN_HEADER_PREFIX = 'sluice-';
/** On a record in quarantine whose value is not what came: fields were replaced. */
export const REDACTED_HEADER = `${OWN_HEADER_PREFIX}redacted`;

const encoder = new TextEncoder();

/** Compact JSON of where a record came from, as it stands in the header `sluice-origin`. */
export function originText(origin: Origin): string {
  return JSON.stringify(origin);
}

/** The headers record `index` of a batch leaves with: its own, then ours (DESIGN 7). */
export function outgoingHeaders(batch: OutgoingBatch, index: number, topology: string): readonly Header[] {
  const record = batch.records[index]!;
  const headers = foreignHeaders(record);
  if (batch.role === 'events') return headers;
  headers.push(header('origin', originText(record.origin)));
  if (batch.role === 'quarantine') {
    headers.push(header('topology', topology), header('step', batch.steps?.[index] ?? 'input'));
    headers.push(attemptHeader(attemptOf(record) + 1));
    if (batch.redacted?.[index] === true) headers.push(header('redacted', 'true'));
  }
  const certificate = fullCertificate(batch, index);
  if (certificate !== undefined) headers.push(header('certificate', certificate));
  const wanted = batch.role === 'quarantine' || batch.findings === 'header';
  if (wanted && record.findings.length > 0) headers.push(header('findings', renderFindings(record.findings)));
  if (wanted && record.evidence.length > 0) headers.push(header('evidence', renderEvidence(record.evidence)));
  return headers;
}

/** Text of the header `sluice-certificate`, where the output asks for it. */
export function fullCertificate({ certificates }: OutgoingBatch, index: number): string | undefined {
  return typeof certificates === 'object' ? certificates[index] : undefined;
}

/** The headers a record came with, without ours. */
export function foreignHeaders(record: DataRecord): Header[] {
  if (record.headers.size === 0) return [];
  return record.headers.entries().filter(({ name }) => !name.startsWith(OWN_HEADER_PREFIX));
}

/** How often the record had been in quarantine before: it came back with the header. */
export function attemptOf(record: DataRecord): number {
  if (record.headers.size === 0) return 0;
  const found = record.headers.entries().find(({ name }) => name === `${OWN_HEADER_PREFIX}attempt`);
  const count = found?.value == null ? 0 : Number(new TextDecoder().decode(found.value));
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** What attemptOf finds; on a record that came back. */
export function attemptHeader(attempt: number): Header {
  return header('attempt', String(attempt));
}

function header(name: string, text: string): Header {
  return { name: `${OWN_HEADER_PREFIX}${name}`, value: encoder.encode(text) };
}
