import { LRUCache } from 'lru-cache';
import type { LoggedQuery } from '../../kernels/query/index.ts';

/** Columns of PostgreSQL's csvlog, by position. Source: PostgreSQL documentation, 20.8.4 (using CSV-format log output). */
const USER = 1;
const DATABASE = 2;
const SESSION = 5;
const SEVERITY = 11;
const MESSAGE = 13;
const DETAIL = 14;
const LEAST_COLUMNS = 23;

/** Sessions whose settings and open statement are remembered. */
const MAX_SESSIONS = 50_000;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/;
const STATEMENT = /^(?:duration: ([\d.]+) ms {2})?(?:statement|execute [^:]*): ([\s\S]*)$/;
const DURATION_ALONE = /^duration: ([\d.]+) ms$/;

interface Session {
  /** SET statements so far: two sessions with the same ones answer alike. */
  settings: string;
  /** A statement logged without its duration. */
  open: LoggedQuery | undefined;
}

export function isCsvlogRow(cells: readonly string[]): boolean {
  return cells.length >= LEAST_COLUMNS && TIME.test(cells[0] ?? '') && /^[A-Z]+\d?$/.test(cells[SEVERITY] ?? '');
}

/**
 * Executions in rows of a csvlog: `log_min_duration_statement`, `log_statement` with or without `log_duration`, simple and
 * extended protocol. Parsing and binding are not executions; parameters come from the detail. Database, user and
 * settings of the session tell contexts apart.
 */
export class Csvlog {
  /** Sessions forgotten, and with them their settings. */
  forgotten = 0;
  private readonly sessions: LRUCache<string, Session>;

  constructor() {
    this.sessions = new LRUCache<string, Session>({
      max: MAX_SESSIONS,
      disposeAfter: (_session, _id, reason) => {
        if (reason === 'evict') this.forgotten++;
      },
    });
  }

  /** The executions this row completes. */
  take(cells: readonly string[]): LoggedQuery[] {
    if (!isCsvlogRow(cells)) return [];
    const id = cells[SESSION] ?? '';
    const session = this.sessions.get(id) ?? { settings: '', open: undefined };
    this.sessions.set(id, session);
    const message = cells[MESSAGE] ?? '';
    const duration = DURATION_ALONE.exec(message)?.[1];
    if (duration !== undefined) return closed(session, Number(duration));
    const [, ms, text] = STATEMENT.exec(message) ?? [];
    if (text === undefined || message.startsWith('execute fetch from')) return [];
    const done = closed(session, undefined);
    if (/^\s*(?:set|reset|discard)\b/i.test(text)) session.settings += `${text.trim()};`;
    const query = logged(cells, text, session.settings);
    if (ms !== undefined) return [...done, { ...query, ms: Number(ms) }];
    session.open = query;
    return done;
  }

  /** What was logged without a duration until the end. */
  finish(): LoggedQuery[] {
    return [...this.sessions.values()].flatMap((session) => closed(session, undefined));
  }
}

function closed(session: Session, ms: number | undefined): LoggedQuery[] {
  const { open } = session;
  session.open = undefined;
  return open === undefined ? [] : [{ ...open, ms }];
}

function logged(cells: readonly string[], text: string, settings: string): LoggedQuery {
  const params = parametersOf(cells[DETAIL] ?? '');
  return {
    text,
    context: { tenant: cells[DATABASE], role: cells[USER], settings, ...(params === undefined ? {} : { params }) },
    executions: 1,
    ms: undefined,
    unknownParameters: hasPlaceholder(text) && params === undefined,
  };
}

/** `parameters: $1 = '5', $2 = NULL`; undefined when there are none, or one was cut off. */
function parametersOf(detail: string): (string | null)[] | undefined {
  const [, list] = /^parameters: ([\s\S]*)$/i.exec(detail) ?? [];
  if (list === undefined) return undefined;
  const values: (string | null)[] = [];
  for (const [, quoted] of list.matchAll(/\$\d+ = (?:'((?:[^']|'')*)'(?:\.\.\.)?|NULL)/g)) {
    if (quoted?.endsWith('...') === true) return undefined;
    values.push(quoted?.replaceAll("''", "'") ?? null);
  }
  return values;
}

/** `$1` outside texts: a bound parameter. */
export function hasPlaceholder(text: string): boolean {
  return /\$\d/.test(text) && /\$\d/.test(text.replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, ''));
}
