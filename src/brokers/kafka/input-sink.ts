import type { Batch, StageInput, TaskId, Upstream } from '../../core/broker.ts';
import { attemptHeader, OWN_HEADER_PREFIX } from '../../core/outgoing-headers.ts';
import { DataRecord, fixedHeaders, type Header, type Headers, type RecordSource } from '../../core/record.ts';
import { PassageReader } from './passage.ts';
import { REPLAY_HEADER, type ReplayMark, type ReplayMarks } from './replay-mark.ts';
import { BatchValueReader } from './value-reader.ts';
import { type RecordSink, WireHeaders } from './wire/index.ts';

/** Makes records of what a fetch holds: key, headers and what is no value of a known shape stay views of the response until somebody looks. */
export class InputSink implements RecordSink {
  /** Bytes of the records not taken yet. */
  size = 0;
  private records: DataRecord[] = [];
  private readonly input: StageInput;
  private readonly source: RecordSource;
  private readonly limit: () => number;
  private readonly options: InputSinkOptions;
  private readonly values: BatchValueReader | undefined;
  /** Of every record, once one has come back from quarantine: such records keep the origin they had. */
  private positions: number[] | undefined;

  /** `limit`: records from this offset on are left out. */
  constructor(
    task: Pick<TaskId, 'topic' | 'partition'>,
    input: StageInput,
    limit: () => number,
    options: InputSinkOptions = {},
  ) {
    const { topic, partition } = task;
    this.options = options;
    this.input = input;
    this.source = { topic, partition, ...(input.name === undefined ? {} : { input: input.name }) };
    this.limit = limit;
    this.values = options.readsValues === true ? valuesOf(input) : undefined;
  }

  open(batch: Buffer): void {
    this.values?.open(batch);
  }

  record(offset: number, timestamp: number, key: Buffer | null, value: Buffer | null, headers: Headers): void {
    if (offset >= this.limit()) return;
    this.size += (key?.length ?? 0) + (value?.length ?? 0);
    const claims = this.options.isOurs !== true && hasOwn(headers) ? headers.entries() : undefined;
    const mark = claims && this.markOf(claims, { offset, key, value });
    if (mark !== undefined) this.positions ??= this.records.map((record) => record.offset);
    this.positions?.push(offset);
    const read = readValue(this.values, value);
    this.records.push(
      new DataRecord({
        source: this.source,
        offset: mark?.origin.offset ?? offset,
        index: mark?.origin.index ?? -1,
        payload: read === undefined ? value : read.payload,
        data: read?.data,
        layout: read?.layout,
        layoutAt: read === undefined ? 0 : read.layoutAt,
        codec: this.input.codec,
        timestamp: timestamp < 0 ? Number.NaN : timestamp,
        key,
        headers: claims === undefined ? headers : listed(claims, mark?.attempt),
      }),
    );
  }

  take(): Pick<Batch, 'records' | 'bytes' | 'positions'> {
    const { records, size, positions } = this;
    this.records = [];
    this.size = 0;
    this.positions = undefined;
    return { records, bytes: size, ...(positions === undefined ? {} : { positions: Float64Array.from(positions) }) };
  }

  /** Undefined where there is none, or none that was signed for this record at this place. */
  private markOf(claims: readonly Header[], { offset, key, value }: Marked): ReplayMark | undefined {
    const header = claims.find(({ name }) => name === REPLAY_HEADER);
    if (header === undefined) return undefined;
    const { topic, partition } = this.source;
    const mark = this.options.marks?.read(header, { key, value });
    if (mark?.origin.topic === topic && mark.origin.partition === partition) return mark;
    this.options.onRefused?.(offset);
    return undefined;
  }
}

export interface InputSinkOptions {
  /** Sluice wrote the topic: its headers are believed, and kept. */
  readonly isOurs?: boolean;
  /** Who may have sent records back from quarantine. */
  readonly marks?: ReplayMarks;
  /** A record says that it came back, and nothing proves it: it is taken as any other. */
  readonly onRefused?: (offset: number) => void;
  /** Values of a known shape are read at once, and are text then; else all stay bytes. */
  readonly readsValues?: boolean;
}

interface Marked {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
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
  private readonly values: BatchValueReader | undefined;

  constructor(task: TaskId, input: StageInput, limit: () => number) {
    this.task = task;
    this.input = input;
    this.limit = limit;
    this.values = valuesOf(input);
  }

  open(batch: Buffer): void {
    this.values?.open(batch);
  }

  record(offset: number, timestamp: number, key: Buffer | null, value: Buffer | null, headers: Headers): void {
    if (offset >= this.limit()) return;
    const entries = headers.entries();
    const passage = this.passages.read(entries, { topic: this.task.topic, offset });
    const read = readValue(this.values, value);
    const record = new DataRecord({
      source: passage.source,
      offset: passage.offset,
      index: passage.index,
      payload: read === undefined ? value : read.payload,
      data: read?.data,
      layout: read?.layout,
      layoutAt: read === undefined ? 0 : read.layoutAt,
      codec: this.input.codec,
      timestamp: timestamp < 0 ? Number.NaN : timestamp,
      key,
      headers: listed(entries, passage.attempt),
    });
    record.eventTime = passage.eventTime;
    record.findings = passage.findings;
    record.evidence = passage.evidence;
    record.epochs = passage.epochs;
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

function valuesOf({ codec }: StageInput): BatchValueReader | undefined {
  const reader = codec.reader?.();
  return reader === undefined ? undefined : new BatchValueReader(reader);
}

function readValue(values: BatchValueReader | undefined, value: Buffer | null): BatchValueReader | undefined {
  return value !== null && values?.read(value) === true ? values : undefined;
}

const OWN = Buffer.from(OWN_HEADER_PREFIX);

function hasOwn(headers: Headers): boolean {
  return headers.size > 0 && (!(headers instanceof WireHeaders) || headers.bytes.includes(OWN));
}

/** Headers of ours on a topic that is not are somebody's word, not ours: they are left out, but for an attempt that is proven. */
function listed(entries: readonly Header[], attempt = 0): Headers {
  const kept = entries.filter(({ name }) => !name.startsWith(OWN_HEADER_PREFIX));
  return fixedHeaders(attempt > 0 ? [...kept, attemptHeader(attempt)] : kept);
}
