import type { StageInput, TaskId, Upstream } from '../../core/broker.ts';
import { OWN_HEADER_PREFIX } from '../../core/outgoing-headers.ts';
import { DataRecord, fixedHeaders, type Header, type Headers, type RecordSource } from '../../core/record.ts';
import { PassageReader } from './passage.ts';
import { type RecordSink, WireHeaders } from './wire/index.ts';

/** Makes records of what a fetch holds: payload, key and headers stay views of the response until somebody looks. */
export class InputSink implements RecordSink {
  /** Bytes of the records not taken yet. */
  size = 0;
  private records: DataRecord[] = [];
  private readonly input: StageInput;
  private readonly source: RecordSource;
  private readonly limit: () => number;
  private readonly headersOf: (headers: Headers) => Headers;

  /** `limit`: records from this offset on are left out; `isOurs`: Sluice wrote the topic, its headers are believed. */
  constructor(
    task: Pick<TaskId, 'topic' | 'partition'>,
    input: StageInput,
    limit: () => number,
    { isOurs = false }: { readonly isOurs?: boolean } = {},
  ) {
    const { topic, partition } = task;
    this.headersOf = isOurs ? (headers) => headers : foreign;
    this.input = input;
    this.source = { topic, partition, ...(input.name === undefined ? {} : { input: input.name }) };
    this.limit = limit;
  }

  record(offset: number, timestamp: number, key: Buffer | null, value: Buffer | null, headers: Headers): void {
    if (offset >= this.limit()) return;
    this.size += (key?.length ?? 0) + (value?.length ?? 0);
    this.records.push(
      new DataRecord({
        source: this.source,
        offset,
        payload: value,
        codec: this.input.codec,
        timestamp: timestamp < 0 ? Number.NaN : timestamp,
        key,
        headers: this.headersOf(headers),
      }),
    );
  }

  take(): { readonly records: readonly DataRecord[]; readonly bytes: number } {
    const { records, size } = this;
    this.records = [];
    this.size = 0;
    return { records, bytes: size };
  }
}

/** As InputSink, for a topic between two stages: records keep the origin, findings and evidence they had. */
export class PassageSink implements RecordSink {
  size = 0;
  private records: DataRecord[] = [];
  private upstream: Upstream[] = [];
  private positions: number[] = [];
  private readonly task: TaskId;
  private readonly input: StageInput;
  private readonly limit: () => number;
  private readonly passages = new PassageReader();

  constructor(task: TaskId, input: StageInput, limit: () => number) {
    this.task = task;
    this.input = input;
    this.limit = limit;
  }

  record(offset: number, timestamp: number, key: Buffer | null, value: Buffer | null, headers: Headers): void {
    if (offset >= this.limit()) return;
    const entries = headers.entries();
    const passage = this.passages.read(entries, { topic: this.task.topic, offset });
    const record = new DataRecord({
      source: passage.source,
      offset: passage.offset,
      index: passage.index,
      payload: value,
      codec: this.input.codec,
      timestamp: timestamp < 0 ? Number.NaN : timestamp,
      key,
      headers: listed(entries),
    });
    record.eventTime = passage.eventTime;
    record.findings = passage.findings;
    record.evidence = passage.evidence;
    this.size += (key?.length ?? 0) + (value?.length ?? 0);
    this.records.push(record);
    this.upstream.push(passage.upstream);
    this.positions.push(offset);
  }

  take() {
    const { records, size, upstream } = this;
    const positions = Float64Array.from(this.positions);
    this.records = [];
    this.upstream = [];
    this.positions = [];
    this.size = 0;
    return { records, bytes: size, upstream, positions };
  }
}

const OWN = Buffer.from(OWN_HEADER_PREFIX);

/** Headers of ours on a topic that is not are somebody's word, not ours: they are left out. */
function foreign(headers: Headers): Headers {
  if (headers.size === 0 || (headers instanceof WireHeaders && !headers.bytes.includes(OWN))) return headers;
  return listed(headers.entries());
}

function listed(entries: readonly Header[]): Headers {
  return fixedHeaders(entries.filter(({ name }) => !name.startsWith(OWN_HEADER_PREFIX)));
}
