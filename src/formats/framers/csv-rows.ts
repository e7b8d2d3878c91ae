import { isUtf8 } from 'node:buffer';
import { FormatError } from '../../core/errors.ts';
import type { Payload } from '../../core/record.ts';
import { type CsvOptions, columnNames, parseRow, rowToObject } from '../csv.ts';
import { asBuffer, bomLength, MAX_ROW_BYTES, NO_BYTES } from './limits.ts';

const LF = 10;

interface CsvState {
  readonly names: readonly string[];
}

/**
 * Rows of a csv file, decoded: a quoted cell may hold line breaks. The names of the columns travel in the state, so resuming
 * need not read the first line again. A row that cannot be read is given with its FormatError as `data`.
 */
export class CsvFramer {
  payload: Payload = '';
  data: unknown;
  bytes = 0;
  offset: number;
  private readonly options: CsvOptions;
  private readonly quote: number;
  private readonly escape: number;
  private names: readonly string[] | undefined;
  private buffer: Buffer = NO_BYTES;
  private from = 0;
  private at = 0;
  private inQuotes = false;
  private finished = false;

  constructor(options: CsvOptions, offset: number, state: unknown) {
    this.options = options;
    this.quote = (options.quote ?? '"').charCodeAt(0);
    this.escape = (options.escape ?? options.quote ?? '"').charCodeAt(0);
    this.offset = offset;
    this.names = (state as CsvState | undefined)?.names ?? (Array.isArray(options.header) ? options.header : undefined); // as state() gave it
  }

  push(chunk: Uint8Array): void {
    let bytes = asBuffer(chunk);
    if (this.offset === 0 && this.buffer.byteLength === 0) {
      const skip = bomLength(bytes);
      this.offset += skip;
      bytes = bytes.subarray(skip);
    }
    const rest = this.buffer.subarray(this.from);
    this.buffer = rest.byteLength === 0 ? bytes : Buffer.concat([rest, bytes]);
    this.at -= this.from;
    this.from = 0;
  }

  finish(): void {
    this.finished = true;
  }

  state(): CsvState | undefined {
    return this.names === undefined ? undefined : { names: this.names };
  }

  next(): boolean {
    for (;;) {
      const end = this.rowEnd();
      if (end === undefined) return false;
      const row = this.buffer.subarray(this.from, end);
      this.bytes = row.byteLength;
      this.offset += row.byteLength;
      this.from = end;
      this.at = end;
      this.inQuotes = false;
      if (this.take(row)) return true;
    }
  }

  /** Index after the line break that ends the row; undefined when the row is not complete yet. */
  private rowEnd(): number | undefined {
    const { buffer, quote, escape: escaping } = this;
    let { at, inQuotes } = this;
    for (; at < buffer.byteLength; at++) {
      const c = buffer[at] as number; // below the length
      if (inQuotes && c === escaping && escaping !== quote) at++;
      else if (c === quote)
        inQuotes = !inQuotes; // a doubled quote turns twice
      else if (c === LF && !inQuotes) return at + 1;
    }
    this.at = at;
    this.inQuotes = inQuotes;
    const tooLong = buffer.byteLength - this.from > MAX_ROW_BYTES;
    if (this.from >= buffer.byteLength || !(this.finished || tooLong)) return undefined;
    const line = inQuotes || tooLong ? buffer.indexOf(LF, this.from) : -1; // a quote was never closed: the row is its first line
    return line < 0 ? buffer.byteLength : line + 1;
  }

  /** False for an empty row and for the header. */
  private take(row: Buffer): boolean {
    const bytes = withoutBreak(row);
    if (bytes.byteLength === 0) return false;
    this.payload = isUtf8(bytes) ? bytes.toString('utf8') : bytes;
    try {
      if (typeof this.payload !== 'string') throw new FormatError('the bytes are not UTF-8', { code: 'undecodable' });
      const cells = this.cells(this.payload);
      if (cells === undefined) return false;
      if (this.names === undefined) {
        if (this.options.header !== false) {
          this.names = columnNames(cells);
          return false;
        }
        this.names = cells.map((_cell, i) => `c${i + 1}`);
      }
      this.data = rowToObject(cells, this.names, this.options);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.data = error;
    }
    return true;
  }

  private cells(text: string): readonly string[] | undefined {
    if (text.includes(this.options.quote ?? '"')) return parseRow(text, this.options);
    return text.split(this.options.delimiter ?? ',');
  }
}

function withoutBreak(row: Buffer): Buffer {
  let end = row.byteLength;
  if (row[end - 1] === LF) end--;
  if (row[end - 1] === 13) end--;
  return row.subarray(0, end);
}
