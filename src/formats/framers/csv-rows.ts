import { isUtf8 } from 'node:buffer';
import type { Codec } from '../../core/codec.ts';
import { FormatError } from '../../core/errors.ts';
import type { Framer } from '../../core/framer.ts';
import type { Payload } from '../../core/record.ts';
import { type CsvCodec, csvCodec } from '../csv/codec.ts';
import type { CsvDialect } from '../csv/options.ts';
import { columnNames, isOpenAtEnd, parseRow } from '../csv/rows.ts';
import { type FramerLimits, oversize, rejecting } from './limits.ts';
import { bytesWithoutEnd, isBlank, Lines, withoutEnd } from './lines.ts';

/** What resuming needs: the names of the columns, and up to where every line is a row because a quote was never closed. */
interface CsvState {
  readonly names?: readonly string[];
  readonly singleUntil?: number;
}

interface Piece {
  readonly line: string | Buffer;
  readonly bytes: number;
  readonly isOversize: boolean;
}

/**
 * Rows of a csv file: one line, or several where a quoted cell holds line breaks. The payload is the row as it came; its
 * codec knows the names of the columns, which travel in the state, so that resuming need not read the first line again.
 * A quote that is not closed within `maxRowBytes`, or before the file ends, makes every line since a row of its own.
 */
export class CsvFramer implements Framer {
  payload: Payload = '';
  readonly data = undefined;
  codec: Codec | undefined;
  bytes = 0;
  offset: number;
  blank = 0;
  private readonly dialect: CsvDialect;
  private readonly limits: FramerLimits;
  private readonly lines: Lines;
  private rows: CsvCodec;
  private named: boolean;
  /** Lines of a row that is not complete; those before `taken` are given. */
  private pieces: Piece[] = [];
  private pieceBytes = 0;
  private singleUntil: number;
  private finished = false;

  constructor(dialect: CsvDialect, resume: { readonly offset: number; readonly state: unknown }, limits: FramerLimits) {
    const state = resume.state as CsvState | undefined; // as state() gave it
    const names = state?.names ?? (typeof dialect.header === 'boolean' ? undefined : dialect.header);
    this.dialect = dialect;
    this.limits = limits;
    this.offset = resume.offset;
    this.lines = new Lines(resume.offset, limits);
    this.named = names !== undefined || dialect.header === false;
    this.rows = csvCodec(dialect, names);
    this.singleUntil = state?.singleUntil ?? 0;
  }

  push(chunk: Uint8Array): void {
    this.lines.push(chunk);
  }

  finish(): void {
    this.lines.finish();
    this.finished = true;
  }

  state(): CsvState {
    return {
      ...(this.rows.names === undefined ? {} : { names: this.rows.names }),
      ...(this.singleUntil > this.offset ? { singleUntil: this.singleUntil } : {}),
    };
  }

  next(): boolean {
    for (;;) {
      const piece = this.nextPiece();
      if (piece === undefined) return false;
      if (this.take(piece)) return true;
    }
  }

  /** The next whole row. */
  private nextPiece(): Piece | undefined {
    for (;;) {
      const single = this.offset < this.singleUntil ? this.pieces.shift() : undefined;
      if (single !== undefined) return single;
      if (!this.lines.next()) {
        if (!this.finished || this.pieces.length === 0) return undefined;
        this.unravel();
        continue;
      }
      const { line, bytes, isOversize } = this.lines;
      const isOpen = this.pieces.length > 0;
      const piece = { line, bytes, isOversize };
      if (this.offset < this.singleUntil) return piece;
      const staysOpen = !isOversize && isOpenAtEnd(textOf(line), isOpen, this.dialect);
      if (!isOpen && !staysOpen) return piece;
      this.pieces.push(piece);
      this.pieceBytes += bytes;
      if (isOversize || this.pieceBytes > this.limits.maxRowBytes) this.unravel();
      else if (!staysOpen) return this.join();
    }
  }

  /** The lines kept so far are rows of their own. */
  private unravel(): void {
    this.singleUntil = this.offset + this.pieceBytes;
    this.pieceBytes = 0;
  }

  private join(): Piece {
    const { pieces, pieceBytes: bytes } = this;
    this.pieces = [];
    this.pieceBytes = 0;
    const line = pieces.every((piece) => typeof piece.line === 'string')
      ? pieces.map((piece) => piece.line).join('')
      : Buffer.concat(pieces.map((piece) => Buffer.from(piece.line as string))); // Buffer.from takes both
    return { line, bytes, isOversize: false };
  }

  /** False for a blank line and for the header. */
  private take({ line, bytes, isOversize }: Piece): boolean {
    this.bytes = bytes;
    this.offset += bytes;
    this.payload = typeof line === 'string' ? withoutEnd(line) : bytesWithoutEnd(line);
    if (typeof line === 'string' && isBlank(line)) {
      this.blank++;
      return false;
    }
    this.codec = isOversize ? oversize(this.rows, bytes, this.limits) : this.rows;
    if (this.named) return true;
    this.named = true;
    return !this.takeNames();
  }

  /** A first line that cannot be read names nothing: it is a record that says so, and so is every row after it. */
  private takeNames(): boolean {
    try {
      if (typeof this.payload !== 'string') throw new FormatError('not UTF-8', { code: 'undecodable' });
      this.rows = csvCodec(this.dialect, columnNames(parseRow(this.payload, this.dialect)));
      return true;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.codec = rejecting(this.rows, `the first line names no columns: ${error.message}`);
      this.rows = csvCodec(this.dialect, []);
      return false;
    }
  }
}

/** For finding quotes any text will do that has them where the bytes do. */
function textOf(line: string | Buffer): string {
  if (typeof line === 'string') return line;
  return isUtf8(line) ? line.toString() : line.toString('latin1');
}
