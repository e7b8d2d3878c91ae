import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ConfigError, FormatError } from '../../core/errors.ts';
import type { Framer } from '../../core/framer.ts';
import { createCodec, makeFramer } from '../../formats/index.ts';
import type { LoggedQuery } from '../../kernels/query/index.ts';
import { Csvlog, hasPlaceholder, isCsvlogRow } from './csvlog.ts';
import { queryOfRow, type RowFields } from './rows.ts';
import { SqlScript } from './sql-script.ts';

export const LOG_FORMATS = ['auto', 'lines', 'sql', 'ndjson', 'csv', 'csvlog'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface ReadOptions {
  readonly format: LogFormat;
  readonly fields: RowFields;
  readonly stdin: Readable;
}

/** What was read so far; counts grow while entries are pulled. */
export interface LogReader {
  readonly entries: AsyncIterable<readonly LoggedQuery[]>;
  /** Bytes of the file as it lies there. */
  bytes: number;
  /** Records without a query, or that could not be decoded. */
  unreadable: number;
  sessionsForgotten: number;
}

interface Cutter {
  push(bytes: Uint8Array): LoggedQuery[];
  finish(): LoggedQuery[];
}

/** Enough of the beginning to tell what a file is. */
const SNIFF_BYTES = 64 * 1024;

/** Executions of a log (`-` is stdin; `.gz` and `.zst` are decompressed), by chunks. Memory holds one chunk and one record. */
export function readLog(path: string, options: ReadOptions): LogReader {
  const reader: LogReader = { bytes: 0, unreadable: 0, sessionsForgotten: 0, entries: entries() };
  return reader;

  async function* entries(): AsyncGenerator<readonly LoggedQuery[]> {
    const raw = path === '-' ? options.stdin : createReadStream(path);
    raw.on('data', (chunk: Uint8Array) => {
      reader.bytes += chunk.length;
    });
    let cutter: Cutter | undefined;
    let head = Buffer.alloc(0);
    for await (const chunk of decompressed(raw, path)) {
      if (cutter !== undefined) {
        yield cutter.push(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      if (head.length < SNIFF_BYTES) continue;
      cutter = makeCutter(path, head, options, reader);
      yield cutter.push(head);
    }
    if (cutter === undefined) {
      cutter = makeCutter(path, head, options, reader);
      yield cutter.push(head);
    }
    yield cutter.finish();
  }
}

function decompressed(raw: Readable, path: string): AsyncIterable<Buffer> {
  const unzip = path.endsWith('.gz') ? createGunzip() : path.endsWith('.zst') ? createZstdDecompress() : undefined;
  if (unzip === undefined) return raw;
  raw.on('error', (error) => unzip.destroy(error));
  return raw.pipe(unzip);
}

function makeCutter(path: string, head: Buffer, options: ReadOptions, reader: LogReader): Cutter {
  const format = options.format === 'auto' ? guess(path, head) : options.format;
  switch (format) {
    case 'sql':
      return scriptCutter();
    case 'lines':
      return framed(makeFramer({ extension: 'txt', codec: createCodec('text'), path }), reader, (line) => [
        plainLine((line as { value: unknown }).value), // as the text codec reads it
      ]);
    case 'csvlog':
      return csvlogCutter(path, reader);
    default:
      return framed(framerOf(format, path), reader, (row) => {
        const query = queryOfRow(row, options.fields);
        if (query === undefined && options.fields.query === undefined && isEmptyOfQueries(row)) throw noField(path);
        return [query];
      });
  }
}

function framerOf(format: 'ndjson' | 'csv', path: string): Framer {
  const name = path.replace(/\.(?:gz|zst)$/, '');
  if (format === 'csv')
    return makeFramer({ extension: extname(name) === '.tsv' ? 'tsv' : 'csv', codec: createCodec('csv'), path });
  return makeFramer({ extension: extname(name) === '.json' ? 'json' : 'ndjson', codec: createCodec('json'), path });
}

/** By the extension, else by the first line. */
function guess(path: string, head: Buffer): Exclude<LogFormat, 'auto'> {
  const extension = extname(path.replace(/\.(?:gz|zst)$/, '')).toLowerCase();
  const first = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (extension === '.sql') return 'sql';
  if (['.ndjson', '.jsonl', '.json'].includes(extension)) return 'ndjson';
  if (isCsvlogRow(first.slice(0, first.indexOf('\n') + 1 || undefined).split(','))) return 'csvlog';
  if (extension === '.csv' || extension === '.tsv') return 'csv';
  return /^\{\s*"/.test(first) ? 'ndjson' : 'lines';
}

function plainLine(line: unknown): LoggedQuery {
  const text = String(line);
  return { text, context: {}, executions: 1, ms: undefined, unknownParameters: hasPlaceholder(text) };
}

function scriptCutter(): Cutter {
  const script = new SqlScript();
  const decoder = new TextDecoder();
  return {
    push: (bytes) => script.push(decoder.decode(bytes, { stream: true })).map(plainLine),
    finish: () => script.finish().map(plainLine),
  };
}

function csvlogCutter(path: string, reader: LogReader): Cutter {
  const log = new Csvlog();
  const codec = createCodec('csv', { header: false });
  const rows = framed(makeFramer({ extension: 'csv', codec, path }), reader, (row) => {
    const cells = Object.values(row as object).map((cell) => (cell === null ? '' : String(cell))); // a csv row is an object
    const queries = log.take(cells);
    reader.sessionsForgotten = log.forgotten;
    return queries;
  });
  return { push: rows.push, finish: () => [...rows.finish(), ...log.finish()] };
}

function framed(
  framer: Framer,
  reader: LogReader,
  toQueries: (value: unknown) => readonly (LoggedQuery | undefined)[],
): Cutter {
  const pull = (): LoggedQuery[] => {
    const queries: LoggedQuery[] = [];
    while (framer.next()) {
      try {
        const value = framer.data ?? framer.codec?.decode(framer.payload ?? '');
        for (const query of toQueries(value))
          if (query === undefined) reader.unreadable++;
          else queries.push(query);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        reader.unreadable++;
      }
    }
    return queries;
  };
  return {
    push: (bytes) => {
      framer.push(bytes);
      return pull();
    },
    finish: () => {
      framer.finish();
      return pull();
    },
  };
}

/** A record with text in it, but under no name a query has: the user has to say which. */
function isEmptyOfQueries(row: unknown): boolean {
  return row !== null && typeof row === 'object' && Object.keys(row).length > 0;
}

function noField(path: string): ConfigError {
  return new ConfigError(`${path}: no field sql, query or statement with text; name it with --field`, {
    code: 'query-log-field',
  });
}
