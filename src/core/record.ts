import type { Codec } from './codec.ts';
import { OperatorError } from './errors.ts';
import { type Evidence, type Finding, NO_EVIDENCE, NO_FINDINGS } from './finding.ts';

/** Shared by all records of one batch: where they come from. */
export interface RecordSource {
  readonly topic: string;
  readonly partition: number;
  /** Name of the input when a topology has several. */
  readonly input?: string;
  /** File name of the part in local mode. */
  readonly part?: string;
  /** Its payloads are lines: they hold no line feed. */
  readonly isLine?: boolean;
  /** Offset of the part's first record: offsets count over all parts of a topic. */
  readonly partStart?: number;
}

/** Where a record came from, as it is written into findings, quarantine and certificates. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Element of an exploded message. */
  readonly index?: number;
  readonly part?: string;
  /** Number of the record in its part, from 0. */
  readonly record?: number;
}

export interface Header {
  readonly name: string;
  readonly value: Uint8Array | null;
}

/** Headers are decoded only when somebody looks; a broker may carry its own encoded form in a subclass. */
export interface Headers {
  readonly size: number;
  entries(): readonly Header[];
}

export const NO_HEADERS: Headers = Object.freeze({ size: 0, entries: () => [] });

/** Headers that are listed already. */
export function fixedHeaders(entries: readonly Header[]): Headers {
  return entries.length === 0 ? NO_HEADERS : { size: entries.length, entries: () => entries };
}

/** One change to a decoded value: `path` from the root, `value === undefined` removes the field. */
export interface Patch {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** The raw value as it came: exact bytes, exact text (its UTF-8 is the bytes), null for a tombstone, undefined for a derived record. */
export type Payload = Uint8Array | string | null | undefined;

/** Where the values of the fields stand in the payloads of some records, by whose reader it was seen. */
export interface Layout {
  readonly fields: ReadonlyMap<string, number>;
  /** Characters between the value before field i, or the beginning, and its own. */
  readonly gaps: readonly number[];
  /** Where the value of field i of the record at `layoutAt` ends: [layoutAt + i]. */
  readonly ends: readonly number[];
}

/** Bit i of `DataRecord.fates` is FATES[i]; a root's fate is the first one set. `forwarded` ends a stage before a repartition. */
export const FATES = [
  'quarantined',
  'curated',
  'duplicate',
  'late',
  'routed',
  'merged',
  'held',
  'dropped',
  'forwarded',
] as const;
export type Fate = (typeof FATES)[number];

export interface RecordInit {
  readonly source: RecordSource;
  readonly offset: number;
  readonly payload: Payload;
  readonly codec: Codec;
  readonly index?: number;
  readonly timestamp?: number;
  readonly key?: Uint8Array | null;
  readonly headers?: Headers;
  /** Already decoded value, when the reader of the file decoded it. */
  readonly data?: unknown;
  readonly layout?: Layout | undefined;
  readonly layoutAt?: number;
}

/** Drift epoch by step. */
export type Epochs = Readonly<Record<string, number>>;

/**
 * One value with key, timestamp, headers and origin.
 *
 * A record is read-only: `edit()` gives a draft that shares everything until it is patched, and the draft is sealed
 * when it is emitted. So a record may stand on two edges of the graph without one reader seeing the other's changes.
 * The original payload is never touched; what changed is in `patches`, and a codec decides how to write it.
 */
export class DataRecord {
  readonly source: RecordSource;
  readonly offset: number;
  /** Element of an exploded message, -1 for a whole message. */
  readonly index: number;
  /** Milliseconds since the epoch, NaN when the transport gave none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly headers: Headers;
  readonly payload: Payload;
  readonly codec: Codec;
  /** Places of the fields in the payload, where its reader saw them. */
  readonly layout: Layout | undefined;
  readonly layoutAt: number;
  /** The input record this one stands for (itself for an input record); undefined for a derived one (a consensus, a request). */
  root: DataRecord | undefined;
  /** Stream time on entry, milliseconds; set by the source, kept while held. NaN: the input has no clock. */
  time: number;
  /** The record's own event time, milliseconds; set by the source. NaN: none, or it could not be read. */
  eventTime: number;
  findings: readonly Finding[];
  evidence: readonly Evidence[];
  /** Drift epoch in which a step saw it, by step; undefined where none says so. */
  epochs: Epochs | undefined;
  patches: Patch[] | undefined;
  /** True between edit() and emit. */
  editable: boolean;
  /** Runtime bookkeeping, on root records only: bits of FATES seen so far, copies held inside steps, fate counted (index into FATES, -1 none). */
  fates: number;
  held: number;
  counted: number;
  /** Decoded value, undefined until somebody asks. */
  private decoded: unknown;
  private ownsDecoded: boolean;

