import type { DataRecord } from './record.ts';

/** How values of one topic are written: decode what came, encode what leaves. Synchronous, stateless per record. */
export interface Codec {
  /** `json`, `csv`, `text`, `bytes`, `avro`, …: the `format:` of an input or output. */
  readonly name: string;
  /** Columns of the rows it reads, where a row alone does not say them (csv). */
  readonly names?: readonly string[] | undefined;
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
  /** First line of a file of such values, when there is one; `first` is the first record written into it. */
  header?(first: DataRecord): string | undefined;
}
