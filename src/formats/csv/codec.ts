import type { Codec } from '../../core/codec.ts';
import { ConfigError, FormatError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import { payloadText } from '../payload-text.ts';
import { rowToObject, writeCell } from './cells.ts';
import { type CsvDialect, type CsvOptions, dialectOf } from './options.ts';
import { isOpenAtEnd, parseRow } from './rows.ts';

/** A codec of rows; `names` are those of the rows it reads, when they are known. */
export interface CsvCodec extends Codec {
  readonly dialect: CsvDialect;
  readonly names: readonly string[] | undefined;
}

export function isCsvCodec(codec: Codec): codec is CsvCodec {
  return codec.name === 'csv' && 'dialect' in codec;
}

/**
 * Rows of csv, one a value, as objects of text (`columns` gives types; an empty cell is null). Names come from
 * `header: [...]`, else they are c1, c2, …; the reader of a file makes a codec with the names of its first line (`names`).
 *
 * Written, a row has the columns of `header: [...]`, else those of the first record written; a later record with a field
 * outside of them is FormatError `csv-columns`, a missing one is an empty cell. Rows that go to the end of a file keep to
 * its columns. A row that came with the same columns in the same dialect and did not change leaves as it came.
 */
export function csvCodec(options: CsvOptions, names?: readonly string[]): CsvCodec {
  const dialect = dialectOf(options);
  const declared = typeof dialect.header === 'boolean' ? undefined : dialect.header;
  const known = names ?? declared;
  let written = declared;
  /** Cells of the rows that are there without names. */
  let width: number | undefined;
  const columnsFor = (record: DataRecord): readonly string[] => {
    const names = namesOf(record);
    if (width !== undefined) refuseColumns(unnamed(width), names);
    return names;
  };
  return {
    name: 'csv',
    dialect,
    names: known,
    learns: declared === undefined,
    decode(payload) {
      const cells = parseRow(payloadText(payload), dialect);
      return rowToObject(cells, known ?? unnamed(cells.length), dialect);
    },
    header(first) {
      if (dialect.header === false) return undefined;
      written ??= columnsFor(first);
      return written.map((name) => writeCell(name, dialect)).join(dialect.delimiter);
    },
    goOn(head) {
      const row = firstRow(head, dialect);
      if (dialect.header === false) width = row.length;
      else if (declared === undefined) written = row;
      else refuseColumns(row, declared);
    },
    encode(record) {
      const { payload } = record;
      if (payload === null) return null;
      written ??= columnsFor(record);
      if (payload !== undefined && record.patches === undefined && isAligned(record.codec, written, dialect))
        return payload;
      return writeRow(record.data, written, dialect);
    },
  };
}

/** Cells of the first row of a file. */
function firstRow(head: string, dialect: CsvDialect): readonly string[] {
  const lines = head.split('\n');
  let row = lines[0] ?? '';
  for (let i = 1; i < lines.length && isOpenAtEnd(row, false, dialect); i++) row += `\n${lines[i]}`;
  return parseRow(row, dialect);
}

function refuseColumns(there: readonly string[], wanted: readonly string[]): void {
  if (sameNames(there, wanted)) return;
  throw new ConfigError(
    `the csv output that is there has the columns ${there.join(', ')}, this run would write ${wanted.join(', ')}: name the columns in \`csv: { header: [...] }\`, give the output another topic, or begin again with --from-start`,
    { code: 'csv-columns' },
  );
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** Names of columns that have none. */
function unnamed(width: number): readonly string[] {
  return Array.from({ length: width }, (_, i) => `c${i + 1}`);
}

function namesOf(record: DataRecord): readonly string[] {
  if (record.patches === undefined && isCsvCodec(record.codec) && record.codec.names !== undefined)
    return record.codec.names;
  return Object.keys(fieldsOf(record.data));
}

/** True when rows of `codec` can be copied under these columns. */
function isAligned(codec: Codec, names: readonly string[], dialect: CsvDialect): boolean {
  if (!isCsvCodec(codec)) return false;
  const { dialect: other } = codec;
  if (other.delimiter !== dialect.delimiter || other.quote !== dialect.quote || other.escape !== dialect.escape)
    return false;
  const { names: mine } = codec;
  return mine === names || (mine !== undefined && sameNames(mine, names));
}

function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  if (data === null || typeof data !== 'object')
    throw new FormatError('a csv row is made of fields; this record has none', { code: 'unencodable' });
  return data as Readonly<Record<string, unknown>>; // an object
}

function writeRow(data: unknown, names: readonly string[], dialect: CsvDialect): string {
  const fields = fieldsOf(data);
  let row = '';
  let found = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string; // i is below the length
    if (i > 0) row += dialect.delimiter;
    if (!Object.hasOwn(fields, name)) continue;
    found++;
    row += writeCell(fields[name], dialect);
  }
  if (found < Object.keys(fields).length)
    throw new FormatError(
      `a field is not among the ${names.length} columns; name all of them in \`csv: { header: [...] }\` of the output`,
      { code: 'csv-columns' },
    );
  return row === '' ? dialect.quote + dialect.quote : row; // an empty line is no row
}
