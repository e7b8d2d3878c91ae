import { FormatError } from '../../core/errors.ts';
import type { CsvDialect } from './options.ts';

/** Most columns of a row. */
const MAX_COLUMNS = 10_000;

/**
 * Cells of one row, without its line end (RFC 4180). A quote opens a quoted cell only at its beginning; elsewhere in an
 * unquoted cell it is a character. Throws FormatError when a quoted cell has no end, or text after its end.
 */
export function parseRow(text: string, dialect: CsvDialect): string[] {
  const cells = text.includes(dialect.quote)
    ? parseQuoted(text, dialect)
    : text.split(dialect.delimiter, MAX_COLUMNS + 1);
  if (cells.length > MAX_COLUMNS) throw new FormatError(`more than ${MAX_COLUMNS} cells`, { code: 'undecodable' });
  return cells;
}

function parseQuoted(text: string, dialect: CsvDialect): string[] {
  const { delimiter, quote } = dialect;
  const cells: string[] = [];
  for (let at = 0; cells.length <= MAX_COLUMNS; at++) {
    let end: number;
    if (text.startsWith(quote, at)) {
      end = quotedEnd(text, at + 1, dialect);
      if (end < 0) throw unreadable(cells.length, 'its quote is never closed');
      cells.push(unquote(text.slice(at + 1, end - 1), dialect));
      if (end < text.length && !text.startsWith(delimiter, end))
        throw unreadable(cells.length - 1, 'text follows its closing quote');
    } else {
      const found = text.indexOf(delimiter, at);
      end = found < 0 ? text.length : found;
      cells.push(text.slice(at, end));
    }
    if (end >= text.length) break;
    at = end; // the delimiter is one character
  }
  return cells;
}

/** Index after the closing quote of the cell whose content begins at `from`; -1 when there is none. */
function quotedEnd(text: string, from: number, { quote, escape: escaping }: CsvDialect): number {
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    const next = text[at + 1];
    if (c === escaping && (next === quote || (escaping !== quote && next === escaping))) at++;
    else if (c === quote) return at + 1;
  }
  return -1;
}

function unquote(cell: string, { quote, escape: escaping }: CsvDialect): string {
  if (!cell.includes(escaping)) return cell;
  let text = '';
  for (let at = 0; at < cell.length; at++) {
    const next = cell[at + 1];
    if (cell[at] === escaping && (next === quote || next === escaping)) at++;
    text += cell[at];
  }
  return text;
}

function unreadable(cell: number, why: string): FormatError {
  return new FormatError(`not a csv row: cell ${cell + 1}: ${why}`, { code: 'undecodable' });
}

/** True when a quoted cell is open at the end of `text`, a piece of a row that begins inside one when `open` is true. */
export function isOpenAtEnd(text: string, open: boolean, dialect: CsvDialect): boolean {
  const { delimiter, quote } = dialect;
  if (!text.includes(quote)) return open;
  let inside = open;
  let at = 0;
  if (!open && text.startsWith(quote)) {
    inside = true;
    at = 1;
  }
  for (;;) {
    if (inside) {
      at = quotedEnd(text, at, dialect);
      if (at < 0) return true;
    }
    const found = text.indexOf(delimiter + quote, at);
    if (found < 0) return false;
    inside = true;
    at = found + 2;
  }
}

/** Names from a header row: an empty one is c<n>, a repeated one gets its number. */
export function columnNames(cells: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return cells.map((cell, i) => {
    let name = cell.trim() === '' ? `c${i + 1}` : cell;
    while (seen.has(name)) name = `${name}_${i + 1}`;
    seen.add(name);
    return name;
  });
}
