import { parse } from 'csv-parse/sync';
import type { Codec } from '../core/codec.ts';
import { FormatError } from '../core/errors.ts';
import type { DataRecord } from '../core/record.ts';
import { textOf } from './json.ts';

export interface CsvOptions {
  readonly columns?: Readonly<Record<string, 'string' | 'number' | 'integer' | 'boolean'>>;
  readonly delimiter?: string;
  readonly quote?: string;
  readonly escape?: string;
  /** true: the first line names the columns; a list names them here; false: c1, c2, …. */
  readonly header?: boolean | readonly string[];
}

/** Most columns of a row. */
const MAX_COLUMNS = 10_000;

/** Cells of one row; undefined for a row with nothing in it. Throws FormatError. */
export function parseRow(text: string, options: CsvOptions): readonly string[] | undefined {
  try {
    const rows: string[][] = parse(text, {
      delimiter: options.delimiter ?? ',',
      quote: options.quote ?? '"',
      escape: options.escape ?? options.quote ?? '"',
      relax_column_count: true,
      skip_empty_lines: true,
    });
    return rows[0];
  } catch (cause) {
    throw new FormatError('not a csv row: a quote is never closed or stands in the middle of a cell', {
      code: 'undecodable',
      cause,
    });
  }
}

/** A row as an object: strings unless `columns` says otherwise, an empty cell is null. Throws FormatError. */
export function rowToObject(
  cells: readonly string[],
  names: readonly string[],
  options: CsvOptions,
): Record<string, unknown> {
  if (cells.length !== names.length) {
    throw new FormatError(`${cells.length} cells where the header has ${names.length}`, { code: 'ragged-row' });
  }
  const row: Record<string, unknown> = {};
  for (let i = 0; i < cells.length; i++) {
    const name = names[i] as string; // i is below the length
    const value = typedCell(cells[i] as string, options.columns?.[name]); // i is below the length
    if (name === '__proto__')
      Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
    else row[name] = value;
  }
  return row;
}

/** A cell that is not of its type stays text: a `check` on the type says so. */
function typedCell(cell: string, type: string | undefined): unknown {
  if (cell === '') return null;
  if (type === undefined || type === 'string') return cell;
  if (type === 'boolean') return cell === 'true' ? true : cell === 'false' ? false : cell;
  const text = cell.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return cell;
  const number = Number(text);
  return Number.isFinite(number) && (type !== 'integer' || Number.isSafeInteger(number)) ? number : cell;
}

export function columnNames(cells: readonly string[]): readonly string[] {
  if (cells.length > MAX_COLUMNS)
    throw new FormatError(`more than ${MAX_COLUMNS} columns`, { code: 'too-many-members' });
  const seen = new Set<string>();
  return cells.map((cell, i) => {
    const name = cell.trim() === '' ? `c${i + 1}` : cell;
    const free = seen.has(name) ? `${name}_${i + 1}` : name;
    seen.add(free);
    return free;
  });
}

/**
 * csv values on their own (from Kafka): names come from `header: [...]`, else c1, c2, …. Files give their rows decoded, with
 * names from their first line.
 */
export function csvCodec(options: CsvOptions): Codec {
  const named = Array.isArray(options.header) ? options.header : undefined;
  const codec: Codec = {
    name: 'csv',
    decode(payload) {
      const cells = parseRow(textOf(payload), options);
      if (cells === undefined) throw new FormatError('the row is empty', { code: 'undecodable' });
      return rowToObject(cells, named ?? cells.map((_cell, i) => `c${i + 1}`), options);
    },
    encode(record: DataRecord) {
      if (record.payload === null) return null;
      if (record.payload !== undefined && record.patches === undefined && record.codec.name === 'csv')
        return record.payload;
      const { data } = record;
      const cells = data !== null && typeof data === 'object' ? Object.values(data) : [data];
      return cells.map((cell) => csvCell(cell, options)).join(options.delimiter ?? ',');
    },
  };
  return codec;
}

export function csvCell(cell: unknown, options: CsvOptions): string {
  if (cell === null || cell === undefined) return '';
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
  const quote = options.quote ?? '"';
  const special = text.includes(quote) || text.includes(options.delimiter ?? ',') || /[\r\n]|^\s|\s$/.test(text);
  return special ? quote + text.replaceAll(quote, (options.escape ?? quote) + quote) + quote : text;
}
