import { as, type Json, serialize, stripLocations, TooDeep } from './ast.ts';
import { type BypassReason, inspect } from './bypass.ts';
import { digest128 } from './digest.ts';
import { measure } from './measure.ts';
import { type Catalog, NotRenamable } from './scope.ts';
import { canonicalSelect } from './select.ts';

/** `text`: white space at the ends; `syntax`: comments, white space, case; `algebra`: safe rewrites; `schema`: with a catalog too. */
export type QueryLevel = 'text' | 'syntax' | 'algebra' | 'schema';

/** Longest statement that is parsed, in characters; a longer one is bypassed. */
export const MAX_QUERY_CHARS = 256 * 1024;
/** Deepest nesting of parentheses, brackets and CASE that is parsed. */
export const MAX_QUERY_DEPTH = 200;
/** Most words and operators, items of lists apart: a statement that piles up more could exhaust the parser's stack (from ≈ 3,700 levels on). */
export const MAX_QUERY_WORDS = 2500;

/** Longest row of operator characters that is parsed, in banners of comments too: the scanner's time is its length squared. */
const MAX_OPERATOR_ROW = 500;

export interface CanonicalOptions {
  readonly level: QueryLevel;
  readonly catalog?: Catalog;
  /** Further functions known to depend on their arguments and the snapshot alone. */
  readonly shareableFunctions?: ReadonlySet<string>;
  /** Parses one text to libpg-query's tree; throws on a syntax error. */
  readonly parse: (sql: string) => { readonly stmts?: readonly { readonly stmt?: unknown }[] };
}

const NO_FUNCTIONS: ReadonlySet<string> = new Set();

/** `readOnly`: seen to change nothing that another query reads. */
export interface Bypass {
  readonly kind: 'bypass';
  readonly reason: BypassReason;
  readonly readOnly?: true;
}

export type CanonicalResult =
  | {
      readonly kind: 'key';
      readonly key: string;
      readonly canonical: string;
      readonly rewrites: readonly string[];
      readonly tables: readonly string[];
    }
  | Bypass;

/**
 * The canonical form of a query: two texts get one key only when they give the same rows on every database of the same
 * catalog (bag semantics). Anything in doubt is bypassed, or keyed by its syntax alone.
 *
 * Cost: one parse (≈ 20 µs for a two-table join) and a few walks over its tree (≈ 40 µs); a memo belongs in front of it.
 *
 * @example canonicalQuery("select u.name from users u where 1 = u.id", …).canonical equals that of "SELECT name FROM users WHERE id = 1"
 * Source: docs/queries.md lists each rewrite with its condition.
 */
export function canonicalQuery(sql: string, options: CanonicalOptions): CanonicalResult {
  if (sql.length > MAX_QUERY_CHARS) return { kind: 'bypass', reason: 'too-large' };
  const { words, depth, operatorRow } = measure(sql);
  if (depth > MAX_QUERY_DEPTH) return { kind: 'bypass', reason: 'too-deep' };
  if (words > MAX_QUERY_WORDS || operatorRow > MAX_OPERATOR_ROW) return { kind: 'bypass', reason: 'too-large' };
  if (trimmed(sql) === '') return { kind: 'bypass', reason: 'empty', readOnly: true };
  if (sql.includes('\0')) return { kind: 'bypass', reason: 'unparsable' };
  let statements: readonly { readonly stmt?: unknown }[];
  try {
    statements = options.parse(sql).stmts ?? [];
  } catch {
    return { kind: 'bypass', reason: 'unparsable' };
  }
  if (statements.length === 0) return { kind: 'bypass', reason: 'empty' };
  if (statements.length > 1) return { kind: 'bypass', reason: 'several-statements' };
  try {
    return keyOf(sql, stripLocations(statements[0]?.stmt as Json), options); // libpg-query's tree is JSON
  } catch (error) {
    if (error instanceof TooDeep || error instanceof RangeError) return { kind: 'bypass', reason: 'too-deep' };
    throw error;
  }
}

function keyOf(sql: string, statement: Json, options: CanonicalOptions): CanonicalResult {
  const { reason, mayWrite, tables } = inspect(statement, options.shareableFunctions ?? NO_FUNCTIONS);
  if (reason !== undefined) return mayWrite ? { kind: 'bypass', reason } : { kind: 'bypass', reason, readOnly: true };
  if (options.level === 'text') return keyed(trimmed(sql), [], tables);
  if (options.level === 'syntax') return keyed(serialize(statement), [], tables);
  const rewrites = new Set<string>();
  const catalog = options.level === 'schema' ? options.catalog : undefined;
  try {
    const select = { SelectStmt: as('SelectStmt', statement) ?? {} };
    const canonical = serialize(canonicalSelect(select, catalog, (rule) => rewrites.add(rule)));
    return keyed(canonical, [...rewrites].sort(), tables);
  } catch (error) {
    if (error instanceof NotRenamable) return keyed(`as written ${serialize(statement)}`, [], tables);
    throw error;
  }
}

/** Without what PostgreSQL takes for white space at the ends: other spaces may be part of a name. */
export function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Space, tab, line feed, vertical tab, form feed, carriage return. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

export function keyed(canonical: string, rewrites: readonly string[], tables: readonly string[]): CanonicalResult {
  return { kind: 'key', key: digest128(canonical), canonical, rewrites, tables };
}
