import { crc32 } from '@node-rs/crc32';
import type { CommitInfo, Position } from '../../core/broker.ts';
import { StateError } from '../../core/errors.ts';

/**
 * A partition of a state topic holds one task's checkpoints. A part is written as chunks; an index, last in its commit, names the
 * parts that are alive. Keys (`\0` between the words):
 *
 *     p name version k    chunk k of that version of a part; no value: dead, for the cleaner
 *     i k n               chunk k of n of the newest index: JSON, see StateIndex
 *
 * A version names its writer and checkpoint, so that what a writer shut out meanwhile has left is never taken for a part.
 */
export const MAX_CHUNK_BYTES = 480 * 1024; // two fill a batch (BATCH_BYTES of wire/batch-writer.ts)
const FORMAT = 1;

export interface PartRef {
  readonly name: string;
  readonly version: string;
  readonly chunks: number;
  readonly crc: number;
}

export interface StateIndex {
  readonly checkpoint: number;
  /** Next offset of the input when the checkpoint was taken. */
  readonly position: Position;
  readonly info: CommitInfo;
  /** Of its writer, since it opened the task: beyond that of every earlier owner. */
  readonly generation: number;
  /** The input as it was: another id means that it was made again, another count that keys have moved. */
  readonly input: { readonly topic: string; readonly id: string; readonly partitions: number };
  readonly parts: readonly PartRef[];
}

export interface StateRecord {
  readonly key: Buffer;
  readonly value: Uint8Array | null;
}

const SEPARATOR = '\0';

export function partRecords(name: string, version: string, bytes: Uint8Array): readonly StateRecord[] {
  return chunksOf(bytes).map((value, k) => ({ key: partKey(name, version, k), value }));
}

/** What tells the cleaner that every chunk of a part is dead. */
export function deadRecords({ name, version, chunks }: PartRef): readonly StateRecord[] {
  return Array.from({ length: chunks }, (_, k) => ({ key: partKey(name, version, k), value: null }));
}

export function refOf(name: string, version: string, bytes: Uint8Array): PartRef {
  return { name, version, chunks: chunksOf(bytes).length, crc: crc32(bytes) };
}

export function indexRecords(index: StateIndex): readonly StateRecord[] {
  const { parts, ...rest } = index;
  const json = {
    v: FORMAT,
    ...rest,
    parts: parts.map(({ name, version, chunks, crc }) => [name, version, chunks, crc]),
  };
  const chunks = chunksOf(Buffer.from(JSON.stringify(json)));
  return chunks.map((value, k) => ({ key: Buffer.from(['i', k, chunks.length].join(SEPARATOR)), value }));
}

export function parseIndex(chunks: readonly Uint8Array[]): StateIndex {
  const saved = JSON.parse(Buffer.concat(chunks).toString());
  if (saved.v !== FORMAT)
    throw new StateError(`the state topic is of format ${saved.v}; this build reads ${FORMAT}`, {
      code: 'state-version',
    });
  const parts = (saved.parts as [string, string, number, number][]).map(([name, version, n, crc]) => ({
    name,
    version,
    chunks: n,
    crc,
  })); // as indexRecords wrote it
  return { ...saved, parts };
}

export type StateKey =
  | { readonly kind: 'part'; readonly part: string; readonly chunk: number }
  | { readonly kind: 'index'; readonly chunk: number; readonly chunks: number };

/** `part` is name and version in one. Undefined: none of ours. */
export function parseKey(key: Uint8Array | null): StateKey | undefined {
  const words = key === null ? [] : Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString().split(SEPARATOR);
  if (words[0] === 'p' && words.length === 4) {
    return { kind: 'part', part: partId({ name: words[1] ?? '', version: words[2] ?? '' }), chunk: Number(words[3]) };
  }
  if (words[0] === 'i' && words.length === 3)
    return { kind: 'index', chunk: Number(words[1]), chunks: Number(words[2]) };
  return undefined;
}

export function partId({ name, version }: Pick<PartRef, 'name' | 'version'>): string {
  return `${name}${SEPARATOR}${version}`;
}

function partKey(name: string, version: string, chunk: number): Buffer {
  return Buffer.from(['p', name, version, chunk].join(SEPARATOR));
}

/** At least one, also of nothing. */
function chunksOf(bytes: Uint8Array): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += MAX_CHUNK_BYTES)
    chunks.push(bytes.subarray(at, at + MAX_CHUNK_BYTES));
  return chunks;
}
