import type { DataRecord, Layout } from './record.ts';

/** How values of one topic are written: decode what came, encode what leaves. Synchronous, stateless per record; what must be asked for elsewhere is asked for a batch at a time. */
export interface Codec {
  /** `json`, `csv`, `text`, `bytes`, `avro`, …: the `format:` of an input or output. */
  readonly name: string;
  /** Columns of the rows it reads, where a row alone does not say them (csv). */
  readonly names?: readonly string[] | undefined;
  /** Before a task's first batch: what reading or writing needs as a whole. Rejects with OutageError (wait), or ConfigError. */
  open?(): Promise<void>;
  /** Gets what decoding these records needs; undefined when it is all there. Rejects as `open` does. */
  prepare?(records: readonly DataRecord[]): Promise<void> | undefined;
  /** Throws FormatError; never returns undefined. */
  decode(payload: Uint8Array | string): unknown;
  /**
   * The value to write for `record`. A record that did not change and came in this very format gives its payload back;
   * a changed one is re-encoded when that loses nothing, else its patches are spliced into the original.
   * Throws FormatError with code `lossy-number` when a patch holds a number the format cannot.
   */
  encode(record: DataRecord): Uint8Array | string | null;
  /**
   * The elements of a list in a message with their exact bytes: `path` names the list, `''` a top-level list or NDJSON in
   * one message. Throws FormatError when there is no such list. Absent: the format has no lists.
   */
  explode?(payload: Uint8Array | string, path: string): readonly (Uint8Array | string)[];
  /** A reader of values that follow one another in a file or batch, quicker than `decode`. Absent: there is none. */
  reader?(options?: ReaderOptions): ValueReader;
  /** First line of a file of such values, when there is one; `first` is the first record written into it. */
  header?(first: DataRecord): string | undefined;
  /** Values go to the end of a file that begins with `head`. Throws ConfigError when they would not fit what is there. */
  goOn?(head: string): void;
  /** What it writes depends on the first record it writes: good for a file, wrong where several writers share a topic. */
  readonly learns?: boolean;
}

export interface ReaderOptions {
  /** Texts may be slices of the text they were read from: nobody keeps one for long, and it is cheaper than a copy. */
  readonly slices?: boolean;
}

/** Reads the usual value in place and gives up on any other, which `decode` is there for. */
export interface ValueReader {
  /** Index after the value that begins at `from`, or 0; it may go on where another thing begins, so the caller looks whether it ends where it should. `text` is `bytes` read as latin1. What it reads is ASCII. */
  read(bytes: Uint8Array, text: string, from: number): number;
  /** What `decode` would give for the value just read. */
  readonly data: unknown;
  readonly layout: Layout | undefined;
  readonly layoutAt: number;
  /** A value that `read` gave up. */
  learn(payload: string): void;
}
