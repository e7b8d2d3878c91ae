import type { Codec } from '../../core/codec.ts';
import type { Payload } from '../../core/record.ts';

/** Cuts the bytes of one file into records. Bytes are pushed in order; what was pushed belongs to the framer. */
export interface Framer {
  push(chunk: Uint8Array): void;
  /** No more bytes: the last record may lack its end. */
  finish(): void;
  /** The next complete record into `payload` and `data`; false: push more. */
  next(): boolean;
  readonly payload: Payload;
  /** The decoded value, where cutting had to decode anyway. */
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
