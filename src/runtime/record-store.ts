import { deserialize, serialize } from 'node:v8';
import type { Codec } from '../core/codec.ts';
import { StateError } from '../core/errors.ts';
import type { RecordStore } from '../core/operator.ts';
import { DataRecord, FATES, fixedHeaders, type Header, NO_HEADERS, type RecordSource } from '../core/record.ts';

interface Saved {
  readonly source: RecordSource;
  readonly offset: number;
  readonly index: number;
  readonly timestamp: number;
  readonly time: number;
  readonly eventTime: number;
  readonly codec: string;
  readonly key: Uint8Array | null;
  readonly headers: readonly Header[];
  readonly findings: DataRecord['findings'];
  readonly evidence: DataRecord['evidence'];
  readonly epochs?: DataRecord['epochs'];
  readonly patches?: DataRecord['patches'];
  /** Identity of the input record it stands for; -1 for a derived one. */
  readonly root: number;
  /** 0 bytes, 1 text, 2 tombstone, 3 none. */
  readonly payload: 0 | 1 | 2 | 3;
  readonly data?: unknown;
}

/** Bookkeeping of a root that more is known of than that one copy of it is held: identity, fates, copies held, fate counted. */
export type SharedRoot = readonly [id: number, fates: number, held: number, counted: number];

export interface RootTable {
  readonly next: number;
  readonly shared: readonly SharedRoot[];
}

const HELD = FATES.indexOf('held');
const HEAD_BYTES = 4;

/**
 * Held records as bytes: [length of the head u32 LE][head: V8 serialization of everything but the payload][payload].
 * Copies of one input record that wait in several places share one root again after a restore. What a root has met
 * beside being held is no part of its bytes, which may be older: it is in the table, which rides in every checkpoint.
 */
export class HeldRecords implements RecordStore {
  /** Roots held more than once, or with another fate besides; kept by settleFates. */
  readonly shared = new Set<DataRecord>();
  private readonly codecs: ReadonlyMap<string, Codec>;
  private readonly ids = new WeakMap<DataRecord, number>();
  private readonly roots = new Map<number, DataRecord>();
  private table: ReadonlyMap<number, SharedRoot> = new Map();
  private next = 0;
  private restoring = true;

  constructor(codecs: readonly Codec[]) {
    this.codecs = new Map(codecs.map((codec) => [codec.name, codec]));
  }

  save(): RootTable {
    const shared = [...this.shared].map((root): SharedRoot => [this.idOf(root), root.fates, root.held, root.counted]);
    return { next: this.next, shared };
  }

  /** All parts have been restored; `saved` may speak of roots that a kernel decodes only later. */
  restored(saved: RootTable | undefined): void {
    this.restoring = false;
    this.next = saved?.next ?? 0;
    this.table = new Map(saved?.shared.map((entry) => [entry[0], entry]));
    for (const [id, root] of this.roots) {
      const entry = this.table.get(id);
      if (entry === undefined) this.roots.delete(id);
      else this.adopt(root, entry);
    }
  }

  own(record: DataRecord): DataRecord {
    const key = record.key === null ? null : Uint8Array.from(record.key);
    const headers = ownHeaders(record);
    const payload = ownPayload(record.payload);
    const { source, offset, index, timestamp, codec, root } = record;
    const copy = new DataRecord({ source, offset, index, timestamp, key, headers, codec, payload, data: record.data });
    carry(record, copy);
    if (root !== undefined && root.payload === record.payload) {
      const pinned = root as { -readonly [K in 'key' | 'headers' | 'payload']: DataRecord[K] }; // same bytes, another buffer
      pinned.payload = payload;
      pinned.headers = headers;
      if (root.key !== null) pinned.key = record.key === root.key ? key : Uint8Array.from(root.key);
    }
    return copy;
  }

