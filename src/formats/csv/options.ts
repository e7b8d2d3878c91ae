export type ColumnType = 'string' | 'number' | 'integer' | 'boolean';

/** `csv:` of an input or output. */
export interface CsvOptions {
  readonly columns?: Readonly<Record<string, ColumnType>>;
  readonly delimiter?: string;
  readonly quote?: string;
  readonly escape?: string;
  /** true: the first line names the columns; a list names them here; false: c1, c2, …. */
  readonly header?: boolean | readonly string[];
}

/** Options with their defaults (RFC 4180). */
export interface CsvDialect {
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly delimiter: string;
  readonly quote: string;
  /** Equal to `quote`: a quote is written twice. */
  readonly escape: string;
  readonly header: boolean | readonly string[];
}

export function dialectOf(options: CsvOptions): CsvDialect {
  const quote = options.quote ?? '"';
  return {
    columns: options.columns ?? {},
    delimiter: options.delimiter ?? ',',
    quote,
    escape: options.escape ?? quote,
    header: options.header ?? true,
  };
}
