import { FormatError } from '../../core/errors.ts';
import type { ColumnType, CsvDialect } from './options.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Significant digits that a double always holds. */
const EXACT_DIGITS = 15;

/** A row as an object: strings unless `columns` says otherwise, an empty cell is null. Throws FormatError. */
export function rowToObject(
  cells: readonly string[],
  names: readonly string[],
  dialect: CsvDialect,
): Record<string, unknown> {
  if (cells.length !== names.length)
    throw new FormatError(`${cells.length} cells where the header has ${names.length}`, { code: 'ragged-row' });
  const row: Record<string, unknown> = {};
  for (let i = 0; i < cells.length; i++) {
    const name = names[i] as string; // i is below the length
    const type = Object.hasOwn(dialect.columns, name) ? dialect.columns[name] : undefined;
    const value = typedCell(cells[i] as string, type); // i is below the length
    if (name === '__proto__')
      Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
    else row[name] = value;
  }
  return row;
}

/** A cell that is not of its type stays text, and so does a number that a double would round: a `check` on the type says so. */
function typedCell(cell: string, type: ColumnType | undefined): unknown {
  if (cell === '') return null;
  switch (type) {
    case 'boolean':
      return booleanOf(cell);
    case 'number':
    case 'integer':
      return numberOf(cell, type);
    default:
      return cell;
  }
}

function booleanOf(cell: string): boolean | string {
  const word = cell.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : cell;
}

function numberOf(cell: string, type: 'number' | 'integer'): number | string {
  const text = cell.trim();
  if (!NUMBER.test(text)) return cell;
  const value = Number(text);
  if (!Number.isFinite(value) || (type === 'integer' && !Number.isInteger(value))) return cell;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return cell;
  return text.length <= EXACT_DIGITS || isHeld(text, value) ? value : cell;
}

/** 0.30000000000000004 is the double it is read as; a number of more digits than that is not. */
function isHeld(text: string, value: number): boolean {
  const digits = significantDigits(text);
  return digits.length <= EXACT_DIGITS || digits === significantDigits(String(value));
}

function significantDigits(text: string): string {
  const [mantissa = ''] = text.split(/[eE]/);
  return mantissa.replace(/[+\-.]/g, '').replace(/^0+|0+$/g, '');
}

/** Text of a cell, quoted where reading it back needs that. Throws FormatError for a number that text cannot hold. */
export function writeCell(cell: unknown, { delimiter, quote, escape: escaping }: CsvDialect): string {
  if (cell === null || cell === undefined) return '';
  const text = cellText(cell);
  if (!text.includes(quote) && !text.includes(delimiter) && !/[\r\n]|^\s|\s$/.test(text)) return text;
  const escaped = escaping === quote ? text : text.replaceAll(escaping, () => escaping + escaping);
  return quote + escaped.replaceAll(quote, () => escaping + quote) + quote;
}

function cellText(cell: unknown): string {
  switch (typeof cell) {
    case 'string':
      return cell;
    case 'number':
      if (!Number.isFinite(cell) || (Number.isInteger(cell) && !Number.isSafeInteger(cell)))
        throw new FormatError('a number that cannot be written exactly: keep it as text', { code: 'lossy-number' });
      return Object.is(cell, -0) ? '-0' : String(cell);
    case 'bigint':
    case 'boolean':
      return String(cell);
    default:
      return JSON.stringify(cell);
  }
}