  encode(record: DataRecord): Uint8Array {
    const {
      payload,
      source,
      offset,
      index,
      timestamp,
      time,
      eventTime,
      key,
      findings,
      evidence,
      epochs,
      patches,
      root,
    } = record;
    const saved: Saved = {
      source,
      offset,
      index,
      timestamp,
      time,
      eventTime,
      codec: record.codec.name,
      key,
      headers: record.headers.size === 0 ? [] : record.headers.entries(),
      findings,
      evidence,
      ...(epochs === undefined ? {} : { epochs }),
      ...(patches === undefined ? {} : { patches }),
      root: root === undefined ? -1 : this.idOf(root),
      payload: payload === undefined ? 3 : payload === null ? 2 : typeof payload === 'string' ? 1 : 0,
      ...(payload === undefined || isReadElsewhere(record.codec) ? { data: record.data } : {}),
    };
    const head = serialize(saved);
    const body = payload == null ? Buffer.alloc(0) : typeof payload === 'string' ? Buffer.from(payload) : payload;
    const bytes = Buffer.allocUnsafeSlow(HEAD_BYTES + head.length + body.length);
    bytes.writeUInt32LE(head.length, 0);
    bytes.set(head, HEAD_BYTES);
    bytes.set(body, HEAD_BYTES + head.length);
    return bytes;
  }

  decode(bytes: Uint8Array): DataRecord {
    const buffer = Buffer.from(bytes);
    const end = HEAD_BYTES + (buffer.length < HEAD_BYTES ? 0 : buffer.readUInt32LE(0));
    if (end <= HEAD_BYTES || end > buffer.length)
      throw new StateError('a held record in the checkpoint is damaged', { code: 'held-record' });
    const saved: Saved = deserialize(buffer.subarray(HEAD_BYTES, end));
    const codec = this.codecs.get(saved.codec);
    if (codec === undefined)
      throw new StateError(`a held record was read as ${saved.codec}, which no input is any more`, {
        code: 'held-codec',
      });
    const { source, offset, index, timestamp, key, headers, data } = saved;
    const payload = payloadOf(saved, buffer.subarray(end));
    const record = new DataRecord({
      source,
      offset,
      index,
      timestamp,
      key,
      headers: fixedHeaders(headers),
      codec,
      payload,
      data,
    });
    record.time = saved.time;
    record.eventTime = saved.eventTime;
    if (data !== undefined) record.patches = saved.patches === undefined ? undefined : [...saved.patches];
    else {
      record.editable = true;
      for (const patch of saved.patches ?? []) record.patch(patch.path, patch.value);
      record.editable = false;
    }
    record.findings = saved.findings;
    record.evidence = saved.evidence;
    record.epochs = saved.epochs;
    record.root = saved.root < 0 ? undefined : this.rootOf(record, saved.root);
    return record;
  }

  private idOf(root: DataRecord): number {
    const known = this.ids.get(root);
    if (known !== undefined) return known;
    const made = this.next++;
    this.ids.set(root, made);
    return made;
  }

  private rootOf(record: DataRecord, id: number): DataRecord {
    const known = this.roots.get(id);
    if (known !== undefined) {
      if (this.restoring) known.held++;
      return known;
    }
    record.root = record;
    record.held = 1;
    record.counted = HELD;
    this.ids.set(record, id);
    const entry = this.table.get(id);
    if (entry !== undefined) this.adopt(record, entry);
    if (this.restoring || entry !== undefined) this.roots.set(id, record);
    return record;
  }

  private adopt(root: DataRecord, [, fates, held, counted]: SharedRoot): void {
    root.fates = fates;
    root.held = held;
    root.counted = counted;
    this.shared.add(root);
  }
}

/** Its bytes alone do not say what it is: names of a file's first line, a schema that may not be there when it comes back. */
function isReadElsewhere({ name, prepare }: Codec): boolean {
  return name === 'csv' || prepare !== undefined;
}

function payloadOf(saved: Saved, body: Buffer): DataRecord['payload'] {
  switch (saved.payload) {
    case 0:
      return body;
    case 1:
      return body.toString();
    case 2:
      return null;
    default:
      return undefined;
  }
}

function carry(from: DataRecord, to: DataRecord): void {
  to.root = from.root;
  to.time = from.time;
  to.eventTime = from.eventTime;
  to.findings = from.findings;
  to.evidence = from.evidence;
  to.epochs = from.epochs;
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
