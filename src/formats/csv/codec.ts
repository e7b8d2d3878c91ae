import type { Codec } from '../../core/codec.ts';
import { FormatError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import { payloadText } from '../payload-text.ts';
import { rowToObject, writeCell } from './cells.ts';
import { type CsvDialect, type CsvOptions, dialectOf } from './options.ts';
import { parseRow } from './rows.ts';

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
 * outside of them is FormatError `csv-columns`, a missing one is an empty cell. A row that came with the same columns in
 * the same dialect and did not change leaves as it came.
 */
export function csvCodec(options: CsvOptions, names?: readonly string[]): CsvCodec {
  const dialect = dialectOf(options);
  const declared = typeof dialect.header === 'boolean' ? undefined : dialect.header;
  const known = names ?? declared;
  let written = declared;
  return {
    name: 'csv',
    dialect,
    names: known,
    decode(payload) {
      const cells = parseRow(payloadText(payload), dialect);
      return rowToObject(cells, known ?? cells.map((_, i) => `c${i + 1}`), dialect);
    },
    header(first) {
      if (dialect.header === false) return undefined;
      written ??= namesOf(first);
      return written.map((name) => writeCell(name, dialect)).join(dialect.delimiter);
    },
    encode(record) {
      const { payload } = record;
      if (payload === null) return null;
      written ??= namesOf(record);
      if (payload !== undefined && record.patches === undefined && isAligned(record.codec, written, dialect))
        return payload;
      return writeRow(record.data, written, dialect);
    },
  };
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
  if (mine === names) return true;
  return mine !== undefined && mine.length === names.length && mine.every((name, i) => name === names[i]);
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
