import { as, isNode, type Json, type JsonNode, list, names, text } from './ast.ts';
import { SEQUENCE_FUNCTIONS, SHAREABLE_FUNCTIONS, VOLATILE_FUNCTIONS } from './functions.ts';

/** Why a query is executed as it is and never shared. */
export type BypassReason =
  | 'too-large'
  | 'too-deep'
  | 'unparsable'
  | 'empty'
  | 'several-statements'
  | 'not-a-select'
  | 'locking'
  | 'select-into'
  | 'data-modifying-cte'
  | 'volatile-function'
  /** Not a known built-in: it may do anything, also write. */
  | 'unknown-function'
  | 'volatile-value'
  | 'sampling'
  | 'temporary-table'
  /** Statistics, locks and settings of the server change without a write to a table. */
  | 'system-catalog'
  /** A parameter or setting that cannot be told apart from another: a number a decoder may have rounded, a function, … */
  | 'unkeyable-context';

/** What a statement reads, and why it must not be shared. */
export interface Inspection {
  /** Undefined when one execution of the statement may serve several callers. */
  readonly reason: BypassReason | undefined;
  /** It may change what another query reads. */
  readonly mayWrite: boolean;
  /** Relations named, `schema.table` or `table`, sorted. Names of CTEs are among them: inside its own query such a name is a table. */
  readonly tables: readonly string[];
}

/** One walk over a statement whose locations are stripped. */
export function inspect(statement: Json, shareable: ReadonlySet<string>): Inspection {
  if (as('SelectStmt', statement) === undefined) return { reason: 'not-a-select', mayWrite: true, tables: [] };
  const inspector = new Inspector(shareable);
  inspector.visit(statement);
  const { reason, mayWrite } = inspector;
  return { reason, mayWrite, tables: [...inspector.tables].sort() };
}

const WRITING: ReadonlySet<BypassReason> = new Set(['select-into', 'data-modifying-cte', 'unknown-function']);

class Inspector {
  /** The first one; one that may write goes before. */
  reason: BypassReason | undefined;
  mayWrite = false;
  readonly tables = new Set<string>();
  private readonly shareable: ReadonlySet<string>;

  constructor(shareable: ReadonlySet<string>) {
    this.shareable = shareable;
  }

  visit(node: Json): void {
    if (node === null || typeof node !== 'object' || this.mayWrite) return;
    if (Array.isArray(node)) {
      for (let i = 0; i < node.length; i++) this.visit(node[i] ?? null);
      return;
    }
    for (const tag of Object.keys(node)) {
      const body = node[tag];
      if (body === null || typeof body !== 'object') continue;
      this.found(this.reasonOf(tag, body));
      this.visit(body);
    }
  }

  private found(reason: BypassReason | undefined): void {
    if (reason === undefined) return;
    const writes = WRITING.has(reason);
    if (this.reason === undefined || writes) this.reason = reason;
    this.mayWrite ||= writes;
  }

  private reasonOf(tag: string, body: Json): BypassReason | undefined {
    switch (tag) {
      case 'lockingClause':
        return list(body).length > 0 ? 'locking' : undefined;
      case 'intoClause':
        return 'select-into';
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        return 'data-modifying-cte';
      case 'SQLValueFunction':
      case 'SetToDefault':
      case 'CurrentOfExpr':
        return 'volatile-value';
      case 'RangeTableSample':
        return 'sampling';
      case 'FuncCall':
        return isNode(body) ? this.functionReason(body.funcname) : undefined;
      case 'RangeVar':
        return isNode(body) ? this.table(body) : undefined;
      // `now`-like values hide in casts of text too: '{today,now}'::date[], '[yesterday,now)'::tsrange
      case 'sval':
        return isNode(body) && typeof body.sval === 'string' && isVolatileText(body.sval)
          ? 'volatile-value'
          : undefined;
      default:
        return undefined;
    }
  }

  private table(body: JsonNode): BypassReason | undefined {
    const name = text(body.relname);
    const schema = text(body.schemaname);
    if (name !== undefined) this.tables.add(schema === undefined ? name : `${schema}.${name}`);
    if (schema?.startsWith('pg_temp') === true) return 'temporary-table';
    const system =
      schema === 'information_schema' || schema?.startsWith('pg_') === true || name?.startsWith('pg_') === true;
    return system ? 'system-catalog' : undefined;
  }

  private functionReason(funcname: Json | undefined): BypassReason | undefined {
    const parts = names(funcname);
    const name = parts?.at(-1) ?? '';
    const builtIn = parts?.length === 1 || (parts?.length === 2 && parts[0] === 'pg_catalog');
    if (builtIn && (SHAREABLE_FUNCTIONS.has(name) || this.shareable.has(name))) return undefined;
    if (!builtIn && parts !== undefined && this.shareable.has(parts.join('.'))) return undefined;
    if (!builtIn || !VOLATILE_FUNCTIONS.has(name)) return 'unknown-function';
    this.mayWrite ||= SEQUENCE_FUNCTIONS.has(name);
    return 'volatile-function';
  }
}

/** A text that PostgreSQL may read as the current time, alone, beside a time of day (`10:00 today`) or inside an array, row or range. */
export function isVolatileText(content: string): boolean {
  if (!/(?:now|today|tomorrow|yesterday)(?![a-z])/i.test(content)) return false;
  return /^\s*(?:[{([].*[\s{([,"])?(?:now|today|tomorrow|yesterday)\b|\d|allballs/is.test(content);
}
