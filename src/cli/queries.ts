import { readFileSync, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { type Dialect, parseCatalog, QueryKeys, type QueryLevel, QueryLog, SqlParser } from '../kernels/query/index.ts';
import { count } from './progress.ts';
import { LOG_FORMATS, type LogFormat, type LogReader, readLog } from './query-log/read.ts';
import { reportOf, reportText } from './query-log/report.ts';

interface QueriesFlags {
  readonly format: LogFormat;
  readonly dialect: Dialect;
  readonly level: QueryLevel;
  readonly catalog?: string;
  readonly field?: string;
  readonly ms?: string;
  readonly tenant?: string;
  readonly role?: string;
  readonly params?: string;
  readonly shareable: readonly string[];
  readonly top: number;
  readonly nPlusOne: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const PROGRESS_EVERY_MS = 2000;

export function addQueries(program: Command): void {
  program
    .command('queries')
    .description('say what repeats in a log of queries, and what a gate would have saved')
    .argument('<log>', 'a file: one query a line, .sql, .ndjson, .csv, csvlog, a pg_stat_statements export; - is stdin')
    .addOption(new Option('--format <format>', 'what the log is').choices(LOG_FORMATS).default('auto'))
    .addOption(
      new Option('--dialect <dialect>', 'language of the queries')
        .choices(['postgres', 'json', 'other'])
        .default('postgres'),
    )
    .addOption(
      new Option('--level <level>', 'how much is recognized')
        .choices(['text', 'syntax', 'algebra', 'schema'])
        .default('algebra'),
    )
    .option('--catalog <file>', 'JSON { "table": ["column", …] }; level schema')
    .option('--field <name>', 'field or column of the query (else sql, query, statement, …)')
    .option('--ms <name>', 'field or column of the duration in milliseconds')
    .option('--tenant <name>', 'field or column of the tenant: never one across tenants')
    .option('--role <name>', 'field or column of the database role')
    .option('--params <name>', 'field or column of the bound parameters')
    .option('--shareable <functions>', 'own functions that neither write nor change, by commas', byCommas, [])
    .option('--top <n>', 'groups shown', positive, 10)
    .option('--n-plus-one <n>', 'least different literals of one shape that count as a loop', positive, 5)
    .option('--json', 'print one JSON object')
    .option('--quiet', 'no progress')
    .action((path: string, flags: QueriesFlags) => queries(path, flags));
}

async function queries(path: string, flags: QueriesFlags): Promise<void> {
  const size = path === '-' ? undefined : sizeOf(path);
  const log = new QueryLog({ keys: await keysOf(flags) });
  const { field, ms, tenant, role, params } = flags;
  const reader = readLog(path, {
    format: flags.format,
    fields: { query: field, ms, tenant, role, params },
    stdin: process.stdin,
  });
  let next = systemClock.elapsed() + PROGRESS_EVERY_MS;
  for await (const entries of reader.entries) {
    for (const entry of entries) {
      log.add(entry);
      if (flags.quiet === true || systemClock.elapsed() < next) continue;
      next = systemClock.elapsed() + PROGRESS_EVERY_MS;
      process.stderr.write(progressLine(log, reader, size));
    }
  }
  const report = reportOf(log, reader, { top: flags.top, nPlusOne: flags.nPlusOne });
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : reportText(path, report));
}

async function keysOf(flags: QueriesFlags): Promise<QueryKeys> {
  if (flags.level === 'schema' && flags.catalog === undefined)
    throw new ConfigError('--level schema needs --catalog <file>', { code: 'query-no-catalog' });
  const level = flags.catalog === undefined ? flags.level : 'schema';
  return new QueryKeys({
    dialect: flags.dialect,
    level,
    shapes: true,
    decodedNumbers: true,
    shareableFunctions: new Set(flags.shareable),
    ...(flags.dialect === 'postgres' ? { parser: await SqlParser.load() } : {}),
    ...(flags.catalog === undefined ? {} : { catalog: parseCatalog(readText(flags.catalog), flags.catalog) }),
  });
}

function progressLine(log: QueryLog, reader: LogReader, size: number | undefined): string {
  const share = size === undefined || size === 0 ? '' : `, ${((100 * reader.bytes) / size).toFixed(0)} % read`;
  return `${count(log.executions)} executions, ${count(log.distinct)} distinct${share}\n`;
}

function sizeOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.isDirectory())
    throw new ConfigError(`${path} cannot be read: there is no such file`, { code: 'query-log-missing' });
  return stats.size;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read`, { code: 'query-catalog', cause });
  }
}

function byCommas(value: string): string[] {
  return value.split(',').map((name) => name.trim());
}

function positive(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new ConfigError(`${value} is no whole number above 0`, { code: 'bad-flag' });
  return number;
}
