import { as, type Json, list, names, walk } from './ast.ts';
import { SHAREABLE_FUNCTIONS, VOLATILE_FUNCTIONS } from './functions.ts';

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
  /** A parameter or setting that cannot be told apart from another: a number a decoder may have rounded, a function, … */
  | 'unkeyable-context';

/** Undefined when one execution of the statement may serve several callers. */
export function bypassReason(statement: Json, shareable: ReadonlySet<string>): BypassReason | undefined {
  if (as('SelectStmt', statement) === undefined) return 'not-a-select';
  let reason: BypassReason | undefined;
  walk(statement, (node) => {
    reason ??= reasonOf(node, shareable);
    return reason === undefined;
  });
  return reason;
}

function reasonOf(node: { [key: string]: Json }, shareable: ReadonlySet<string>): BypassReason | undefined {
  for (const tag of Object.keys(node)) {
    switch (tag) {
      case 'lockingClause':
        if (list(node.lockingClause).length > 0) return 'locking';
        break;
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
        if (!isShareable(as('FuncCall', node)?.funcname, shareable))
          return functionReason(as('FuncCall', node)?.funcname);
        break;
      case 'RangeVar':
        if (/^pg_temp/.test(String(as('RangeVar', node)?.schemaname ?? ''))) return 'temporary-table';
        break;
      default:
    }
  }
  return undefined;
}

/** `now`-like values hide in casts of text too: `'now'::timestamp`, `'{today,now}'::date[]`, `'[yesterday,now)'::tsrange`. */
export function hasVolatileLiteral(statement: Json): boolean {
  let found = false;
  walk(statement, (node) => {
    const content = as('sval', as('A_Const', node))?.sval;
    if (typeof content === 'string' && isVolatileText(content)) found = true;
    return !found;
  });
  return found;
}

/** A text that PostgreSQL may read as the current time, alone or inside an array, row or range. */
export function isVolatileText(content: string): boolean {
  return /^\s*(?:[{([].*[\s{([,"])?(?:now|today|tomorrow|yesterday)\b/is.test(content);
}

function isShareable(funcname: Json | undefined, shareable: ReadonlySet<string>): boolean {
  const parts = names(funcname);
  if (parts === undefined) return false;
  const name = parts.at(-1) ?? '';
  if (parts.length === 1 || (parts.length === 2 && parts[0] === 'pg_catalog')) {
    return SHAREABLE_FUNCTIONS.has(name) || shareable.has(name);
  }
  return shareable.has(parts.join('.'));
}

function functionReason(funcname: Json | undefined): BypassReason {
  return VOLATILE_FUNCTIONS.has(names(funcname)?.at(-1) ?? '') ? 'volatile-function' : 'unknown-function';
}
