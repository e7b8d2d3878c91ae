import type { Codec } from '../core/codec.ts';
import { StateError } from '../core/errors.ts';
import type { RecordStore } from '../core/operator.ts';
import { DataRecord, type Header, NO_HEADERS, type RecordSource } from '../core/record.ts';

interface Saved {
  readonly source: RecordSource;
  readonly offset: number;
  readonly index: number;
  readonly timestamp: number | null;
  readonly time: number | null;
  readonly eventTime: number | null;
  readonly codec: string;
  readonly key: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
  readonly findings: DataRecord['findings'];
  readonly evidence: DataRecord['evidence'];
  /** value undefined = removed, which JSON cannot say: a patch without `value`. */
  readonly patches?: DataRecord['patches'];
  readonly derived: boolean;
  readonly fates: number;
  readonly counted: number;
  /** 0 bytes, 1 text, 2 tombstone, 3 none. */
  readonly payload: 0 | 1 | 2 | 3;
  readonly data?: unknown;
}

/**
 * Held records as bytes: one JSON line of everything but the payload, then the payload. Copies of one input record that wait
 * in several places share one root again after a restore.
 */
export class HeldRecords implements RecordStore {
  private readonly codecs: ReadonlyMap<string, Codec>;
  private readonly roots = new Map<string, DataRecord>();

  constructor(codecs: readonly Codec[]) {
    this.codecs = new Map(codecs.map((codec) => [codec.name, codec]));
  }

  own(record: DataRecord): DataRecord {
    const copy = new DataRecord({
      source: record.source,
      offset: record.offset,
      index: record.index,
      timestamp: record.timestamp,
      key: record.key === null ? null : Uint8Array.from(record.key),
      headers: ownHeaders(record),
      codec: record.codec,
      payload: ownPayload(record.payload),
      data: record.data,
    });
    carry(record, copy);
    // the root is bookkeeping only, but it pins its buffer: a copy of itself serves as well
    if (record.root === record) copy.root = record;
    return copy;
  }

  encode(record: DataRecord): Uint8Array {
    const root = record.root;
    const { payload } = record;
    const saved: Saved = {
      source: record.source,
      offset: record.offset,
      index: record.index,
      timestamp: finite(record.timestamp),
      time: finite(record.time),
      eventTime: finite(record.eventTime),
      codec: record.codec.name,
      key: record.key === null ? null : Buffer.from(record.key).toString('base64'),
      headers: record.headers
        .entries()
        .map(({ name, value }) => [name, value === null ? null : Buffer.from(value).toString('base64')]),
      findings: record.findings,
      evidence: record.evidence,
      ...(record.patches === undefined ? {} : { patches: record.patches }),
      derived: root === undefined,
      fates: root?.fates ?? 0,
      counted: root?.counted ?? -1,
      payload: payload === undefined ? 3 : payload === null ? 2 : typeof payload === 'string' ? 1 : 0,
      ...(payload === undefined || record.codec.name === 'csv' ? { data: record.data } : {}),
    };
    const head = Buffer.from(`${JSON.stringify(saved)}\n`);
    return payload == null ? head : Buffer.concat([head, typeof payload === 'string' ? Buffer.from(payload) : payload]);
  }

  decode(bytes: Uint8Array): DataRecord {
    const buffer = Buffer.from(bytes);
    const end = buffer.indexOf(10);
    if (end < 0) throw new StateError('a held record in the checkpoint is damaged', { code: 'held-record' });
    const saved: Saved = JSON.parse(buffer.toString('utf8', 0, end));
    const codec = this.codecs.get(saved.codec);
    if (codec === undefined)
      throw new StateError(`a held record was read as ${saved.codec}, which no input is any more`, {
        code: 'held-codec',
      });
    const body = buffer.subarray(end + 1);
    const payload =
      saved.payload === 3 ? undefined : saved.payload === 2 ? null : saved.payload === 1 ? body.toString() : body;
    const record = new DataRecord({
      source: saved.source,
      offset: saved.offset,
      index: saved.index,
      timestamp: saved.timestamp ?? Number.NaN,
      key: saved.key === null ? null : Buffer.from(saved.key, 'base64'),
      headers: savedHeaders(saved.headers),
      codec,
      payload,
      data: saved.data,
    });
    record.time = saved.time ?? Number.NaN;
    record.eventTime = saved.eventTime ?? Number.NaN;
    record.editable = true;
    for (const patch of saved.patches ?? []) record.patch(patch.path, patch.value);
    record.editable = false;
    record.findings = saved.findings;
    record.evidence = saved.evidence;
    record.root = saved.derived ? undefined : this.rootOf(record, saved);
    return record;
  }

  private rootOf(record: DataRecord, saved: Saved): DataRecord {
    const name = `${saved.source.topic}/${saved.source.partition}/${saved.offset}/${saved.index}`;
    const known = this.roots.get(name) ?? record;
    this.roots.set(name, known);
    known.root = known;
    known.fates = saved.fates;
    known.counted = saved.counted;
    known.held++;
    return known;
  }
}

function carry(from: DataRecord, to: DataRecord): void {
  to.root = from.root;
  to.time = from.time;
  to.eventTime = from.eventTime;
  to.findings = from.findings;
  to.evidence = from.evidence;
  to.patches = from.patches;
}

/** A slice of a chunk's string keeps the chunk alive: a round trip through bytes makes a string of its own. */
function ownPayload(payload: DataRecord['payload']): DataRecord['payload'] {
  if (typeof payload === 'string') return Buffer.from(payload).toString();
  return payload == null ? payload : Uint8Array.from(payload);
}

function ownHeaders(record: DataRecord): DataRecord['headers'] {
  if (record.headers.size === 0) return NO_HEADERS;
  return fixedHeaders(
    record.headers
      .entries()
      .map(({ name, value }) => ({ name, value: value === null ? null : Uint8Array.from(value) })),
  );
}

function savedHeaders(saved: Saved['headers']): DataRecord['headers'] {
  if (saved.length === 0) return NO_HEADERS;
  return fixedHeaders(
    saved.map(([name, value]) => ({ name, value: value === null ? null : Buffer.from(value, 'base64') })),
  );
}

function fixedHeaders(entries: readonly Header[]): DataRecord['headers'] {
  return { size: entries.length, entries: () => entries };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
