import type { OutgoingBatch, StageInput, Upstream } from '../../core/broker.ts';
import type { Evidence, Finding } from '../../core/finding.ts';
import { DataRecord, type Epochs, type Header, type Headers, type RecordSource } from '../../core/record.ts';

/**
 * A record of a repartition topic: [meta length u32 LE][value length u32 LE, NULL for none][meta JSON][value].
 * Meta has one-letter names: it stands before every record.
 */
interface Meta {
  /** The value was text. */
  readonly s?: 1;
  /** Key as base64. */
  readonly k?: string;
  readonly t?: number;
  readonly h?: readonly (readonly [string, string | null])[];
  /** Source origin: topic, partition, offset, element, part, input, first offset of the part. */
  readonly o: readonly [string, number, number, number, string | null, string | null, number | null];
  /** Upstream task, its stream time (null: NaN), control. */
  readonly u: readonly [string, number | null, ('end' | 'idle')?];
  readonly f?: readonly Finding[];
  readonly e?: readonly Evidence[];
  readonly d?: Epochs;
}

const HEAD_BYTES = 8;
const NULL_VALUE = 0xffffffff;

export function encodeInternal(batch: OutgoingBatch): Uint8Array {
  const pieces: Buffer[] = [];
  for (let i = 0; i < batch.records.length; i++) {
    const value = batch.values[i] ?? null;
    const meta = Buffer.from(
      JSON.stringify({
        ...(typeof value === 'string' ? { s: 1 } : {}),
        ...metaOf(batch.records[i]!, batch.upstream?.[i]),
      }),
    );
    const bytes = value === null ? undefined : typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUInt32LE(meta.byteLength, 0);
    head.writeUInt32LE(bytes?.byteLength ?? NULL_VALUE, 4);
    pieces.push(head, meta);
    if (bytes !== undefined) pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}

function metaOf(record: DataRecord, upstream: Upstream | undefined): Meta {
  const { source } = record;
  const time = upstream?.time ?? Number.NaN;
  return {
    ...(record.key === null ? {} : { k: Buffer.from(record.key).toString('base64') }),
    ...(Number.isNaN(record.timestamp) ? {} : { t: record.timestamp }),
    ...(record.headers.size === 0 ? {} : { h: record.headers.entries().map(headerPair) }),
    o: [
      source.topic,
      source.partition,
      record.offset,
      record.index,
      source.part ?? null,
      source.input ?? null,
      source.partStart ?? null,
    ],
    u:
      upstream?.control === undefined
        ? [upstream?.task ?? '', Number.isNaN(time) ? null : time]
        : [upstream.task, Number.isNaN(time) ? null : time, upstream.control],
    ...(record.findings.length === 0 ? {} : { f: record.findings }),
    ...(record.evidence.length === 0 ? {} : { e: record.evidence }),
    ...(record.epochs === undefined ? {} : { d: record.epochs }),
  };
}

function headerPair({ name, value }: Header): readonly [string, string | null] {
  return [name, value === null ? null : Buffer.from(value).toString('base64')];
}

export interface InternalRecord {
  readonly record: DataRecord;
  readonly upstream: Upstream;
  readonly bytes: number;
}

/** Reads the record at `at`, undefined when `buffer` ends before it does. Sources are shared by neighbors. */
export class InternalDecoder {
  private readonly input: StageInput;
  private source: RecordSource | undefined;
  private sourceKey = '';

  constructor(input: StageInput) {
    this.input = input;
  }

  decode(buffer: Buffer, at: number): InternalRecord | undefined {
    if (buffer.byteLength - at < HEAD_BYTES) return undefined;
    const metaLength = buffer.readUInt32LE(at);
    const valueLength = buffer.readUInt32LE(at + 4);
    const valueAt = at + HEAD_BYTES + metaLength;
    const end = valueAt + (valueLength === NULL_VALUE ? 0 : valueLength);
    if (buffer.byteLength < end) return undefined;
    const meta = JSON.parse(buffer.toString('utf8', at + HEAD_BYTES, valueAt)) as Meta; // our own file, cut to its durable length
    const record = new DataRecord({
      source: this.sourceOf(meta.o),
      offset: meta.o[2],
      index: meta.o[3],
      payload:
        valueLength === NULL_VALUE
          ? null
          : meta.s === 1
            ? buffer.toString('utf8', valueAt, end)
            : new Uint8Array(buffer.subarray(valueAt, end)),
      codec: this.input.codec,
      key: meta.k === undefined ? null : Buffer.from(meta.k, 'base64'),
      ...(meta.t === undefined ? {} : { timestamp: meta.t }),
      ...(meta.h === undefined ? {} : { headers: headersOf(meta.h) }),
    });
    if (meta.f !== undefined) record.findings = meta.f;
    if (meta.e !== undefined) record.evidence = meta.e;
    record.epochs = meta.d;
    const [task, time, control] = meta.u;
    const base = { task, time: time ?? Number.NaN };
    return { record, upstream: control === undefined ? base : { ...base, control }, bytes: end - at };
  }

  private sourceOf(origin: Meta['o']): RecordSource {
    const [topic, partition, , , part, input, partStart] = origin;
    const key = `${topic}\n${partition}\n${part}\n${input}\n${partStart}`;
    if (this.source === undefined || this.sourceKey !== key) {
      this.sourceKey = key;
      this.source = {
        topic,
        partition,
        ...(part === null ? {} : { part }),
        ...(input === null ? {} : { input }),
        ...(partStart === null ? {} : { partStart }),
      };
    }
    return this.source;
  }
}

function headersOf(pairs: readonly (readonly [string, string | null])[]): Headers {
  return {
    size: pairs.length,
    entries: () =>
      pairs.map(([name, value]) => ({ name, value: value === null ? null : Buffer.from(value, 'base64') })),
  };
}
