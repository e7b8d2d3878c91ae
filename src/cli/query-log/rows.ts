import type { LoggedQuery, QueryContext } from '../../kernels/query/index.ts';
import { hasPlaceholder } from './csvlog.ts';

/** Which fields of a record say what; absent ones are looked for under their usual names. */
export interface RowFields {
  readonly query?: string | undefined;
  readonly ms?: string | undefined;
  readonly tenant?: string | undefined;
  readonly role?: string | undefined;
  readonly params?: string | undefined;
}

const QUERY_NAMES = ['sql', 'query', 'statement', 'query_text', 'sql_text', 'text'] as const;
const MS_NAMES = ['ms', 'duration_ms', 'durationMs', 'elapsed_ms', 'elapsedMs', 'time_ms', 'duration'] as const;

/** A record of NDJSON or CSV as an execution; undefined when no field holds a query. */
export function queryOfRow(row: unknown, fields: RowFields): LoggedQuery | undefined {
  if (typeof row === 'string') return { text: row, ...ONCE, context: {}, unknownParameters: hasPlaceholder(row) };
  if (row === null || typeof row !== 'object') return undefined;
  const record = row as Readonly<Record<string, unknown>>; // any object has fields
  const name = fields.query ?? QUERY_NAMES.find((candidate) => typeof record[candidate] === 'string');
  const text = name === undefined ? undefined : record[name];
  if (typeof text !== 'string') return undefined;
  if (isStatistics(record)) return statistics(text, record);
  const params = fields.params === undefined ? undefined : record[fields.params];
  const context: QueryContext = {
    tenant: fields.tenant === undefined ? undefined : record[fields.tenant],
    role: fields.role === undefined ? undefined : record[fields.role],
    params,
  };
  const msName = fields.ms ?? MS_NAMES.find((candidate) => numberOf(record[candidate]) !== undefined);
  return {
    text,
    context,
    executions: 1,
    ms: msName === undefined ? undefined : numberOf(record[msName]),
    unknownParameters: params === undefined && hasPlaceholder(text),
  };
}

const ONCE = { executions: 1, ms: undefined };

/** A row of pg_stat_statements: one text for all executions of a shape. */
function isStatistics(record: Readonly<Record<string, unknown>>): boolean {
  return record.query !== undefined && numberOf(record.calls) !== undefined;
}

/** Constants are `$1` there, so what two executions had in common is not known. */
function statistics(text: string, record: Readonly<Record<string, unknown>>): LoggedQuery {
  return {
    text,
    context: { tenant: record.dbid ?? record.datname, role: record.userid ?? record.rolname },
    executions: Math.max(0, Math.trunc(numberOf(record.calls) ?? 1)),
    ms: numberOf(record.total_exec_time) ?? numberOf(record.total_time),
    unknownParameters: hasPlaceholder(text),
  };
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
