import type { Codec } from '../../core/codec.ts';
import type { Payload } from '../../core/record.ts';

/** Cuts the bytes of one file into records. */
export interface Framer {
  /**
   * The next bytes, once `next` gave false. They stay as they are until the push after the next one: a framer may hold
   * the rest of one chunk until it gets another, no longer. Buffers are used again, so memory does not grow with the file.
   */
  push(chunk: Uint8Array): void;
  /** No more bytes: the last record may lack its end. */
  finish(): void;
  /** The next complete record into `payload` and `data`; false: push more. */
  next(): boolean;
  /** Bytes (of what is not UTF-8) may lie in the chunk: the caller copies them. */
  readonly payload: Payload;
  /** The decoded value, where cutting had to decode anyway; a FormatError when that failed. */
  readonly data: unknown;
  /** Size of the record in bytes. */
  readonly bytes: number;
  /** Offset after the last record given. */
  readonly offset: number;
  /** JSON that a framer made for `offset` needs to go on. */
  state(): unknown;
}

export interface FramerSpec {
  readonly extension: string;
  readonly codec: Codec;
  /** Options of the input (`csv:`). */
  readonly options?: unknown;
  /** Where to go on; absent: the beginning of the file. */
  readonly resume?: { readonly offset: number; readonly state: unknown };
  /** Name of the file for messages. */
  readonly path: string;
}

export type MakeFramer = (spec: FramerSpec) => Framer;
