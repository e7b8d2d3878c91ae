import type { Codec } from './codec.ts';
import type { Layout, Payload } from './record.ts';

/**
 * Cuts the decompressed bytes of one file into records. Bytes are pushed in order, records are pulled; nothing is read
 * and nothing is waited for. The bytes of a push stay as they are until the next one has returned; what lasts longer is
 * copied.
 *
 * A framer can be made again at `offset` with `state()` and goes on with the very next record, whatever chunks the bytes
 * come in. Memory is bounded by the largest record allowed plus one chunk.
 */
export interface Framer {
  /** The next bytes, once `next` gave false. */
  push(chunk: Uint8Array): void;
  /** No more bytes: the last record may lack its end. */
  finish(): void;
  /** The next complete record into `payload`, `data`, `codec` and `bytes`; false: push more. */
  next(): boolean;
  readonly payload: Payload;
  /** The decoded value, where cutting had to decode anyway. */
  readonly data: unknown;
  /** Places of the fields in the payload, where they are known. */
  readonly layout?: Layout | undefined;
  readonly layoutAt?: number;
  /** The codec of this record where it is not that of the input: a csv row needs the names of its file, a record that was too large to keep only says so. */
  readonly codec?: Codec | undefined;
  /** Size of the record in the file, with its line end. */
  readonly bytes: number;
  /** Offset after the last record given; what is skipped before the next one (blank lines, commas) is read again. */
  readonly offset: number;
  /** Payloads hold no line feed. */
  readonly isLine?: boolean;
  /** Blank lines skipped so far. */
  readonly blank?: number;
  /** JSON that a framer made for `offset` needs to go on. */
  state(): unknown;
}

export interface FramerSpec {
  /** Without dot and compression, lower case. */
  readonly extension: string;
  readonly codec: Codec;
  /** Options of the input (`csv:`). */
  readonly options?: unknown;
  /** Where to go on; absent: the beginning of the file. */
  readonly resume?: { readonly offset: number; readonly state: unknown };
  /** Name of the file for messages. */
  readonly path: string;
}

/** Throws ConfigError when a file of this kind cannot be read in this format. */
export type MakeFramer = (spec: FramerSpec) => Framer;
