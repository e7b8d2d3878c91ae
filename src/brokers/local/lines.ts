import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { OutgoingBatch } from '../../core/broker.ts';
import type { Codec } from '../../core/codec.ts';
import { quoted } from '../../core/json-text.ts';
import { attemptOf, foreignHeaders } from '../../core/outgoing-headers.ts';
import type { DataRecord } from '../../core/record.ts';
import { renderEvidence, renderFindings } from '../../core/render-findings.ts';
import { isoText } from '../../core/time.ts';
import { originJson } from './origin-json.ts';
import type { Append } from './outputs.ts';
import { type BufferPool, TextBuffer } from './text-buffer.ts';

/** A quarantined value beyond this leaves as a stub. */
export const MAX_QUARANTINE_VALUE_BYTES = 1024 * 1024;

type Value = string | Uint8Array | null;

/** The lines of one commit, by file, in order of arrival. Text is joined once a batch. */
export class CommitLines {
  private readonly files = new Map<string, TextBuffer>();
  private readonly pool: BufferPool;

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  /** `lineOf` turns an encoded value into one line without its end; `header` is written first when `isNew(file)`. */
  add(batch: OutgoingBatch, format: LineFormat): void {
    if (batch.role === 'quarantine') this.quarantine(batch);
    else if (batch.role === 'events') this.values(`${batch.topic}.ndjson`, batch, oneLine);
    else {
      const file = `${batch.topic}.${format.extension}`;
      const first = batch.records[0];
      if (first !== undefined && format.isNew(file) && !this.files.has(file)) {
        const header = format.header?.(first);
        if (header !== undefined) this.of(file).add(`${header}\n`);
      }
      this.values(file, batch, format.lineOf);
      if (batch.findings === 'header') this.findings(batch);
      if (batch.certificates !== undefined) this.certificates(batch, batch.certificates);
    }
  }

  appends(): Append[] {
    return [...this.files].map(([file, text]) => ({ file, chunks: text.chunks() }));
  }

  /** What appends() gave is written: its memory serves the next commit. */
  written(): void {
    for (const text of this.files.values()) this.pool.give(text.buffers);
    this.files.clear();
  }

  private of(file: string): TextBuffer {
    let text = this.files.get(file);
    if (text === undefined) {
      text = new TextBuffer(this.pool);
      this.files.set(file, text);
    }
    return text;
  }

  private values(file: string, { values, records }: OutgoingBatch, lineOf: LineFormat['lineOf']): void {
    if (values.length === 0) return;
    const text = this.of(file);
    const lines: string[] = new Array(values.length);
    let filled = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      // a record read from a line holds no line break, and no codec adds one
      const line =
        lineOf === oneLine && typeof value === 'string' && records[i]?.source.isLine === true ? value : lineOf(value);
      if (typeof line === 'string') {
        lines[filled++] = line;
        continue;
      }
      if (filled > 0) text.add(joinLines(lines, filled));
      filled = 0;
      text.add(line);
      text.add('\n');
    }
    if (filled > 0) text.add(joinLines(lines, filled));
  }

  private findings(batch: OutgoingBatch): void {
    const lines: string[] = [];
    for (const record of batch.records)
      if (record.findings.length + record.evidence.length > 0)
        lines.push(
          `{"origin":${originJson(record)},"findings":${renderFindings(record.findings)}${evidenceKey(record)}}`,
        );
    if (lines.length > 0) this.of(findingsFile(batch.topic)).add(joinLines(lines, lines.length));
  }

  /** Line n belongs to record n of the topic. */
  private certificates({ topic, records }: OutgoingBatch, certificates: 'origin' | readonly string[]): void {
    const lines =
      certificates === 'origin' ? records.map((record) => `{"origin":${originJson(record)}}`) : [...certificates];
    if (lines.length > 0) this.of(certificatesFile(topic)).add(joinLines(lines, lines.length));
  }

  private quarantine(batch: OutgoingBatch): void {
    const lines: string[] = new Array(batch.records.length);
    for (let i = 0; i < lines.length; i++)
      lines[i] = quarantineLine(batch.records[i]!, batch.values[i] ?? null, {
        step: batch.steps?.[i],
        redacted: batch.redacted?.[i],
      });
    if (lines.length > 0) this.of(`${batch.topic}.ndjson`).add(joinLines(lines, lines.length));
  }
}

/** Where findings on a topic's records go. */
export function findingsFile(topic: string): string {
  return `${topic}.findings.ndjson`;
}

/** Where certificates of a topic's records go. */
export function certificatesFile(topic: string): string {
  return `${topic}.certificates.ndjson`;
}