  constructor(init: RecordInit | DataRecord) {
    this.source = init.source;
    this.offset = init.offset;
    this.index = init.index ?? -1;
    this.timestamp = init.timestamp ?? Number.NaN;
    this.key = init.key ?? null;
    this.headers = init.headers ?? NO_HEADERS;
    this.payload = init.payload;
    this.codec = init.codec;
    this.layout = init.layout;
    this.layoutAt = init.layoutAt ?? 0;
    this.root = this;
    this.time = Number.NaN;
    this.eventTime = Number.NaN;
    this.findings = NO_FINDINGS;
    this.evidence = NO_EVIDENCE;
    this.epochs = undefined;
    this.patches = undefined;
    this.editable = false;
    this.fates = 0;
    this.held = 0;
    this.counted = -1;
    this.decoded = init instanceof DataRecord ? init.decoded : init.data;
    this.ownsDecoded = false;
  }

  /** Decoded value (for json: what JSON.parse gives, patched). Throws FormatError when the payload cannot be decoded. Treat as frozen. */
  get data(): unknown {
    if (this.decoded === undefined) this.decoded = this.payload == null ? null : this.codec.decode(this.payload);
    return this.decoded;
  }

  get origin(): Origin {
    const { topic, partition, part, partStart } = this.source;
    const origin: { -readonly [name in keyof Origin]: Origin[name] } = { topic, partition, offset: this.offset };
    if (this.index >= 0) origin.index = this.index;
    if (part !== undefined) origin.part = part;
    if (partStart !== undefined) origin.record = this.offset - partStart;
    return origin;
  }

  get isTombstone(): boolean {
    return this.payload === null;
  }

  /** A draft of this record: same root, same payload; patches, findings and evidence so far are kept. */
  edit(): DataRecord {
    const draft = new DataRecord(this);
    draft.root = this.root;
    draft.time = this.time;
    draft.eventTime = this.eventTime;
    draft.findings = this.findings;
    draft.evidence = this.evidence;
    draft.epochs = this.epochs;
    draft.patches = this.patches === undefined ? undefined : this.patches.slice();
    draft.editable = true;
    return draft;
  }

  /** The same record with another key or other headers: how it leaves. */
  leaving(changes: { readonly key?: Uint8Array | null; readonly headers?: Headers }): DataRecord {
    const draft = this.edit();
    Object.assign(draft, changes); // the one place that sets them after construction
    draft.editable = false;
    return draft;
  }

  /** Sets (or with undefined removes) the value at `path` on a draft. Missing parents are made as objects. */
  patch(path: readonly (string | number)[], value: unknown): void {
    if (!this.editable)
      throw new OperatorError('patch on a sealed record: call edit() first', { code: 'sealed-record' });
    if (!this.ownsDecoded) {
      this.decoded = copyNode(this.data);
      this.ownsDecoded = true;
    }
    let node = this.decoded as Container;
    const last = path.length - 1;
    for (let i = 0; i < last; i++) {
      const child = copyNode(ownValue(node, path[i]!));
      putValue(node, path[i]!, child);
      node = child;
    }
    if (value === undefined) removeValue(node, path[last]!);
    else putValue(node, path[last]!, value);
    if (this.patches === undefined) this.patches = [{ path, value }];
    else this.patches.push({ path, value });
  }

  addFinding(finding: Finding): void {
    this.findings = this.findings.length === 0 ? [finding] : [...this.findings, finding];
  }

  addEvidence(evidence: Evidence): void {
    this.evidence = this.evidence.length === 0 ? [evidence] : [...this.evidence, evidence];
  }

  /**
   * A new record caused by `cause`: it has a decoded value and no payload, keeps the cause's origin, timestamp and
   * time, and stands for no input record, so it has no fate of its own.
   */
  static derived(cause: DataRecord, data: unknown, key: Uint8Array | null = null): DataRecord {
    const record = new DataRecord({
      source: cause.source,
      offset: cause.offset,
      index: cause.index,
      timestamp: cause.timestamp,
      key,
      codec: cause.codec,
      payload: undefined,
      data,
    });
    record.root = undefined;
    record.time = cause.time;
    record.eventTime = cause.eventTime;
    return record;
  }
}

type Container = Record<string | number, unknown>;

function copyNode(node: unknown): Container {
  if (Array.isArray(node)) return node.slice() as unknown as Container; // arrays are indexed by number below
  if (node !== null && typeof node === 'object') return { ...(node as object) };
  return {};
}

function ownValue(node: Container, key: string | number): unknown {
  return Object.hasOwn(node, key) ? node[key] : undefined;
}

/** Plain assignment would run the `__proto__` setter. */
function putValue(node: Container, key: string | number, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(node, key, { value, enumerable: true, writable: true, configurable: true });
  else node[key] = value;
}

function removeValue(node: Container, key: string | number): void {
  if (Array.isArray(node)) node.splice(Number(key), 1);
  else delete node[key];
}