export interface LineFormat {
  readonly extension: string;
  readonly lineOf: (value: Value) => string | Uint8Array;
  /** First line of a new file. */
  readonly header?: ((first: DataRecord) => string | undefined) | undefined;
  /** True while nothing was ever committed to the file. */
  isNew(file: string): boolean;
}

/** How values that `codec` encoded become a file. Quoted cells of csv may span lines; other values take one. */
export function lineFormatOf(codec: Codec | undefined): Omit<LineFormat, 'isNew'> {
  switch (codec?.name) {
    case 'csv':
      return { extension: 'csv', lineOf: asItIs, header: codec.header };
    case 'text':
      return { extension: 'txt', lineOf: asItIs };
    case 'bytes':
      return { extension: 'bin', lineOf: asItIs };
    default:
      return { extension: 'ndjson', lineOf: oneLine };
  }
}

function asItIs(value: Value): string | Uint8Array {
  return value ?? '';
}

/** The changes to a record, as a further key of its line. */
function evidenceKey({ evidence }: DataRecord): string {
  return evidence.length === 0 ? '' : `,"evidence":${renderEvidence(evidence)}`;
}

/** One join for all lines of a batch. */
function joinLines(lines: string[], count: number): string {
  if (lines.length !== count) lines.length = count;
  lines.push('');
  return lines.join('\n');
}

/** A value that may span lines, on one line. Raw line breaks are legal JSON only between tokens, so they can go. */
export function oneLine(value: Value): string | Uint8Array {
  if (value === null) return 'null';
  if (typeof value === 'string') return value.includes('\n') ? value.replace(/[\r\n]+/g, '') : value;
  if (!value.includes(10)) return value;
  return value.filter((byte) => byte !== 10 && byte !== 13);
}

/** One line of quarantine: the value as it came (raw JSON, else text, else base64) with why, where from and at which stream time. */
export function quarantineLine(
  record: DataRecord,
  value: Value,
  { step, redacted }: { readonly step?: string | undefined; readonly redacted?: boolean | undefined },
): string {
  let line = `{${valueField(value, isKnownJson(record))},"findings":${renderFindings(record.findings)}${evidenceKey(record)},"origin":${originJson(record)}`;
  if (step !== undefined) line += `,"step":${quoted(step)}`;
  if (record.codec.names !== undefined && record.payload !== undefined)
    line += `,"columns":${JSON.stringify(record.codec.names)}`;
  if (record.key !== null) line += `,${bytesField('key', record.key)}`;
  if (!Number.isNaN(record.timestamp)) line += `,"timestamp":${record.timestamp}`;
  if (Number.isFinite(record.time)) line += `,"time":"${isoText(record.time)}"`;
  const headers = foreignHeaders(record);
  if (headers.length > 0) line += `,"headers":[${headers.map(headerJson).join()}]`;
  const attempt = attemptOf(record) + 1;
  if (attempt > 1) line += `,"attempt":${attempt}`;
  if (redacted === true) line += ',"redacted":true';
  return `${line}}`;
}

function headerJson(header: { readonly name: string; readonly value: Uint8Array | null }): string {
  const value = header.value === null ? '"value":null' : bytesField('value', header.value);
  return `{"name":${JSON.stringify(header.name)},${value}}`;
}

function bytesField(name: string, bytes: Uint8Array): string {
  if (isUtf8(bytes)) return `"${name}":${JSON.stringify(Buffer.from(bytes).toString())}`;
  return `"${name}Base64":"${Buffer.from(bytes).toString('base64')}"`;
}

/** True, or false, where decoding has shown it already; undefined: the value itself must say. A failed parse costs as much as a record. */
function isKnownJson(record: DataRecord): boolean | undefined {
  if (record.codec.name !== 'json' || record.findings.length === 0) return undefined;
  const first = record.findings[0];
  return first?.step !== 'input' || first.rule !== 'undecodable';
}

function valueField(value: Value, isJson: boolean | undefined): string {
  if (value === null) return '"value":null';
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.byteLength;
  if (length > MAX_QUARANTINE_VALUE_BYTES)
    return `"stub":{"bytes":${length},"sha256":"${createHash('sha256').update(value).digest('hex')}"}`;
  if (typeof value !== 'string') {
    if (!isUtf8(value)) return `"valueBase64":"${Buffer.from(value).toString('base64')}"`;
    return valueField(Buffer.from(value).toString(), isJson);
  }
  if (isJson ?? parses(value)) return `"value":${oneLine(value)}`;
  return `"valueText":${JSON.stringify(value)}`;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // not JSON: that is what the line is about
  }
}
